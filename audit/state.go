package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/flexorhq/flexor-go/internal/ident"
)

// idPrefix is the prefix of the TypeIDs of runs.
const idPrefix = "run"

// state is a run in flight: what all its handles share.
type state struct {
	rec     *Recorder
	live    bool // false: recording is disabled
	ctx     context.Context
	cancel  context.CancelCauseFunc
	store   context.Context // what the sink gets: the values of ctx, without its end
	root    *Run            // the handle outside any task
	span    trace.Span      // the run's own; nil: it has none
	told    sync.Once       // of a kill
	unwatch func() bool     // ends the wait for a kill; nil: nothing is recorded

	started time.Time // with its monotonic reading

	// inflight counts the appends that belong before the entry. It only grows
	// while mu is held and ended is false.
	inflight sync.WaitGroup

	// mu guards what follows. It is never held while a sink, a redactor or a
	// value's method is called, all of which may be slow or call back.
	mu      sync.Mutex
	seq     int   // of the last record
	ended   bool  // what comes now is late
	failure error // the first failed append
	met     []error
	draft   draft // the ids and names in its entry never change and need no lock
	repeats repeats

	once   sync.Once
	result error // of End; written in once
}

// id returns the run's id.
func (s *state) id() string { return s.draft.entry.RunID }

// prepare checks who wants to run and why, and asks the gate.
func (r *Recorder) prepare(ctx context.Context, agent string, t Trigger) (*state, error) {
	now := r.now()
	name, version, err := splitAgent(agent)
	if err != nil {
		return nil, err
	}
	if t, err = t.complete(now); err != nil {
		return nil, err
	}
	id := r.cfg.NewID()
	if _, err := ident.Parse(idPrefix, id); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	s := &state{rec: r, live: r.sink != nil, started: now, store: context.WithoutCancel(ctx)}
	s.draft.init(Entry{
		Kind: KindRun, Schema: Schema,
		RunID: id, AgentName: name, AgentVersion: version, Vault: r.cfg.Vault, Environment: r.cfg.Environment,
		TriggerType: t.Type, TriggerAt: t.At, TriggeredBy: t.By,
		StartedAt: stamp(now),
	})
	s.draft.entry.TraceID, s.draft.entry.SpanID = spanIDs(ctx)
	if parent := FromContext(ctx); parent != nil && parent.s.live {
		s.draft.entry.ParentRunID = parent.ID()
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	if r.cfg.Gate == nil {
		return s, nil
	}
	pass, err := r.cfg.Gate.Admit(ctx, Admission{
		RunID: id, AgentName: name, AgentVersion: version, Environment: r.cfg.Environment, Trigger: t,
	}, s.stop)
	if err != nil {
		s.cancel(nil)
		return nil, s.refuse(err)
	}
	s.draft.entry.Deployment = ident.Text(pass.Deployment, maxName)
	if h := pass.Governance; h != nil {
		s.draft.entry.Governance = &Head{Size: h.Size, Root: ident.Text(h.Root, maxName)}
	}
	return s, nil
}

// splitAgent takes name@version apart and checks both.
func splitAgent(agent string) (name, version string, err error) {
	name, version, versioned := strings.Cut(agent, "@")
	if err := ident.Name(name); err != nil {
		return "", "", fmt.Errorf("%w: agent name %w", ErrInvalid, err)
	}
	if versioned {
		if err := ident.Version(version); err != nil {
			return "", "", fmt.Errorf("%w: agent version %w", ErrInvalid, err)
		}
	}
	return name, version, nil
}

// refuse records that the gate did not admit the run, and returns the error of
// Start.
func (s *state) refuse(reason error) error {
	err := fmt.Errorf("%w: %w", ErrRefused, reason)
	if !s.live {
		return err
	}
	line := s.startLine(KindRefused)
	line.Reason, line.Redactions = s.rec.message("reason", reason)
	s.write(KindRefused, &line, true)
	if s.failure != nil {
		return errors.Join(err, s.failure)
	}
	return err
}

// begin records the start of an admitted run. If that fails there is no run.
func (s *state) begin() (*Run, error) {
	s.rec.running.Add(1)
	if !s.live {
		s.root = s.attach(s.ctx, nil)
		return s.root, nil
	}
	var ctx context.Context
	ctx, s.span = s.rec.startRunSpan(s.ctx, &s.draft.entry)
	s.draft.entry.TraceID, s.draft.entry.SpanID = spanIDs(ctx)
	line := s.startLine(KindStart)
	line.Writer = s.rec.cfg.Writer
	s.write(KindStart, &line, true)
	if s.failure != nil {
		endSpan(s.span, true, s.failure, ErrNotRecorded.Error())
		s.leave()
		return nil, s.failure
	}
	s.root = s.attach(ctx, nil)
	s.unwatch = context.AfterFunc(s.ctx, s.stopped)
	return s.root, nil
}

// startLine is the record of a run that starts or is refused.
func (s *state) startLine(kind Kind) startLine {
	e := &s.draft.entry
	return startLine{
		Kind: kind, RunID: e.RunID, At: e.StartedAt, Schema: e.Schema,
		Vault: e.Vault, Environment: e.Environment, AgentName: e.AgentName, AgentVersion: e.AgentVersion,
		TriggerType: e.TriggerType, TriggerAt: e.TriggerAt, TriggeredBy: e.TriggeredBy, ParentRunID: e.ParentRunID,
		Deployment: e.Deployment, Governance: e.Governance, TraceID: e.TraceID, SpanID: e.SpanID,
	}
}

// stop ends the run early, on behalf of the gate. Only the first cause of a
// context counts, so later calls, and calls after the end, change nothing.
//
// It waits for nothing: what is written of the kill is redacted when it is.
func (s *state) stop(k Kill) {
	k.By, k.Role, k.Reason = ident.Text(k.By, maxName), ident.Text(k.Role, maxName), ident.Text(k.Reason, maxRead)
	k.RequestedAt, k.EffectiveAt = stamp(k.RequestedAt), stamp(s.rec.now())
	s.cancel(&KillError{Kill: k})
}

// stopped records that the run was told to stop, once: as soon as its context is
// cancelled, or one that ignores it could not be told from one that nobody reached;
// at the latest before its entry. It runs beside the run, so that a gate, which has
// others to stop, does not wait for the sink.
func (s *state) stopped() { s.told.Do(s.recordKill) }

func (s *state) recordKill() {
	kill, found := s.kill(s.killed())
	if kill == nil {
		return
	}
	line := killLine{Kind: KindKill, RunID: s.id(), At: stamp(s.rec.now()), Kill: kill, Redactions: found}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return // the entry says it
	}
	s.seq++
	line.Seq = s.seq
	s.inflight.Add(1)
	s.mu.Unlock()
	s.write(KindKill, &line, false)
}

