package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// A Fate is what is known to have become of a run.
type Fate string

// The fates of runs.
const (
	// Unknown: the audit log does not know the run. It is of another vault, or of none.
	Unknown Fate = "unknown"
	// Running: it has begun, and has not ended.
	Running Fate = "running"
	// Ended: it ended otherwise than by an order, perhaps before there was one.
	Ended Fate = "ended"
	// Stopped: it was killed, and has ended.
	Stopped Fate = "stopped"
	// Ignored: its context was cancelled, but the agent does not mind and goes on.
	Ignored Fate = "ignored"
	// Unheard: its process lives, but did not act on the order: it hangs, or its runs
	// have another gate.
	Unheard Fate = "unheard"
	// Died: its process is gone, and the run with it. Its entry is written by whoever
	// opens the vault for recording next.
	Died Fate = "died"
)

// A Stop is what became of a run that was ordered to end.
type Stop struct {
	Run
	Fate Fate `json:"fate"`
	// PID is the process of the run, for people. Zero: it is not known, as of runs that
	// have ended.
	PID int `json:"pid,omitempty"`
	// Kill is the order, as the run obeyed it. Nil: it did not.
	Kill *audit.Kill `json:"kill,omitempty"`
	// Entry is that of the run. Nil: it has none.
	Entry *audit.Entry `json:"entry,omitempty"`

	begun uint64 // index of its start in the audit log, of one that has not ended
}

// Latency is the time from the order to the cancelling of the run's context. Zero: it
// was not cancelled by an order.
func (s *Stop) Latency() time.Duration {
	if s.Kill == nil {
		return 0
	}
	return max(0, s.Kill.EffectiveAt.Sub(s.Kill.RequestedAt))
}

// String says it in one sentence.
func (s *Stop) String() string {
	after := s.Latency().Round(time.Microsecond)
	switch s.Fate {
	case Running:
		return fmt.Sprintf("%s is running", s.Run.ID)
	case Ended:
		return fmt.Sprintf("%s has ended (%s) without being killed", s.Run.ID, s.Entry.Status)
	case Stopped:
		return fmt.Sprintf("%s was stopped %s after the order by %s", s.Run.ID, after, s.Kill.By)
	case Ignored:
		return fmt.Sprintf("%s is not stopped: its context was cancelled %s after the order, but the agent goes on without minding it (process %d)", s.Run.ID, after, s.PID)
	case Unheard:
		return fmt.Sprintf("%s is not stopped: its process %d lives, but does not act on the order: it hangs, or was given another gate", s.Run.ID, s.PID)
	case Died:
		return fmt.Sprintf("%s ended with its process, which is dead", s.Run.ID)
	}
	return fmt.Sprintf("%s is not known in this vault", s.Run.ID)
}

// Find says what the audit log that r reads knows of a run: that it is [Running],
// [Ended], [Stopped] or [Died], or is [Unknown].
func Find(ctx context.Context, r *vault.Reader, runID string) (Stop, error) {
	open, err := r.Running(ctx)
	if err != nil {
		return Stop{}, err
	}
	for _, o := range open {
		if o.RunID != runID {
			continue
		}
		s := Stop{Run: Run{runID, o.AgentName, rbac.Environment(o.Environment)}, Fate: Running, PID: o.PID, begun: o.Position}
		if o.Dead {
			s.Fate = Died
		}
		return s, nil
	}
	for e, err := range r.Entries(ctx, audit.Filter{RunIDs: []string{runID}, NewestFirst: true, Limit: 1}) {
		if err != nil {
			return Stop{}, err
		}
		s := Stop{Run: Run{ID: runID}}
		s.end(e)
		return s, nil
	}
	return Stop{Run: Run{ID: runID}, Fate: Unknown}, nil
}

// end notes the entry of the run.
func (s *Stop) end(e audit.Entry) {
	s.Run.Agent, s.Run.Environment = e.AgentName, rbac.Environment(e.Environment)
	s.Entry, s.Kill = &e, e.Kill
	switch {
	case e.EndedBy == audit.ByInterrupted:
		s.Fate = Died
	case e.EndedBy == audit.ByKill && e.Kill != nil:
		s.Fate = Stopped
	default:
		s.Fate = Ended
	}
}

// Stop kills a run, see [Control.Kill], and waits until it has ended, but no longer
// than wait; it then says what the run did instead. r reads the vault's audit log.
//
// A run that is [Ended], [Stopped] or [Unknown] before there is an order is not
// ordered to end; the Outcome is then zero. For one whose process is gone the order
// is given all the same, and not waited for. The error is that of the order, or
// of reading the audit log; an order that holds and could not be recorded is waited for
// too.
func (c *Control) Stop(ctx context.Context, r *vault.Reader, runID, reason string, wait time.Duration) (Stop, Outcome, error) {
	head, err := r.Head()
	if err != nil {
		return Stop{}, Outcome{}, err
	}
	s, err := Find(ctx, r, runID)
	if err != nil || s.Fate != Running && (s.Fate != Died || s.Entry != nil) {
		return s, Outcome{}, err
	}
	out, err := c.Kill(ctx, s.Run, reason)
	if err != nil && !errors.Is(err, ErrNotRecorded) || s.Fate == Died {
		return s, out, err
	}
	from := head.Size
	if out.Repeated {
		from = s.begun // what the run made of the order before is in the log already
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return s, out, errors.Join(err, s.await(ctx, r, from))
}

// errDied ends the waiting for a run whose process is gone.
var errDied = errors.New("control: the process is gone")

// lifeEvery is how often it is looked whether the process of a run is still there.
const lifeEvery = 200 * time.Millisecond

// await follows the audit log from a record on, until the run has ended or ctx has.
func (s *Stop) await(ctx context.Context, r *vault.Reader, from uint64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		awaitDeath(ctx, r, s.Run.ID, cancel)
	}()
	defer func() {
		cancel(nil)
		<-checked
	}()
	s.Fate = Unheard
	id := []byte(s.Run.ID)
	for rec, err := range r.Tail(ctx, from) {
		if err != nil {
			return err
		}
		if !bytes.Contains(rec.Line, id) {
			continue
		}
		if err := s.saw(rec); err != nil {
			return err
		}
		if s.Entry != nil {
			return nil
		}
	}
	switch err := context.Cause(ctx); {
	case errors.Is(err, errDied):
		s.Fate = Died
	case !errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return nil
}

// saw takes note of a record that may be of the run.
func (s *Stop) saw(rec vault.Record) error {
	line, err := audit.DecodeLine(rec.Line)
	if err != nil || line.RunID != s.Run.ID {
		return err
	}
	switch line.Kind {
	case audit.KindKill:
		s.Fate, s.Kill = Ignored, new(audit.Kill)
		return json.Unmarshal(rec.Line, s.Kill)
	case audit.KindRun:
		e, err := audit.DecodeEntry(rec.Line)
		if err != nil {
			return err
		}
		e.Position = rec.Index
		s.end(e)
	}
	return nil
}

// awaitDeath calls found once the process of a run is gone, until ctx is over.
func awaitDeath(ctx context.Context, r *vault.Reader, runID string, found context.CancelCauseFunc) {
	tick := time.NewTicker(lifeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		open, err := r.Running(ctx)
		if err != nil {
			if ctx.Err() == nil {
				found(err)
			}
			return
		}
		for _, o := range open {
			if o.RunID == runID && o.Dead {
				found(errDied)
				return
			}
		}
	}
}
