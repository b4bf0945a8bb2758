package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
)

func TestDoRecordsARun(t *testing.T) {
	rec := newRecorder(t, func(c *audit.Config) { c.Writer = "host-1.42" })
	due := time.Date(2026, 4, 30, 14, 0, 0, 123456789, time.FixedZone("CEST", 2*3600))
	trigger := audit.Trigger{Type: audit.Schedule, At: due, By: "cron"}
	err := rec.Do(t.Context(), "feed-monitor@1.4.2", trigger, func(ctx context.Context, run *audit.Run) error {
		assert.Equal(t, 1, rec.Running())
		err := run.Task(ctx, "data-freshness-check", func(_ context.Context, task *audit.Task) error {
			task.Input("feed", "equity-prices")
			assert.True(t, task.If("feed is stale", true, audit.Value("age_minutes", 95.5)))
			task.Output("rows", 3)
			return nil
		})
		assert.Equal(t, "notify", run.Choose("route", "notify", []string{"ignore", "notify", "halt"}))
		run.Output("stale", true)
		return err
	})
	require.NoError(t, err)
	assert.Zero(t, rec.Running())

	e := rec.Entry()
	assert.Equal(t, "feed-monitor", e.AgentName)
	assert.Equal(t, "1.4.2", e.AgentVersion)
	assert.Equal(t, "test", e.Vault)
	assert.Equal(t, "sandbox", e.Environment)
	assert.Equal(t, audit.Schedule, e.TriggerType)
	assert.Equal(t, time.Date(2026, 4, 30, 12, 0, 0, 123456000, time.UTC), e.TriggerAt)
	assert.Equal(t, "cron", e.TriggeredBy)
	assert.Equal(t, audit.ByReturn, e.EndedBy)
	assert.Equal(t, e.EndedAt.Sub(e.StartedAt).Milliseconds(), e.DurationMS)
	assert.Positive(t, e.DurationMS)
	rec.Status(audit.Success)
	rec.Tasks("data-freshness-check")
	rec.Decision("feed is stale", "true", audit.Value("age_minutes", 95.5))
	rec.Decision("route", "notify")
	rec.Output("stale", true)
	rec.Errors()

	require.Len(t, e.Tasks, 1)
	task := e.Tasks[0]
	assert.Equal(t, audit.OK, task.Outcome)
	assert.JSONEq(t, `"equity-prices"`, string(task.Inputs.Get("feed")))
	assert.JSONEq(t, `3`, string(task.Outputs.Get("rows")))
	assert.Equal(t, task.Seq, e.Decisions[0].Task)
	assert.Equal(t, "data-freshness-check", e.Decisions[0].Skill)
	assert.Equal(t, []string{"false"}, e.Decisions[0].Alternatives)
	assert.Zero(t, e.Decisions[1].Task)
	assert.Equal(t, []string{"ignore", "halt"}, e.Decisions[1].Alternatives)

	records := rec.Records()
	assert.Equal(t, []string{"start", "task", "decision", "task", "decision", "output", "run"}, kinds(records))
	assert.Equal(t, "host-1.42", member(t, records[0], "writer"))
	assert.Equal(t, "start", member(t, records[1], "phase"))
	assert.Nil(t, member(t, records[1], "duration_ms"))
	assert.Equal(t, "end", member(t, records[3], "phase"))
	assert.Equal(t, "ok", member(t, records[3], "outcome"))
	assert.Equal(t, float64(task.Seq), member(t, records[3], "task"))
	assert.Equal(t, len(records), rec.Sink.Synced(), "the end waits for the disk")
}

// Do must not touch an agent's error when there is nothing to add.
func TestDoReturnsTheVeryErrorOfTheAgent(t *testing.T) {
	want := errors.New("feed is gone")
	rec := newRecorder(t)
	err := do(t, rec, func(context.Context, *audit.Run) error { return want })
	assert.Same(t, want, err)
	rec.Status(audit.Failed)
	rec.Errors("feed is gone")
	assert.Equal(t, audit.ByError, rec.Entry().EndedBy)
}

