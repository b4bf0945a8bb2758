package main

import "fmt"

// Period is a span of days with both its ends.
type Period struct {
	From Day `json:"from"`
	To   Day `json:"to"`
}

// String returns the period as people write it.
func (p Period) String() string { return fmt.Sprintf("%s to %s", p.From, p.To) }

// has reports whether a day lies in the period.
func (p Period) has(d Day) bool { return p.From <= d && d <= p.To }

// covers reports whether all of another period lies in this one.
func (p Period) covers(q Period) bool { return p.has(q.From) && p.has(q.To) }
