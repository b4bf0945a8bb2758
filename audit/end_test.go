package audit_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
)

func TestPanicIsRecordedAndGoesOn(t *testing.T) {
	own := &struct{ a int }{1}
	for name, v := range map[string]any{
		"string": "boom", "error": errors.New("boom"), "pointer": own,
		"stringer": time.Second, "hostile": panicky{}, "cycle": cyclicMap(),
	} {
		t.Run(name, func(t *testing.T) {
			rec := newRecorder(t)
			func() {
				defer func() {
					got := recover()
					if name != "cycle" { // maps cannot be compared
						assert.Equal(t, v, got)
					}
				}()
				_ = do(t, rec, func(context.Context, *audit.Run) error { panic(v) })
			}()
			e := rec.Entry()
			assert.Equal(t, audit.Failed, e.Status)
			assert.Equal(t, audit.ByPanic, e.EndedBy)
			require.Len(t, e.Errors, 1)
			assert.Equal(t, "panic", e.Errors[0].Kind)
			assert.Contains(t, e.Errors[0].Message, "panic: ")
			assert.Zero(t, rec.Running())
		})
	}
}

func TestPanicInTasksIsOneError(t *testing.T) {
	rec := newRecorder(t)
	assert.PanicsWithValue(t, "boom", func() {
		_ = do(t, rec, func(ctx context.Context, run *audit.Run) error {
			return run.Task(ctx, "outer", func(_ context.Context, task *audit.Task) error {
				return task.Task(ctx, "inner", func(context.Context, *audit.Task) error { panic("boom") })
			})
		})
	})
	e := rec.Entry()
	assert.Equal(t, audit.ByPanic, e.EndedBy)
	require.Len(t, e.Errors, 1)
	assert.Equal(t, "inner", e.Errors[0].Skill)
	assert.Equal(t, "panic: boom", e.Errors[0].Message)
	assert.Equal(t, audit.Errored, e.Tasks[0].Outcome)
	assert.Equal(t, audit.Errored, e.Tasks[1].Outcome)
	assert.Equal(t, "panic: boom", e.Tasks[1].Error)
}

func TestPanicTheAgentRecoversFromMakesItPartial(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		for range 2 {
			func() {
				defer func() { _ = recover() }()
				_ = run.Task(ctx, "risky", func(context.Context, *audit.Task) error { panic("boom") })
			}()
		}
		return nil
	}))
	rec.Status(audit.Partial)
	rec.Errors("boom", "boom")
}

func TestGoexitIsRecordedAndGoesOn(t *testing.T) {
	rec := newRecorder(t)
	var wg sync.WaitGroup
	returned := false
	wg.Go(func() {
		_ = do(t, rec, func(ctx context.Context, run *audit.Run) error {
			return run.Task(ctx, "quits", func(context.Context, *audit.Task) error {
				runtime.Goexit()
				return nil
			})
		})
		returned = true
	})
	wg.Wait()
	assert.False(t, returned)
	e := rec.Entry()
	assert.Equal(t, audit.Failed, e.Status)
	assert.Equal(t, audit.ByGoexit, e.EndedBy)
	require.Len(t, e.Errors, 1)
	assert.Equal(t, "goexit", e.Errors[0].Kind)
}

func TestKill(t *testing.T) {
	own := errors.New("own")
	for name, tc := range map[string]struct{ returns error }{
		"returns nil":            {nil},
		"returns its own":        {own},
		"returns the context's":  {context.Canceled},
		"returns the kill":       {&audit.KillError{}},
		"panics, as nobody told": {errPanics},
	} {
		t.Run(name, func(t *testing.T) {
			gate := new(fakeGate)
			rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
			asked := time.Date(2026, 4, 30, 13, 59, 0, 0, time.UTC)
			var err error
			func() {
				defer func() { _ = recover() }()
				err = do(t, rec, func(ctx context.Context, run *audit.Run) error {
					return run.Task(ctx, "long", func(ctx context.Context, _ *audit.Task) error {
						gate.kill(run.ID(), audit.Kill{By: "alice@fund.com", Role: "operator", Reason: "wrong prices", RequestedAt: asked})
						gate.kill(run.ID(), audit.Kill{By: "late@fund.com"})
						<-ctx.Done()
						assert.ErrorIs(t, context.Cause(ctx), audit.ErrKilled)
						if tc.returns == errPanics {
							panic("ignored the kill")
						}
						return tc.returns
					})
				})
				require.ErrorIs(t, err, audit.ErrKilled)
				var kill *audit.KillError
				require.ErrorAs(t, err, &kill)
				if tc.returns != nil {
					require.ErrorIs(t, err, tc.returns)
				}
				if errors.Is(tc.returns, audit.ErrKilled) {
					require.Equal(t, tc.returns, err, "an error that says it all is not added to")
				}
			}()
			e := rec.Entry()
			assert.Equal(t, audit.Failed, e.Status)
			assert.Equal(t, audit.ByKill, e.EndedBy)
			require.NotNil(t, e.Kill)
			assert.Equal(t, "alice@fund.com", e.Kill.By)
			assert.Equal(t, "operator", e.Kill.Role)
			assert.Equal(t, "wrong prices", e.Kill.Reason)
			assert.Equal(t, asked, e.Kill.RequestedAt)
			assert.True(t, e.Kill.EffectiveAt.After(e.StartedAt) && e.Kill.EffectiveAt.Before(e.EndedAt))
			assert.Equal(t, audit.Unknown, e.Tasks[0].Outcome, "what it did before it was stopped, nobody knows")
			assert.Len(t, gate.left, 1)
		})
	}
}

