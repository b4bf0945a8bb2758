package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/flexorhq/flexor-go/internal/ident"
)

// Task is one invocation of a skill inside a [Run], while it lasts. What is
// said of a Run holds for it too: it may be used from many goroutines, records
// durably, and is valid and silent when it is nil.
type Task struct{ run *Run }

// handle returns the run's handle bound to the task.
func (t *Task) handle() *Run {
	if t == nil {
		return nil
	}
	return t.run
}

// Alive reports whether the run of the task may go on; see [Run.Alive].
func (t *Task) Alive() bool { return t.handle().Alive() }

// If records a branch taken inside the task; see [Run.If].
func (t *Task) If(condition string, taken bool, values ...Attr) bool {
	if t != nil && t.run.s.live {
		t.run.branch(condition, taken, values)
	}
	return taken
}

// Choose records a choice made inside the task; see [Run.Choose].
func (t *Task) Choose(condition, chosen string, alternatives []string, values ...Attr) string {
	return t.handle().Choose(condition, chosen, alternatives, values...)
}

// Error records an error the task met and lives with; see [Run.Error].
func (t *Task) Error(err error) { t.handle().Error(err) }

// Task invokes a skill inside the task; see [Run.Task].
func (t *Task) Task(ctx context.Context, skill string, fn func(ctx context.Context, t *Task) error) error {
	return t.handle().Task(ctx, skill, fn)
}

// Input keeps a value the task was given, if [Config.IncludeInputs] is set. It
// is written with the end of the task.
func (t *Task) Input(name string, v any) {
	if t != nil && t.run.s.live && t.run.s.rec.cfg.IncludeInputs {
		t.run.s.keep(t.run.task, &t.run.task.inputs, "tasks.inputs", name, v)
	}
}

// Output keeps a value the task came to, if [Config.IncludeOutputs] is set. It
// is written with the end of the task. What the run as a whole came to is said
// with [Run.Output].
func (t *Task) Output(name string, v any) {
	if t != nil && t.run.s.live && t.run.s.rec.cfg.IncludeOutputs {
		t.run.s.keep(t.run.task, &t.run.task.outputs, "tasks.outputs", name, v)
	}
}

// maxTaskValues is the size in bytes of the inputs, and of the outputs, that
// one task keeps. Both fit into one record.
const maxTaskValues = 384 << 10

// taskState is what the recorder knows of a task. The mutex of the run guards
// everything below it.
type taskState struct {
	seq     int
	skill   string
	parent  *taskState
	started time.Time // with its monotonic reading
	span    trace.Span

	slot            int // in the draft; negative: omitted
	inputs, outputs valueSet
	redacted        []Redaction // in the inputs and outputs
	met             []error     // errors already recorded in the task or below it
}

// invoke is [Run.Task] on a run that is not nil.
func (s *state) invoke(run *Run, skill string, fn func(context.Context, *Task) error) error {
	if err := ident.Name(skill); err != nil {
		err = fmt.Errorf("audit: task: %w: skill %w", ErrInvalid, err)
		run.Error(err)
		return err
	}
	if err := s.killed(); err != nil {
		return err
	}
	if !s.live {
		return fn(run.ctx, &Task{run})
	}
	bound := s.beginTask(run, skill)
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			s.endTask(bound, newCrash(ByPanic, v))
			panic(v)
		}
		s.endTask(bound, newCrash(ByGoexit, nil))
	}()
	err := fn(bound.ctx, &Task{bound})
	returned = true
	s.endTask(bound, err)
	return err
}

// beginTask records that a skill will be invoked, and returns the handle to
// use inside.
func (s *state) beginTask(run *Run, skill string) *Run {
	t := &taskState{skill: skill, parent: run.task, slot: -1, started: s.rec.now()}
	t.inputs.limit, t.outputs.limit = maxTaskValues, maxTaskValues
	line := taskLine{Kind: KindTask, RunID: s.id(), At: stamp(t.started), Phase: phaseStart, Skill: skill}
	if t.parent != nil {
		line.Parent = t.parent.seq
	}
	late := s.enter(func(seq int, late bool) {
		t.seq, line.Seq, line.Task, line.Late = seq, seq, seq, late
		if !late {
			t.slot = s.draft.beginTask(TaskResult{
				Seq: seq, Skill: skill, StartedAt: line.At, Outcome: Unknown, Parent: line.Parent,
			})
		}
	})
	s.write(KindTask, &line, late)
	ctx := run.ctx
	ctx, t.span = s.rec.startTaskSpan(ctx, s.id(), t)
	return s.attach(ctx, t)
}

// endTask records how a task ended, and its error if it has not been recorded
// on the way up.
func (s *state) endTask(run *Run, err error) {
	t, now := run.task, s.rec.now()
	ms := between(t.started, now)
	line := taskLine{
		Kind: KindTask, RunID: s.id(), At: stamp(now), Phase: phaseEnd, Task: t.seq, Skill: t.skill,
		Outcome: OK, DurationMS: &ms,
	}
	if t.parent != nil {
		line.Parent = t.parent.seq
	}
	var message string
	var found []Redaction
	if err != nil {
		line.Outcome = Errored
		if is(err, ErrDenied) {
			line.Outcome = Denied
		}
		if !s.hasMet(t, err) {
			s.fail(run, err, false)
		}
		message, found = s.rec.message("tasks.error", err)
		line.Error = message
	}
	if s.killed() != nil {
		line.Outcome = Unknown // what it did before it was stopped, nobody knows
	}
	late := s.enter(func(seq int, late bool) {
		line.Seq, line.Late = seq, late
		line.Inputs, line.Outputs = t.inputs.take(), t.outputs.take()
		line.Redactions = append(found, t.redacted...)
		s.meet(t.parent, t.met...) // who invoked the task may return the same error
		if !late {
			s.draft.redacted(line.Redactions)
			s.draft.endTask(t.slot, line.result())
		}
	})
	s.write(KindTask, &line, late)
	endSpan(t.span, line.Outcome == Errored || line.Outcome == Denied, err, message)
}

// keep adds an input or output to a task.
func (s *state) keep(t *taskState, set *valueSet, field, name string, v any) {
	named, found := s.rec.value(field, name, v)
	s.mu.Lock()
	defer s.mu.Unlock()
	set.add(named)
	t.redacted = merge(t.redacted, found)
}

// maxMet bounds the errors that are remembered for a run and for each task,
// only to recognise one that is returned again.
const maxMet = 64

// hasMet reports whether err, or one it wraps, was already recorded in the
// task (nil: in the run) or below it.
func (s *state) hasMet(t *taskState, err error) bool {
	s.mu.Lock()
	met := s.met
	if t != nil {
		met = t.met
	}
	s.mu.Unlock()
	for _, m := range met {
		if is(err, m) {
			return true
		}
	}
	return false
}

// meet remembers recorded errors, the latest of them. The run's mutex is held.
func (s *state) meet(t *taskState, errs ...error) {
	met := &s.met
	if t != nil {
		met = &t.met
	}
	*met = append(*met, errs...)
	if n := len(*met) - maxMet; n > 0 {
		*met = (*met)[n:] // hasMet may still read the others
	}
}

// is is [errors.Is] for errors of others, whose Is and Unwrap methods may
// panic.
func is(err, target error) (same bool) {
	defer func() {
		if recover() != nil {
			same = false
		}
	}()
	return errors.Is(err, target)
}