// kill returns what is written of a kill, if cause is one, and what was redacted in
// it.
func (s *state) kill(cause error) (*Kill, []Redaction) {
	k := killOf(cause)
	if k == nil {
		return nil, nil
	}
	out := *k
	var found []Redaction
	out.Reason, found = s.rec.text("kill.reason", k.Reason, maxReason, nil)
	return &out, found
}

// killOf returns who is behind a kill, if err says so. Methods of errors of others
// may panic.
func killOf(err error) *Kill {
	defer func() { _ = recover() }()
	var kill *KillError
	if !errors.As(err, &kill) {
		return nil
	}
	return &kill.Kill
}

// killed returns the cause of the run's context if that is a kill. It may have
// been inherited from the run that this one runs in.
func (s *state) killed() error {
	if s.ctx.Err() == nil {
		return nil
	}
	if cause := context.Cause(s.ctx); is(cause, ErrKilled) {
		return cause
	}
	return nil
}

// enter gives the next record its number, and calls put with it under the
// run's lock. Every call is followed by one of write with what it returned.
func (s *state) enter(put func(seq int, late bool)) (late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	late = s.ended
	if !late {
		s.inflight.Add(1)
	}
	put(s.seq, late)
	return late
}

// write appends one record. One that is not late holds up the entry until it
// is appended.
func (s *state) write(kind Kind, line any, late bool) {
	if !late {
		defer s.inflight.Done()
	}
	if err := s.append(kind, line); err != nil {
		s.broke(err)
	}
}

// append encodes and stores one record.
func (s *state) append(kind Kind, line any) error {
	buf, err := s.rec.encode(line)
	if err != nil {
		return err
	}
	defer s.rec.free(buf)
	return s.rec.store(s.store, buf.record(kind, s.id()), false)
}

// broke keeps the first failure of the run, and reports it.
func (s *state) broke(err error) {
	s.mu.Lock()
	first := s.failure == nil
	if first {
		s.failure = notRecorded(s.id(), err)
	}
	s.mu.Unlock()
	if first {
		e := &s.draft.entry
		s.rec.cfg.Logger.ErrorContext(s.store, "audit: record not stored",
			"run_id", e.RunID, "agent_name", e.AgentName, "err", err)
	}
}

