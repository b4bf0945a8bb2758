package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/internal/ident"
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

// Check returns an error that wraps [ErrInvalid] and names what there is, if f asks for
// a status, a trigger type or an environment that no entry has. Every [Reader] calls it:
// a misspelt filter would select nothing, and that nothing failed would be believed.
func (f *Filter) Check() error {
	for _, s := range f.Statuses {
		if !slices.Contains([]Status{Success, Partial, Failed}, s) {
			return unknown("status", string(s), "success, partial or failed")
		}
	}
	for _, t := range f.TriggerTypes {
		if !slices.Contains([]TriggerType{Schedule, Event, Webhook, Manual}, t) {
			return unknown("trigger type", string(t), "schedule, event, webhook or manual")
		}
	}
	for _, e := range f.Environments {
		if !slices.Contains([]string{"sandbox", "staging", "production"}, e) {
			return unknown("environment", e, "sandbox, staging or production")
		}
	}
	return nil
}

// unknown is the error for a value that is none of those known.
func unknown(what, got, known string) error {
	return fmt.Errorf("%w: filter: %s %q is not %s", ErrInvalid, what, ident.Text(got, 128), known)
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
