package archive

import (
	"sync"
	"time"
)

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: firstDay} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// polls returns once the forwarder has looked at its logs from the call on.
func polls(f *Forwarder) {
	for _, s := range f.senders {
		s.mu.Lock()
		until := s.attempts + 2 // one may be under way
		s.mu.Unlock()
		for {
			s.mu.Lock()
			done, changed := s.attempts >= until, s.changed
			s.mu.Unlock()
			if done {
				break
			}
			<-changed
		}
	}
}
