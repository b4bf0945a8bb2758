package control

import (
	"context"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

// A Halt is an order that stops something: a pause or a kill. It is acted on first,
// and recorded if it can be.
type Halt struct {
	Run         string           `json:"run,omitempty"` // the run to kill; empty: this is a pause
	Agent       string           `json:"agent,omitempty"`
	Environment rbac.Environment `json:"environment"`
	At          time.Time        `json:"at"` // when it was ordered
	By          rbac.Subject     `json:"by"`
	Key         string           `json:"key"` // id of the key that signed
	Role        rbac.Role        `json:"role"`
	Reason      string           `json:"reason,omitempty"`

	// Index is that of its event in the governance log. Meaningful if Recorded.
	Index uint64 `json:"index"`
	// Recorded is false for an order that is not in the log, or not yet.
	Recorded bool `json:"recorded"`
}

// Pause keeps an agent from being triggered in an environment until
// [Control.Resume]. Runs that have begun go on. A paused agent stays paused by the
// order that paused it.
//
// If the order is allowed and cannot be recorded, as when the log is damaged, it
// holds all the same, in this process at once, in others when they look for orders
// that are not in the log. The error then wraps [ErrNotRecorded].
func (c *Control) Pause(ctx context.Context, agent string, env rbac.Environment, reason string) (Outcome, error) {
	out, _, err := c.give(ctx, &pauseOrder{Agent: agent, Environment: env}, reason)
	return out, err
}

// Resume ends a pause.
func (c *Control) Resume(ctx context.Context, agent string, env rbac.Environment, reason string) (Outcome, error) {
	out, _, err := c.give(ctx, &resumeOrder{Agent: agent, Environment: env}, reason)
	return out, err
}

// A Run is a run of an agent, as the audit log knows it.
type Run struct {
	ID          string           `json:"run_id"`               // required
	Agent       string           `json:"agent_name,omitempty"` // for the record; may be empty
	Environment rbac.Environment `json:"environment"`          // where it runs, and so what it takes to kill it; required
}

// Kill orders the end of a run: whatever process runs it cancels its context. Kill
// returns once the order is on disk and known to all watchers in this process; it
// does not wait for the end of the run.
//
// If the order is allowed and cannot be recorded, as when the log is damaged, it
// holds all the same, in this process at once, in others when they look for orders
// that are not in the log. The error then wraps [ErrNotRecorded].
func (c *Control) Kill(ctx context.Context, run Run, reason string) (Outcome, error) {
	out, _, err := c.give(ctx, &killOrder{Run: run.ID, Agent: run.Agent, Environment: run.Environment}, reason)
	return out, err
}

// Paused returns the pause of an agent in an environment, if it is paused there. It
// answers from what is known even if the log is damaged or cannot be read; the
// error then says so.
func (c *Control) Paused(ctx context.Context, agent string, env rbac.Environment) (h Halt, ok bool, err error) {
	err = c.refresh(ctx)
	c.known(func(s *state) { h, ok = s.paused[place{agent, env}] })
	return h, ok, err
}

// Pauses returns all pauses, ordered by agent and environment; see
// [Control.Paused].
func (c *Control) Pauses(ctx context.Context) (all []Halt, err error) {
	err = c.refresh(ctx)
	c.known(func(s *state) { all = sorted(s.paused) })
	return all, err
}

// Killed returns the order to kill a run, if there was one; see [Control.Paused].
func (c *Control) Killed(ctx context.Context, runID string) (h Halt, ok bool, err error) {
	err = c.refresh(ctx)
	c.known(func(s *state) {
		for _, env := range []rbac.Environment{rbac.Production, rbac.Staging, rbac.Sandbox} {
			if !ok {
				h, ok = s.killed[victim{runID, env}]
			}
		}
	})
	return h, ok, err
}

type pauseOrder struct {
	Agent       string           `json:"agent"`
	Environment rbac.Environment `json:"environment"`
}

func (o *pauseOrder) kind() string        { return kindPause }
func (o *pauseOrder) check() error        { return checkAgent(o.Agent, "0") }
func (o *pauseOrder) ask(r *rbac.Request) { r.Action, r.Environment = rbac.Pause, o.Environment }
func (o *pauseOrder) fit(*state) error    { return nil }
func (o *pauseOrder) stands(s *state, _ *rbac.Decision) (uint64, bool) {
	h, ok := s.paused[place{o.Agent, o.Environment}]
	return h.Index, ok && h.Recorded
}
func (o *pauseOrder) carry(s *state, e *event, d *rbac.Decision) {
	s.halt(e.halt(o.halt(), d))
}
func (o *pauseOrder) halt() Halt { return Halt{Agent: o.Agent, Environment: o.Environment} }

type resumeOrder struct {
	Agent       string           `json:"agent"`
	Environment rbac.Environment `json:"environment"`
}

func (o *resumeOrder) kind() string        { return kindResume }
func (o *resumeOrder) check() error        { return checkAgent(o.Agent, "0") }
func (o *resumeOrder) ask(r *rbac.Request) { r.Action, r.Environment = rbac.Resume, o.Environment }
func (o *resumeOrder) fit(*state) error    { return nil }
func (o *resumeOrder) stands(s *state, _ *rbac.Decision) (uint64, bool) {
	_, ok := s.paused[place{o.Agent, o.Environment}]
	return 0, !ok
}
func (o *resumeOrder) carry(s *state, e *event, d *rbac.Decision) {
	s.resumed[place{o.Agent, o.Environment}] = e.Size + 1
	s.resume(e.halt(Halt{Agent: o.Agent, Environment: o.Environment}, d))
}

type killOrder struct {
	Run         string           `json:"run"`
	Agent       string           `json:"agent,omitempty"`
	Environment rbac.Environment `json:"environment"`
}

func (o *killOrder) kind() string { return kindKill }
func (o *killOrder) check() error {
	if _, err := ident.Parse("run", o.Run); err != nil {
		return fmt.Errorf("%w: run: %w", ErrInvalid, err)
	}
	if o.Agent == "" {
		return nil
	}
	return checkAgent(o.Agent, "0")
}
func (o *killOrder) ask(r *rbac.Request) { r.Action, r.Environment = rbac.Kill, o.Environment }
func (o *killOrder) fit(*state) error    { return nil }
func (o *killOrder) stands(s *state, _ *rbac.Decision) (uint64, bool) {
	h, ok := s.killed[victim{o.Run, o.Environment}]
	return h.Index, ok && h.Recorded
}
func (o *killOrder) carry(s *state, e *event, d *rbac.Decision) {
	s.halt(e.halt(o.halt(), d))
}
func (o *killOrder) halt() Halt {
	return Halt{Run: o.Run, Agent: o.Agent, Environment: o.Environment}
}