// output records an output of the run.
func (s *state) output(run *Run, name string, v any) {
	named, found := s.rec.value("outputs", name, v)
	line := outputLine{Kind: KindOutput, RunID: s.id(), At: stamp(s.rec.now()), Redactions: found}
	line.Task, line.Skill = run.place()
	late := s.enter(func(seq int, late bool) {
		line.Seq, line.Late = seq, late
		line.Name, line.Value = named.Name, named.JSON
		if !late {
			line.Name = s.draft.output(named)
			s.draft.redacted(found)
		}
	})
	s.write(KindOutput, &line, late)
}

// fail records an error that the run met; final: the one it returned.
func (s *state) fail(run *Run, err error, final bool) {
	e := ErrorEvent{At: stamp(s.rec.now())}
	if c, ok := err.(crash); ok {
		e.Kind = string(c.by)
	}
	e.Task, e.Skill = run.place()
	var found []Redaction
	e.Message, found = s.rec.message("errors.message", err)
	line := errorLine{
		Kind: KindError, RunID: s.id(), At: e.At, Task: e.Task, Skill: e.Skill,
		Message: e.Message, ErrorKind: e.Kind, Redactions: found,
	}
	late := s.enter(func(seq int, late bool) {
		e.Seq, line.Seq, line.Late = seq, seq, late
		s.meet(run.task, err)
		if !late {
			if final {
				s.draft.final(e)
			} else {
				s.draft.failed(e)
			}
			s.draft.redacted(found)
		}
	})
	s.write(KindError, &line, late)
}

// place returns the number and the skill of the handle's task; zero outside any.
func (run *Run) place() (int, string) {
	if run.task == nil {
		return 0, ""
	}
	return run.task.seq, run.task.skill
}

// end ends the run, once.
func (s *state) end(err error) error {
	s.once.Do(func() { s.result = s.finish(err) })
	return s.result
}

// finish derives how the run ended, stores its entry and returns the run's error.
func (s *state) finish(err error) error {
	defer s.leave()
	by, cause := s.ending(err)
	if !s.live {
		return s.verdict(err, by, cause)
	}
	if err != nil && !s.hasMet(nil, err) {
		s.fail(s.root, err, true)
	}
	if by == ByKill {
		s.stopped()
	}
	s.flushRepeats()
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.inflight.Wait() // so that nothing of the entry stands behind it in the log
	now := s.rec.now()

	kill, found := s.kill(cause)
	s.mu.Lock()
	s.draft.redacted(found)
	entry := s.draft.finish(by, stamp(now), between(s.started, now))
	s.mu.Unlock()
	entry.Kill = kill
	record, rerr := entry.Record()
	if rerr == nil {
		rerr = s.rec.store(s.store, []Record{record}, true)
	}
	if rerr != nil {
		s.broke(rerr)
	}
	endRunSpan(s.span, entry, err)
	s.mu.Lock()
	failure := s.failure
	s.mu.Unlock()
	return join(s.verdict(err, by, cause), failure)
}

// ending says what brought the run to its end, and for the end of a context
// its cause. The order is that of certainty: whoever killed the run knows it
// better than the error the agent made of it.
func (s *state) ending(err error) (EndedBy, error) {
	if cause := s.killed(); cause != nil {
		return ByKill, cause
	}
	if c, ok := err.(crash); ok {
		return c.by, nil
	}
	switch s.ctx.Err() {
	case nil:
	case context.DeadlineExceeded:
		return ByTimeout, context.Cause(s.ctx)
	default:
		return ByCancel, context.Cause(s.ctx)
	}
	if err != nil {
		return ByError, nil
	}
	return ByReturn, nil
}

// verdict returns the run's error: the agent's own, with what it hides.
func (s *state) verdict(err error, by EndedBy, cause error) error {
	switch {
	case by == ByKill && !is(err, ErrKilled):
		return join(err, cause)
	case err == nil && (by == ByCancel || by == ByTimeout):
		if end := s.ctx.Err(); !is(cause, end) {
			return fmt.Errorf("audit: run %s: %w: %w", s.id(), end, cause)
		}
		return fmt.Errorf("audit: run %s: %w", s.id(), cause)
	}
	return err
}

// leave lets go of everything that a run holds.
func (s *state) leave() {
	if s.unwatch != nil {
		s.unwatch()
	}
	s.cancel(nil)
	if s.rec.cfg.Gate != nil {
		s.rec.cfg.Gate.Leave(s.id())
	}
	s.rec.running.Add(-1)
}

// join is [errors.Join], but one error stays what it is.
func join(err, more error) error {
	switch {
	case more == nil:
		return err
	case err == nil:
		return more
	}
	return errors.Join(err, more)
}