func TestDoRefusesWhatHasNoName(t *testing.T) {
	ok := func(context.Context, *audit.Run) error { t.Error("the agent was called"); return nil }
	for name, call := range map[string]struct {
		agent   string
		trigger audit.Trigger
	}{
		"no name":         {"", manual},
		"space":           {"feed monitor", manual},
		"personal":        {"alice@fund.com feed", manual},
		"too long":        {strings.Repeat("a", 129), manual},
		"homoglyph":       {"feеd", manual}, // the third letter is Cyrillic
		"empty version":   {"feed@", manual},
		"version":         {"feed@1 2", manual},
		"trigger type":    {"feed", audit.Trigger{Type: "cron"}},
		"bidi principal":  {"feed", audit.Trigger{By: "alice\u202e"}},
		"control":         {"feed", audit.Trigger{By: "a\nb"}},
		"long principal":  {"feed", audit.Trigger{By: strings.Repeat("a", 257)}},
		"unwritable time": {"feed", audit.Trigger{At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}},
	} {
		t.Run(name, func(t *testing.T) {
			rec := newRecorder(t, func(c *audit.Config) { c.Gate = new(fakeGate) })
			err := rec.Do(t.Context(), call.agent, call.trigger, ok)
			require.ErrorIs(t, err, audit.ErrInvalid)
			assert.Empty(t, rec.Records())
			assert.Less(t, len(err.Error()), 500)
		})
	}
	t.Run("run id", func(t *testing.T) {
		rec := newRecorder(t, func(c *audit.Config) { c.NewID = func() string { return "../../etc" } })
		require.ErrorIs(t, rec.Do(t.Context(), "feed", manual, ok), audit.ErrInvalid)
	})
}

func TestNewRefusesBadSettings(t *testing.T) {
	for name, cfg := range map[string]audit.Config{
		"environment": {Environment: "prod"},
		"vault":       {Vault: "../x"},
		"writer":      {Writer: "a b"},
		"sync":        {Sync: 9},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := audit.New(new(audittest.Sink), &cfg)
			require.ErrorIs(t, err, audit.ErrInvalid)
		})
	}
}

// sharedSink is one that has a name for its process.
type sharedSink struct{ audittest.Sink }

func (*sharedSink) Writer() string { return "wrt_of_the_sink" }

func TestWriterOfTheSink(t *testing.T) {
	for own, want := range map[string]string{"": "wrt_of_the_sink", "mine": "mine"} {
		sink := new(sharedSink)
		rec, err := audit.New(sink, &audit.Config{Writer: own})
		require.NoError(t, err)
		require.NoError(t, rec.Do(t.Context(), "feed", manual, func(context.Context, *audit.Run) error { return nil }))
		line, err := audit.DecodeLine(sink.Records()[0].JSON)
		require.NoError(t, err)
		assert.Equal(t, want, line.Writer)
	}
}

func TestStartNotRecordedMeansNotRun(t *testing.T) {
	broken := errors.New("disk full")
	gate := new(fakeGate)
	rec := newRecorder(t, func(c *audit.Config) { c.Gate = gate })
	rec.Sink.Fail = func(audit.Batch) error { return broken }
	err := rec.Do(t.Context(), "feed", manual, func(context.Context, *audit.Run) error {
		t.Error("the agent was called")
		return nil
	})
	require.ErrorIs(t, err, audit.ErrNotRecorded)
	require.ErrorIs(t, err, broken)
	assert.Zero(t, rec.Running())
	assert.Len(t, gate.left, 1, "an admitted run that did not start has left")
}

// A sink may store a record and still report a failure. For the start that is
// not enough to run: the agent's caller was told that it was not recorded.
func TestStartReportedLostMeansNotRun(t *testing.T) {
	rec := newRecorder(t)
	rec.Sink.Fail = func(audit.Batch) error { return audittest.ErrStored }
	err := rec.Do(t.Context(), "feed", manual, func(context.Context, *audit.Run) error {
		t.Error("the agent was called")
		return nil
	})
	require.ErrorIs(t, err, audit.ErrNotRecorded)
	assert.Equal(t, []string{"start"}, kinds(rec.Records()))
}

