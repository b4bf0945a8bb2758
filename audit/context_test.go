package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

type ctxKey struct{}

func TestFromContextIsBoundToTheTask(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		return run.Task(ctx, "outer", func(ctx context.Context, _ *audit.Task) error {
			ctx = context.WithValue(ctx, ctxKey{}, "deep")
			deep := audit.FromContext(ctx)
			assert.Equal(t, run.ID(), deep.ID())
			deep.If("taken deep in the stack", true)
			deep.Output("o", 1)
			return deep.Task(ctx, "inner", func(ctx context.Context, _ *audit.Task) error {
				assert.Equal(t, "deep", ctx.Value(ctxKey{}), "a task keeps the values of the context it was started from")
				audit.FromContext(ctx).If("deeper", true)
				return nil
			})
		})
	}))
	e := rec.Entry()
	rec.Tasks("outer", "inner")
	assert.Zero(t, e.Tasks[0].Parent)
	assert.Equal(t, e.Tasks[0].Seq, e.Tasks[1].Parent)
	assert.Equal(t, "outer", e.Decisions[0].Skill)
	assert.Equal(t, "inner", e.Decisions[1].Skill)
	for _, r := range rec.Records() {
		if r.Kind == audit.KindOutput {
			assert.Equal(t, "outer", member(t, r, "skill"))
		}
	}
}

func TestNestedRunsNameTheirParent(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, rec.Do(t.Context(), "outer", manual, func(ctx context.Context, outer *audit.Run) error {
		assert.Equal(t, 1, rec.Running())
		return outer.Task(ctx, "delegate", func(ctx context.Context, _ *audit.Task) error {
			return rec.Do(ctx, "inner", manual, func(ctx context.Context, inner *audit.Run) error {
				assert.Equal(t, 2, rec.Running())
				assert.Same(t, inner, audit.FromContext(ctx))
				inner.If("of the inner run", true)
				return nil
			})
		})
	}))
	inner, outer := rec.Entries()[0], rec.Entries()[1]
	assert.Equal(t, outer.RunID, inner.ParentRunID)
	assert.Empty(t, outer.ParentRunID)
	assert.Empty(t, outer.Decisions)
	assert.Len(t, inner.Decisions, 1)
	assert.Zero(t, inner.Decisions[0].Task, "the task is one of the outer run")
}

// One run is used from many goroutines. Nothing is lost or told twice, and the
// entry stands behind all that it holds.
func TestConcurrentUse(t *testing.T) {
	rec := newRecorder(t)
	const workers, rounds = 64, 10
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range rounds {
					_ = run.Task(ctx, "work", func(ctx context.Context, task *audit.Task) error {
						task.Input("worker", w)
						audit.FromContext(ctx).If("even", i%2 == 0, audit.Value("i", i))
						task.Error(fmt.Errorf("w%d i%d", w, i))
						return nil
					})
				}
				run.Output("done", w)
			})
		}
		wg.Wait()
		return nil
	}))
	e := rec.Entry()
	assert.Equal(t, audit.Partial, e.Status)
	require.Nil(t, e.Omitted)
	assert.Len(t, e.Tasks, workers*rounds)
	assert.Len(t, e.Decisions, workers*rounds)
	assert.Len(t, e.Errors, workers*rounds)
	assert.Len(t, e.Outputs, workers)
	for i := 1; i < len(e.Decisions); i++ {
		require.Less(t, e.Decisions[i-1].Seq, e.Decisions[i].Seq)
	}
	records := rec.Records()
	assert.Equal(t, audit.KindRun, records[len(records)-1].Kind)
}

// Records that are written while the run ends are either in the entry, and
// then before it in the log, or late.
func TestRecordsRacingWithTheEnd(t *testing.T) {
	for range 50 {
		rec := newRecorder(t)
		_, run, err := rec.Start(t.Context(), "feed", manual)
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 5 {
					run.If("racing", true)
				}
			})
		}
		wg.Go(func() { assert.NoError(t, run.End(nil)) })
		wg.Wait()
		before, ended := 0, false
		for _, r := range rec.Records() {
			switch r.Kind {
			case audit.KindRun:
				ended = true
			case audit.KindDecision:
				if member(t, r, "late") != true {
					require.False(t, ended, "the entry holds it, and stands before it")
					before++
				}
			}
		}
		assert.Len(t, rec.Entry().Decisions, before)
	}
}

func TestDeniedTask(t *testing.T) {
	rec := newRecorder(t)
	err := do(t, rec, func(ctx context.Context, run *audit.Run) error {
		return run.Task(ctx, "trade", func(context.Context, *audit.Task) error {
			return fmt.Errorf("no right to trade: %w", audit.ErrDenied)
		})
	})
	require.ErrorIs(t, err, audit.ErrDenied)
	assert.Equal(t, audit.Denied, rec.Entry().Tasks[0].Outcome)
	assert.Contains(t, rec.Entry().Tasks[0].Error, "no right to trade")
}

func TestInputsAndOutputsOnlyWhenIncluded(t *testing.T) {
	for _, include := range []bool{false, true} {
		rec := newRecorder(t, func(c *audit.Config) { c.IncludeInputs, c.IncludeOutputs = include, include })
		require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
			run.Output("always", 1)
			return run.Task(ctx, "a", func(_ context.Context, task *audit.Task) error {
				task.Input("i", 1)
				task.Output("o", 2)
				return nil
			})
		}))
		rec.Output("always", 1)
		assert.Equal(t, include, rec.Entry().Tasks[0].Inputs.Get("i") != nil)
		assert.Equal(t, include, rec.Entry().Tasks[0].Outputs.Get("o") != nil)
	}
}

// The caller's context may end in the middle; what is recorded after it must
// be stored all the same.
func TestRecordingIgnoresCancellation(t *testing.T) {
	sink := new(ctxSink)
	rec, err := audit.New(sink, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), ctxKey{}, "kept"))
	err = rec.Do(ctx, "feed", manual, func(ctx context.Context, run *audit.Run) error {
		cancel()
		run.If("a", true)
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, audit.ErrNotRecorded)
	assert.Equal(t, 3, sink.n)
}

// ctxSink refuses what comes with a context that is over, as a network client would.
type ctxSink struct{ n int }

func (s *ctxSink) Append(ctx context.Context, _ audit.Batch) error {
	s.n++
	if ctx.Value(ctxKey{}) != "kept" {
		return errors.New("the context has lost its values")
	}
	return ctx.Err()
}

func (s *ctxSink) Close() error { return nil }
