package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// killing is the command line of flexor agents kill.
type killing struct {
	run    string
	reason string
	wait   time.Duration
	format string
}

// killCommand stops a run.
func (c *cli) killCommand() *cobra.Command {
	k := &killing{}
	cmd := &cobra.Command{
		Use:   "kill",
		Short: "Stop a run now, and wait until it has stopped",
		Long: `Stops a run now, whatever process runs it: its context is cancelled, and its
entry says who stopped it, in which role, why, and when it was asked for and
took effect. The command waits for the end of the run and says how long it took.

RUN is the id of a run, or at least 4 characters with which only that one begins
or ends. What is said of the reason in flexor agents pause --help holds here as
well.

The exit code is 0 only if the run has ended by then because of an order to kill
it. It is 1 if the run goes on: because it ignores its context, or because its
process hangs. It is 1 as well if there is nothing to stop, because the run has
ended by itself or its process is gone; and 3 for a run that this vault does not
know.`,
		Example: examples("flexor agents kill --run "+exampleRun, "flexor agents kill --run z3n5rd --reason drift --wait 1m"),
		Args:    noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&k.run, "run", "", "the `RUN` to stop")
	k.wait = 10 * time.Second
	addLength(cmd, &k.wait, "wait", "for how `LONG` to wait for the end of the run")
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := needed(cmd, "run"); err != nil {
			return err
		}
		if k.wait < 0 {
			return misuse("flexor agents kill --run "+k.run+" --wait 10s", "--wait %s: there is no negative time", k.wait)
		}
		k.reason, k.format = *reason, format.value
		return c.kill(cmd.Context(), k)
	}
	return cmd
}

// kill stops a run.
func (c *cli) kill(ctx context.Context, k *killing) error {
	q, err := parseRunQuery(k.run)
	if err != nil {
		return flagError("--run", err)
	}
	c.stops = true
	p, err := c.open()
	if err != nil {
		return err
	}
	a, err := c.actIn(ctx, p.cfg, control.Config{})
	if err != nil {
		return err
	}
	switch {
	case a.noKey != nil:
		err = a.keyless()
	case p.log == nil:
		err = c.notHere(ctx, q)
	default:
		err = a.failure(c.stop(ctx, a, p.log, q, k))
	}
	return errors.Join(err, a.Close())
}

// stop orders the end of a run, and waits for it.
func (c *cli) stop(ctx context.Context, a *actor, log *vault.Reader, q runQuery, k *killing) error {
	id := string(q)
	if !q.whole() {
		var err error
		if id, err = q.resolve(ctx, log); errors.Is(err, errNoRun) {
			return c.notHere(ctx, q)
		} else if err != nil {
			return err
		}
	}
	found, err := control.Find(ctx, log, id)
	if err != nil {
		return err
	}
	reason := c.reason(k.reason)
	if found.Fate == control.Running {
		reason = c.reasonToStop(ctx, k.reason, found.Run.Environment)
	}
	s, out, err := a.Stop(ctx, log, id, reason, k.wait)
	if err != nil && !unrecorded(err) {
		if out.Recorded && out.Decision.Allowed {
			c.note("note: the order to kill %s stands (event %d); nobody waits for it any more", id, out.Index)
		}
		return err
	}
	if s.Fate == control.Unknown {
		return c.neverRan(ctx, log, id)
	}
	if werr := c.writeStop(a, &s, out, k.format); werr != nil {
		return werr
	}
	return cmp.Or(notStopped(&s), a.held(err))
}

// stopped is the JSON form of what became of a run.
type stopped struct {
	RunID       string           `json:"run_id"`
	AgentName   string           `json:"agent_name"`
	Environment rbac.Environment `json:"environment"`
	Fate        control.Fate     `json:"fate"`
	PID         int              `json:"pid,omitempty"`
	Order       *ordered         `json:"order,omitempty"` // none: none was given
	Kill        *audit.Kill      `json:"kill,omitempty"`
	LatencyMS   *float64         `json:"latency_ms,omitempty"` // from the order to the cancelled context
	EndedMS     *float64         `json:"ended_ms,omitempty"`   // from the order to the end of the run
	Status      audit.Status     `json:"status,omitempty"`
	EndedBy     audit.EndedBy    `json:"ended_by,omitempty"`
	EndedAt     time.Time        `json:"ended_at,omitzero"`
}