func TestFirstFailureSticksAndIsReportedOnce(t *testing.T) {
	for name, stored := range map[string]bool{"lost": false, "stored but reported lost": true} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			first, agents := errors.New("first failure"), errors.New("agent's own")
			failures := 0
			rec := newRecorderUnchecked(t, func(c *audit.Config) {
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			})
			rec.Sink.Fail = func(b audit.Batch) error {
				if b.Records[0].Kind != audit.KindDecision {
					return nil
				}
				failures++
				err := errors.New("later failure")
				if failures == 1 {
					err = first
				}
				if stored {
					return errors.Join(err, audittest.ErrStored)
				}
				return err
			}
			err := do(t, rec, func(ctx context.Context, run *audit.Run) error {
				for range 3 {
					assert.True(t, run.If("goes on", true))
				}
				return agents
			})
			require.ErrorIs(t, err, audit.ErrNotRecorded)
			require.ErrorIs(t, err, first)
			require.ErrorIs(t, err, agents)
			assert.NotContains(t, err.Error(), "later failure")
			assert.Equal(t, 1, strings.Count(log.String(), "record not stored"))
			assert.Contains(t, log.String(), "first failure")
			assert.Len(t, rec.Entry().Decisions, 3, "the entry still tells what happened")
		})
	}
}

// newRecorderUnchecked is for tests that lose records on purpose.
func newRecorderUnchecked(tb testing.TB, options ...func(*audit.Config)) *audittest.Recorder {
	tb.Helper()
	return audittest.New(tb, options...)
}

// Every single record of a run is lost once, in both ways. The run's error must
// always say so, and the agent's own must always be found.
func TestAnyLostRecordIsAnErrorOfTheRun(t *testing.T) {
	agents := errors.New("agent's own")
	for _, stored := range []bool{false, true} {
		for k := 1; k < 8; k++ { // 0 is the start
			n := 0
			rec := newRecorderUnchecked(t)
			rec.Sink.Fail = func(audit.Batch) error {
				if n++; n-1 != k {
					return nil
				}
				if stored {
					return audittest.ErrStored
				}
				return errors.New("lost")
			}
			err := do(t, rec, func(ctx context.Context, run *audit.Run) error {
				_ = run.Task(ctx, "a", func(_ context.Context, task *audit.Task) error {
					task.If("b", true)
					return nil
				})
				run.Output("c", 1)
				run.Error(errors.New("d"))
				return agents
			})
			require.Equal(t, 8, n, "start, task, decision, task, output, error, error, run")
			require.ErrorIs(t, err, audit.ErrNotRecorded, "record %d", k)
			require.ErrorIs(t, err, agents, "record %d", k)
		}
	}
}

func TestSyncEveryMakesEveryRecordWait(t *testing.T) {
	for mode, want := range map[audit.SyncMode]int{audit.SyncGroup: 1, audit.SyncEvery: 4} {
		rec := newRecorder(t, func(c *audit.Config) { c.Sync = mode })
		synced := 0
		rec.Sink.Fail = func(b audit.Batch) error {
			if b.Sync {
				synced++
			}
			return nil
		}
		require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
			run.If("a", true)
			run.Output("b", 1)
			return nil
		}))
		assert.Equal(t, want, synced)
	}
}

// A clock that is out of its mind costs the times, not the record.
func TestClockBeyondWhatCanBeWritten(t *testing.T) {
	rec := newRecorderUnchecked(t, func(c *audit.Config) {
		c.Now = func() time.Time { return time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC) }
	})
	due := audit.Trigger{At: time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC)}
	require.NoError(t, rec.Do(t.Context(), "feed", due, func(ctx context.Context, run *audit.Run) error {
		run.If("a", true)
		return nil
	}))
	assert.True(t, rec.Entry().StartedAt.IsZero())
	rec.Status(audit.Success)
}

func TestClose(t *testing.T) {
	rec := newRecorder(t)
	_, run, err := rec.Start(t.Context(), "feed", manual)
	require.NoError(t, err)
	require.NoError(t, rec.Close())
	require.NoError(t, rec.Close())
	run.If("after close", true)
	err = run.End(nil)
	require.ErrorIs(t, err, audit.ErrNotRecorded)
	require.ErrorIs(t, err, audit.ErrClosed)
	_, _, err = rec.Start(t.Context(), "feed", manual)
	require.ErrorIs(t, err, audit.ErrClosed)
	err = rec.Do(t.Context(), "feed", manual, nil)
	require.ErrorIs(t, err, audit.ErrClosed)
}

