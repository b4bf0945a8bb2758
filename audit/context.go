package audit

import (
	"context"

	"go.opentelemetry.io/otel/trace"
)

// runKey is the key of the current [Run] in a context.
type runKey struct{}

// FromContext returns the run that ctx belongs to, or nil if it belongs to
// none; a nil *Run is valid and records nothing, so nobody needs to check.
// Inside a task, what the returned run records belongs to that task.
func FromContext(ctx context.Context) *Run {
	if ctx == nil {
		return nil
	}
	run, _ := ctx.Value(runKey{}).(*Run)
	// Comparing is safe: run.ctx holds a pointer, whatever ctx holds.
	if run == nil || run.ctx == ctx {
		return run
	}
	return run.s.handle(ctx, run.task)
}

// attach returns a handle on the run for a task (nil: for none), together with
// a context that carries it.
func (s *state) attach(ctx context.Context, t *taskState) *Run {
	run := s.handle(ctx, t)
	run.ctx = context.WithValue(ctx, runKey{}, run)
	return run
}

// handle returns a handle on the run that is bound to ctx.
func (s *state) handle(ctx context.Context, t *taskState) *Run {
	run := &Run{s: s, task: t, ctx: ctx}
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		run.span = span
	}
	return run
}
