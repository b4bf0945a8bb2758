package audit

import (
	"context"
	"fmt"
	"time"
)

// Gate decides whether a run may start, and stops runs that were admitted.
// The package that holds deployments, pauses and kills implements it; a
// recorder without a gate admits every run.
//
// Admit is called once for each run, before anything of it is recorded, with the
// context of whoever starts it. A nil error admits it; any error refuses it, and
// the refusal is recorded: its text, redacted. stop may be called at any time, also
// before Admit returns, from any goroutine, any number of times; the first call
// cancels the run's context, and those after its end change nothing. It waits for
// nothing.
//
// Leave is called once for each admitted run, after its end was recorded or
// could not be. Both are called from many goroutines at once.
type Gate interface {
	Admit(ctx context.Context, r Admission, stop func(Kill)) (Pass, error)
	Leave(runID string)
}

// Admission is the run that asks a [Gate] to be admitted.
type Admission struct {
	RunID        string
	AgentName    string
	AgentVersion string // empty: not stated
	Environment  string
	Trigger      Trigger
}

// Pass is what a [Gate] lets an entry say about the authority behind its run.
type Pass struct {
	Deployment string // the deployment that allowed the run; empty: none was needed
	Governance *Head  // the governance log that was consulted; nil: there is none
}

// Kill says who stopped a run.
type Kill struct {
	By          string    `json:"by"`             // a subject, such as alice@fund.com or service:ci
	Role        string    `json:"role,omitempty"` // in which role
	Reason      string    `json:"reason,omitempty"`
	RequestedAt time.Time `json:"requested_at"` // when the order was given
	EffectiveAt time.Time `json:"effective_at"` // when the run's context was cancelled; set by the recorder
}

// KillError is the cause of a killed run's context. It wraps [ErrKilled].
type KillError struct{ Kill Kill }

// Error names who stopped the run and why.
func (e *KillError) Error() string {
	if e.Kill.Reason == "" {
		return fmt.Sprintf("audit: run killed by %s", e.Kill.By)
	}
	return fmt.Sprintf("audit: run killed by %s: %s", e.Kill.By, e.Kill.Reason)
}

// Unwrap returns [ErrKilled].
func (e *KillError) Unwrap() error { return ErrKilled }
