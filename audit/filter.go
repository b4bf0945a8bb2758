package audit

import (
	"slices"
	"time"
)

// Filter selects entries. The zero value selects all, oldest first; every
// field that is set narrows the selection, and several values of one field
// mean any of them.
type Filter struct {
	Agents       []string
	Statuses     []Status
	TriggerTypes []TriggerType
	Environments []string
	RunIDs       []string

	// From and To bound the time of the trigger: From is included, To is not.
	// A zero time does not bound.
	From, To time.Time

	NewestFirst bool // order by position in the log, last first
	Limit       int  // at most so many entries; 0: all
}

// Match reports whether e is selected by everything in f but Limit.
func (f *Filter) Match(e *Entry) bool {
	return in(f.Agents, e.AgentName) &&
		in(f.Statuses, e.Status) &&
		in(f.TriggerTypes, e.TriggerType) &&
		in(f.Environments, e.Environment) &&
		in(f.RunIDs, e.RunID) &&
		(f.From.IsZero() || !e.TriggerAt.Before(f.From)) &&
		(f.To.IsZero() || e.TriggerAt.Before(f.To))
}

// in reports whether v is wanted by a field of a filter.
func in[T comparable](wanted []T, v T) bool {
	return len(wanted) == 0 || slices.Contains(wanted, v)
}
