package control

import (
	"errors"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

const (
	// foldFor is for how long a denial that is repeated is only counted.
	foldFor = time.Minute
	// foldAfter is how many different denials are recorded in that time; more are only
	// counted, or whoever asks for something else each time would fill the disk.
	foldAfter = 16
)

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
	// last is the denial that was recorded last, and counts those that were not because
	// there were too many. Zero: none. Guarded by mu.
	last repeats
}

// repeats are those of one denial.
type repeats struct {
	of    uint64    // index of the event of the first
	at    time.Time // when that was
	count int
	until time.Time // when the last was
	other bool      // they are of other denials, of the same actor
}

// counted counts a denial if the same was recorded not long ago, and reports false
// for one that is to be recorded.
func (n *denials) counted(d denial, at time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.known[d]
	if r == nil || !at.Before(r.at.Add(foldFor)) {
		if n.recent(at) < foldAfter {
			return false
		}
		r = &n.last
	}
	r.count++
	r.until = at
	return true
}

// recent returns how many denials were recorded not long before at. It is called by
// who holds mu.
func (n *denials) recent(at time.Time) (count int) {
	for _, r := range n.known {
		if at.Before(r.at.Add(foldFor)) {
			count++
		}
	}
	return count
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
	if n.last.count > 0 {
		n.due = append(n.due, n.last)
	}
	n.last = repeats{of: index, at: at, other: true}
}

// over removes and returns those whose first was recorded not later than at; zero:
// all.
func (n *denials) over(at time.Time) (out []repeats) {
	n.mu.Lock()
	defer n.mu.Unlock()
	out, n.due = n.due, nil
	if n.last.count > 0 && (at.IsZero() || !n.last.at.After(at)) {
		out = append(out, n.last)
		n.last.count = 0
	}
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
		errs = append(errs, c.note(kindRepeats, repeatsBody{r.of, r.count, r.until, r.other}))
	}
	return errors.Join(errs...)
}
