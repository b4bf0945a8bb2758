package control

import (
	"errors"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// foldFor is for how long a denial that is repeated is only counted.
const foldFor = time.Minute

// denial is what makes two denials the same: who asked for what, and why it was
// denied.
type denial struct {
	key   string // id of the key that was shown
	order string // kind of the order
	asked string // its body
	code  rbac.Code
}

// denials counts denials that are repeated, so that they do not flood the log. The
// zero value is ready for use.
type denials struct {
	mu    sync.Mutex
	known map[denial]*repeats // guarded by mu
	due   []repeats           // of denials that were recorded anew meanwhile; guarded by mu
}

// repeats are those of one denial.
type repeats struct {
	of    uint64    // index of the event of the first
	at    time.Time // when that was
	count int
	until time.Time // when the last was
}

// counted counts a denial if the same was recorded not long ago, and reports false
// for one that is to be recorded.
func (n *denials) counted(d denial, at time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.known[d]
	if r == nil || !at.Before(r.at.Add(foldFor)) {
		return false
	}
	r.count++
	r.until = at
	return true
}

// recorded notes that a denial was recorded.
func (n *denials) recorded(d denial, index uint64, at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = map[denial]*repeats{}
	}
	if old := n.known[d]; old != nil && old.count > 0 {
		n.due = append(n.due, *old)
	}
	n.known[d] = &repeats{of: index, at: at, until: at}
}

// over removes and returns those whose first was recorded not later than at; zero:
// all.
func (n *denials) over(at time.Time) (out []repeats) {
	n.mu.Lock()
	defer n.mu.Unlock()
	out, n.due = n.due, nil
	for d, r := range n.known {
		if at.IsZero() || !r.at.After(at) {
			delete(n.known, d)
			if r.count > 0 {
				out = append(out, *r)
			}
		}
	}
	return out
}

// recordRepeats records how often those denials were repeated whose first was
// recorded not later than at; zero: all.
func (c *Control) recordRepeats(at time.Time) error {
	var errs []error
	for _, r := range c.denials.over(at) {
		errs = append(errs, c.note(kindRepeats, repeatsBody{r.of, r.count, r.until}))
	}
	return errors.Join(errs...)
}