var errPanics = errors.New("panics")

func TestKilledRunStartsNoTask(t *testing.T) {
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
	err := do(t, rec, func(ctx context.Context, run *audit.Run) error {
		gate.kill(run.ID(), audit.Kill{By: "alice@fund.com"})
		return run.Task(ctx, "trade", func(context.Context, *audit.Task) error {
			t.Error("a killed run traded")
			return nil
		})
	})
	require.ErrorIs(t, err, audit.ErrKilled)
	assert.Empty(t, rec.Entry().Tasks)
}

// A run that is stopped while it is being admitted never calls its agent.
func TestKillBeforeTheStart(t *testing.T) {
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
	gate.admit = func(a audit.Admission) (audit.Pass, error) {
		gate.stops[a.RunID](audit.Kill{By: "alice@fund.com"})
		return audit.Pass{}, nil
	}
	err := rec.Do(t.Context(), "feed", manual, func(context.Context, *audit.Run) error {
		t.Error("the agent was called")
		return nil
	})
	require.ErrorIs(t, err, audit.ErrKilled)
	assert.Equal(t, audit.ByKill, rec.Entry().EndedBy)
}

// A context may be cancelled with ErrKilled by someone who is no gate.
func TestKillWithoutAGate(t *testing.T) {
	rec := newRecorder(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	err := rec.Do(ctx, "feed", manual, func(context.Context, *audit.Run) error {
		cancel(fmt.Errorf("drill: %w", audit.ErrKilled))
		return nil
	})
	require.ErrorIs(t, err, audit.ErrKilled)
	assert.Equal(t, audit.ByKill, rec.Entry().EndedBy)
	assert.Nil(t, rec.Entry().Kill)
}

func TestKillAfterTheEndChangesNothing(t *testing.T) {
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
	var id string
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		id = run.ID()
		return nil
	}))
	gate.kill(id, audit.Kill{By: "alice@fund.com"})
	rec.Status(audit.Success)
}

// A kill of the outer run reaches the inner one, and both say so.
func TestKillReachesNestedRuns(t *testing.T) {
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
	err := rec.Do(t.Context(), "outer", manual, func(ctx context.Context, outer *audit.Run) error {
		return rec.Do(ctx, "inner", manual, func(ctx context.Context, _ *audit.Run) error {
			gate.kill(outer.ID(), audit.Kill{By: "alice@fund.com"})
			<-ctx.Done()
			return nil
		})
	})
	require.ErrorIs(t, err, audit.ErrKilled)
	for _, e := range rec.Entries() {
		assert.Equal(t, audit.ByKill, e.EndedBy, e.AgentName)
		assert.Equal(t, "alice@fund.com", e.Kill.By)
	}
}

func TestCancelAndTimeout(t *testing.T) {
	own := errors.New("own")
	custom := errors.New("shutting down")
	for name, tc := range map[string]struct {
		with    func(ctx context.Context) (context.Context, context.CancelFunc)
		returns error
		by      audit.EndedBy
		is      error
	}{
		"canceled, nil":    {canceled(nil), nil, audit.ByCancel, context.Canceled},
		"canceled, error":  {canceled(nil), own, audit.ByCancel, own},
		"canceled, cause":  {canceled(custom), nil, audit.ByCancel, custom},
		"timeout, nil":     {expired, nil, audit.ByTimeout, context.DeadlineExceeded},
		"timeout, wrapped": {expired, fmt.Errorf("read: %w", context.DeadlineExceeded), audit.ByTimeout, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			rec := newRecorder(t)
			ctx, cancel := tc.with(t.Context())
			defer cancel()
			err := rec.Do(ctx, "feed", manual, func(ctx context.Context, run *audit.Run) error {
				run.If("recorded all the same", true)
				return tc.returns
			})
			require.ErrorIs(t, err, tc.is, "a failed run is never a nil error")
			e := rec.Entry()
			if tc.returns == nil {
				require.ErrorContains(t, err, e.RunID)
			} else {
				require.Equal(t, tc.returns, err, "an error that says it all is not added to")
			}
			assert.Equal(t, audit.Failed, e.Status)
			assert.Equal(t, tc.by, e.EndedBy)
			assert.Len(t, e.Decisions, 1)
		})
	}
}

func canceled(cause error) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(cause)
		return ctx, func() {}
	}
}

func expired(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, time.Unix(0, 0))
}