// writeStop tells what became of a run.
func (c *cli) writeStop(a *actor, s *control.Stop, out control.Outcome, format string) error {
	r := stopped{RunID: s.Run.ID, AgentName: s.Run.Agent, Environment: s.Run.Environment, Fate: s.Fate, PID: s.PID, Kill: s.Kill}
	if out.Decision.Allowed {
		o := a.ordered(out, rbac.Kill)
		r.Order = &o
	}
	if e := s.Entry; e != nil {
		r.Status, r.EndedBy, r.EndedAt = e.Status, e.EndedBy, e.EndedAt
	}
	if s.Kill != nil {
		r.LatencyMS = milliseconds(s.Latency())
		if s.Entry != nil {
			r.EndedMS = milliseconds(s.Entry.EndedAt.Sub(s.Kill.RequestedAt))
		}
	}
	if format == "json" {
		return writeJSON(c.out, r, "  ")
	}
	if s.Fate != control.Stopped {
		return nil // the failure tells
	}
	text := fmt.Sprintf("%s of %s is stopped: its context was cancelled %s after the order, and it ended %s after it",
		s.Run.ID, s.Run.Agent, s.Latency().Round(10*time.Microsecond), s.Entry.EndedAt.Sub(s.Kill.RequestedAt).Round(10*time.Microsecond))
	if r.Order == nil {
		text = fmt.Sprintf("%s of %s was stopped before, at %s UTC, by %s; nothing was recorded", s.Run.ID, s.Run.Agent, clock(s.Kill.EffectiveAt), s.Kill.By)
	} else if r.Order.Event != nil {
		text += fmt.Sprintf(" (event %d, by %s as %s)", *r.Order.Event, r.Order.By, r.Order.Role)
	}
	_, err := fmt.Fprintln(c.out, printable(text))
	return err
}

func milliseconds(d time.Duration) *float64 {
	ms := float64(d.Microseconds()) / 1000
	return &ms
}

// notStopped returns the failure of a run that was not stopped, and nil for one that
// was.
func notStopped(s *control.Stop) error {
	switch s.Fate {
	case control.Stopped:
		return nil
	case control.Ended:
		return fail(exitFailed, "flexor explain "+s.Run.ID, "%s has ended by itself at %s UTC (%s), so there is nothing to stop", s.Run.ID, clock(s.Entry.EndedAt), s.Entry.Status)
	case control.Died:
		if s.Entry != nil {
			return fail(exitFailed, "flexor explain "+s.Run.ID, "%s ended with its process, which died, and was closed as interrupted: there is nothing to stop", s.Run.ID)
		}
		return fail(exitFailed, "flexor status closes its run as interrupted", "%s: its process %d is gone, and the run with it: there is nothing to stop", s.Run.ID, s.PID)
	}
	return fail(exitFailed, fmt.Sprintf("end the process: kill -9 %d, on the machine where it runs", s.PID), "%s", s)
}

// neverRan is the failure of a run that never began: it was refused, or is not known.
func (c *cli) neverRan(ctx context.Context, log *vault.Reader, id string) error {
	switch s, err := tell(ctx, log, id); {
	case errors.Is(err, errNoRun):
		return c.notHere(ctx, runQuery(id))
	case err != nil:
		return err
	default:
		return fail(exitFailed, "flexor explain "+id, "%s was not admitted, so there is nothing to stop: %s", id, s.refused)
	}
}

// notHere is the failure of a run that the vault does not know. A run of another
// vault that is known here is stopped there.
func (c *cli) notHere(ctx context.Context, q runQuery) error {
	unknown := fail(exitNotFound, "flexor runs lists the runs that can be stopped; --vault names another vault", "%w %q in this vault", errNoRun, string(q))
	if !q.whole() {
		return unknown
	}
	for _, dir := range knownVaults() {
		other := &cli{getenv: c.getenv, vault: dir}
		p, err := other.open()
		if err != nil || p.log == nil {
			continue
		}
		if s, err := control.Find(ctx, p.log, string(q)); err == nil && s.Fate != control.Unknown {
			return fail(exitNotFound, fmt.Sprintf("flexor agents kill --run %s --vault %s", string(q), dir),
				"%s is no run of this vault, but of the vault %s (%s)", string(q), p.cfg.Name, dir)
		}
	}
	return unknown
}