// A caller who assigns what Start returns to its own ctx can still use that.
func TestStartThatFailsReturnsItsContext(t *testing.T) {
	refusing := func(c *audit.Config) {
		c.Gate = &fakeGate{admit: func(audit.Admission) (audit.Pass, error) { return audit.Pass{}, errors.New("not now") }}
	}
	closed, refused, broken := newRecorder(t), newRecorder(t, refusing), newRecorder(t)
	require.NoError(t, closed.Close())
	broken.Sink.Fail = func(audit.Batch) error { return errors.New("disk full") }
	for _, tc := range []struct {
		rec   *audittest.Recorder
		agent string
		want  error
	}{
		{closed, "feed", audit.ErrClosed},
		{newRecorder(t), "not a name", audit.ErrInvalid},
		{refused, "feed", audit.ErrRefused},
		{broken, "feed", audit.ErrNotRecorded},
	} {
		own := t.Context()
		ctx, run, err := tc.rec.Start(own, tc.agent, manual)
		require.ErrorIs(t, err, tc.want)
		assert.Equal(t, own, ctx)
		assert.Nil(t, run)
	}
}

func TestDisabledRecorder(t *testing.T) {
	gate := new(fakeGate)
	rec, err := audit.New(nil, &audit.Config{Gate: gate})
	require.NoError(t, err)
	own := errors.New("own")
	err = rec.Do(t.Context(), "feed", manual, func(ctx context.Context, run *audit.Run) error {
		assert.Equal(t, 1, rec.Running())
		assert.Equal(t, gate.asked[0].RunID, run.ID())
		assert.Same(t, run, audit.FromContext(ctx))
		assert.True(t, run.If("a", true, audit.Value("b", make(chan int))))
		assert.Equal(t, "x", run.Choose("a", "x", nil))
		run.Output("a", 1)
		run.Error(own)
		assert.ErrorIs(t, run.Task(ctx, "not a name", nil), audit.ErrInvalid)
		return run.Task(ctx, "skill", func(ctx context.Context, task *audit.Task) error {
			assert.NotNil(t, audit.FromContext(ctx))
			task.Input("a", 1)
			task.Output("a", 1)
			return own
		})
	})
	assert.Same(t, own, err)
	assert.Len(t, gate.left, 1)
	assert.Zero(t, rec.Running())

	err = rec.Do(t.Context(), "feed", manual, func(ctx context.Context, run *audit.Run) error {
		gate.kill(run.ID(), audit.Kill{By: "bob"})
		<-ctx.Done()
		return nil
	})
	require.ErrorIs(t, err, audit.ErrKilled, "a run that is not recorded can still be stopped")
	gate.admit = func(audit.Admission) (audit.Pass, error) { return audit.Pass{}, own }
	err = rec.Do(t.Context(), "feed", manual, nil)
	require.ErrorIs(t, err, audit.ErrRefused)
	require.ErrorIs(t, err, own)
	require.NoError(t, rec.Close())
}

func TestNilRunAndTask(t *testing.T) {
	run := audit.FromContext(context.Background())
	require.Nil(t, run)
	var none context.Context
	assert.Nil(t, audit.FromContext(none))
	assert.Empty(t, run.ID())
	assert.True(t, run.If("a", true))
	assert.Equal(t, "b", run.Choose("a", "b", nil))
	run.Output("a", 1)
	run.Error(errors.New("a"))
	own := errors.New("own")
	assert.Same(t, own, run.End(own))
	err := run.Task(t.Context(), "not even a name", func(ctx context.Context, task *audit.Task) error {
		assert.NotNil(t, ctx)
		assert.Nil(t, task)
		assert.False(t, task.If("a", false))
		assert.Equal(t, "b", task.Choose("a", "b", nil))
		task.Input("a", 1)
		task.Output("a", 1)
		task.Error(own)
		return task.Task(ctx, "inner", func(context.Context, *audit.Task) error { return own })
	})
	assert.Same(t, own, err)
}

func TestNilRunDoesNotAllocate(t *testing.T) {
	var run *audit.Run
	assert.Zero(t, testing.AllocsPerRun(100, func() { run.If("a", true) }))
}