// A deadline that passes while the agent works, by a fake clock.
func TestTimeoutOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(audittest.Sink)
		rec, err := audit.New(sink, nil)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = rec.Do(ctx, "feed", manual, func(ctx context.Context, _ *audit.Run) error {
			<-ctx.Done()
			time.Sleep(1500 * time.Millisecond)
			return nil
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		records := sink.Records()
		checkRecords(t, records)
		e, err := audit.DecodeEntry(records[len(records)-1].JSON)
		require.NoError(t, err)
		assert.Equal(t, audit.ByTimeout, e.EndedBy)
		assert.EqualValues(t, 61_500, e.DurationMS)
	})
}

func TestStatusIsDerived(t *testing.T) {
	own := errors.New("own")
	fails := func(err error) func(context.Context, *audit.Task) error {
		return func(context.Context, *audit.Task) error { return err }
	}
	for name, tc := range map[string]struct {
		fn     func(run *audit.Run) error
		status audit.Status
		errors []string
	}{
		"nothing":          {func(*audit.Run) error { return nil }, audit.Success, nil},
		"nil error":        {func(run *audit.Run) error { run.Error(nil); return nil }, audit.Success, nil},
		"recorded error":   {func(run *audit.Run) error { run.Error(own); return nil }, audit.Partial, []string{"own"}},
		"swallowed":        {func(run *audit.Run) error { _ = run.Task(t.Context(), "a", fails(own)); return nil }, audit.Partial, []string{"own"}},
		"returned":         {func(run *audit.Run) error { return run.Task(t.Context(), "a", fails(own)) }, audit.Failed, []string{"own"}},
		"returned wrapped": {func(run *audit.Run) error { return fmt.Errorf("x: %w", run.Task(t.Context(), "a", fails(own))) }, audit.Failed, []string{"own"}},
		"another returned": {func(run *audit.Run) error { _ = run.Task(t.Context(), "a", fails(own)); return errors.New("other") }, audit.Failed, []string{"own", "other"}},
		"same twice": {func(run *audit.Run) error {
			_ = run.Task(t.Context(), "a", fails(own))
			return run.Task(t.Context(), "b", fails(own))
		}, audit.Failed, []string{"own", "own"}},
		"nested": {func(run *audit.Run) error {
			return run.Task(t.Context(), "a", func(ctx context.Context, t *audit.Task) error { return t.Task(ctx, "b", fails(own)) })
		}, audit.Failed, []string{"own"}},
		"nested swallowed, then returned": {func(run *audit.Run) error {
			_ = run.Task(t.Context(), "a", func(ctx context.Context, t *audit.Task) error { t.Error(own); return nil })
			return own
		}, audit.Failed, []string{"own"}},
		"hostile errors": {func(run *audit.Run) error { run.Error(panickyError{}); return panickyError{} }, audit.Failed, []string{"panicked"}},
		"bad skill":      {func(run *audit.Run) error { _ = run.Task(t.Context(), "a b", nil); return nil }, audit.Partial, []string{"invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			rec := newRecorder(t)
			_ = do(t, rec, func(ctx context.Context, run *audit.Run) error { return tc.fn(run) })
			rec.Status(tc.status)
			rec.Errors(tc.errors...)
		})
	}
}

func TestEndIsIdempotent(t *testing.T) {
	rec := newRecorder(t)
	ctx, run, err := rec.Start(t.Context(), "feed", manual)
	require.NoError(t, err)
	assert.Same(t, run, audit.FromContext(ctx))
	first := errors.New("first")
	var wg sync.WaitGroup
	assert.Same(t, first, run.End(first))
	for range 8 {
		wg.Go(func() { assert.Same(t, first, run.End(nil)) })
	}
	wg.Wait()
	assert.ErrorIs(t, ctx.Err(), context.Canceled, "the context of a run ends with it")
	rec.Status(audit.Failed)
}

func TestTaskInFlightAtTheEndIsUnknown(t *testing.T) {
	rec := newRecorder(t)
	_, run, err := rec.Start(t.Context(), "feed", manual)
	require.NoError(t, err)
	require.NoError(t, run.Task(t.Context(), "forgotten", func(context.Context, *audit.Task) error {
		return run.End(nil)
	}))
	e := rec.Entry()
	assert.Equal(t, audit.Unknown, e.Tasks[0].Outcome)
	assert.Equal(t, audit.Success, e.Status)
}

func TestLateRecordsAreKeptAndFlagged(t *testing.T) {
	rec := newRecorder(t)
	var late *audit.Run
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		late = run
		return nil
	}))
	before := rec.Entry()
	assert.True(t, late.If("too late", true))
	late.Output("o", 1)
	late.Error(errors.New("e"))
	assert.NoError(t, late.Task(t.Context(), "t", func(context.Context, *audit.Task) error { return nil }))
	records := rec.Records()
	assert.Equal(t, []string{"start", "run", "decision", "output", "error", "task", "task"}, kinds(records))
	for _, r := range records[2:] {
		assert.Equal(t, true, member(t, r, "late"))
	}
	assert.Equal(t, before, rec.Entry())
}
