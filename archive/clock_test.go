package archive

import (
	"sync"
	"time"
)

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
	// looks counts how often it was asked, so that tests know that somebody looked.
	looks int
}

func newClock() *clock { return &clock{at: firstDay} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// polls returns once the forwarder has looked at its logs twice since the call.
func polls(f *Forwarder) error {
	for _, s := range f.senders {
		for range 2 {
			s.mu.Lock()
			changed := s.changed
			s.mu.Unlock()
			<-changed
		}
	}
	return nil
}
