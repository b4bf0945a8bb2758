package audit

import (
	"context"

	"go.opentelemetry.io/otel/trace"
)

// Run is one execution of an agent, while it lasts. It is a light handle:
// there may be several on one run, each bound to the task and the context in
// which it was obtained, and all may be used from many goroutines at once.
//
// A nil *Run is valid and records nothing: its If still returns the condition,
// and its Task still calls the function.
//
// The methods that record return once the record has left the process, so
// that it survives SIGKILL; with [SyncEvery], once it is on disk. They report
// no errors: the first failure comes back from the end of the run. What is
// recorded after the end is kept in the log, flagged as late, and does not
// change the entry.
type Run struct {
	s    *state
	task *taskState      // nil: outside any task
	ctx  context.Context // that it was obtained with
	span trace.Span      // that decisions become events of; nil: it does not record
}

// ID returns the id of the run, run_ and 26 characters; empty for a nil run.
func (run *Run) ID() string {
	if run == nil {
		return ""
	}
	return run.s.draft.entry.RunID
}

// Alive reports whether the run may go on: not once it was killed, or its context
// is over for another reason, which [context.Cause] tells. It is for loops that
// have no context to wait on:
//
//	for run.Alive() && rows.Next() {
//
// It costs some nanoseconds. A nil run is alive.
func (run *Run) Alive() bool { return run == nil || run.s.ctx.Err() == nil }

// If records that the run took a branch, and returns taken:
//
//	if run.If("feed is stale", age > limit, audit.Value("age_minutes", age.Minutes())) {
//
// So the branch that is recorded is the branch that is taken. condition says
// what is asked, in the words of whoever will read the log, in at most 256
// bytes; values are what drove the answer. On a nil run, or with recording
// disabled, it costs about a nanosecond, and what it takes to make the values.
func (run *Run) If(condition string, taken bool, values ...Attr) bool {
	if run != nil && run.s.live {
		run.branch(condition, taken, values)
	}
	return taken
}

// Choose records a choice among named alternatives, and returns chosen:
//
//	switch run.Choose("route", pick(order), []string{"auto", "manual", "reject"}, audit.Value("amount", amount)) {
//
// alternatives are all there were; the record keeps those not taken. That chosen is
// none of them is not looked at: it is what the run did.
func (run *Run) Choose(condition, chosen string, alternatives []string, values ...Attr) string {
	if run != nil && run.s.live {
		run.choice(condition, chosen, alternatives, values)
	}
	return chosen
}

// Output states one result of the run, under a name. A name that was used
// before gets "#2" behind it, and so on, so that no output hides another.
func (run *Run) Output(name string, v any) {
	if run != nil && run.s.live {
		run.s.output(run, name, v)
	}
}

// Error records an error that the run met and lives with: a run that returns
// nil after it is [Partial]. A nil err is ignored. The error a task or the run
// returns is recorded by itself.
func (run *Run) Error(err error) {
	if run != nil && run.s.live && err != nil {
		run.s.fail(run, err, false)
	}
}

// Task invokes a skill: it records that it will, calls fn, records how that
// ended, and returns the error of fn. skill is a name such as
// data-freshness-check. ctx is the context of the run or one derived from it, and
// fn gets one derived from ctx, so that its deadline, its values and a kill of
// the run reach it. If ctx is that of a task, the new task is part of that one.
//
// An error of fn is also recorded as an error of the run, so that a run which
// ignores it is [Partial]. A panic in fn, and a call of [runtime.Goexit], are
// recorded and then go on.
//
// fn is not called if skill does not follow the grammar of names; the error,
// which wraps [ErrInvalid], is recorded. Nor is it once the run was killed; the
// error is then the [KillError]. On a nil run fn is called with ctx and a nil
// task, which is valid and records nothing.
func (run *Run) Task(ctx context.Context, skill string, fn func(ctx context.Context, t *Task) error) error {
	if run == nil {
		return fn(ctx, nil)
	}
	return run.s.invoke(run.in(ctx), skill, fn)
}

// in returns a handle bound to ctx and to the task that ctx is in, or to that of
// this handle if ctx is in none.
func (run *Run) in(ctx context.Context) *Run {
	task := run.task
	if within := FromContext(ctx); within != nil && within.s == run.s && within.task != nil {
		task = within.task
	}
	return run.s.handle(ctx, task)
}

// End ends a run that [Recorder.Start] began: it derives its status from err
// and from what happened, stores the entry, and returns what [Recorder.Do]
// describes, once the entry is stored for good. It is idempotent: later calls
// change nothing and return what the first returned. On a nil run it returns
// err.
func (run *Run) End(err error) error {
	if run == nil {
		return err
	}
	return run.s.end(err)
}
