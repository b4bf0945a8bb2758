package audittest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
)

// fakeTB is a test that may fail. It records what the harness says.
type fakeTB struct {
	testing.TB
	said     []string
	cleanups []func()
	failed   bool
}

func (f *fakeTB) Helper()          {}
func (f *fakeTB) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }
func (f *fakeTB) Errorf(format string, args ...any) {
	f.failed = true
	f.said = append(f.said, fmt.Sprintf(format, args...))
}
func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// in runs fn as a test, and returns what it said.
func in(fn func(tb testing.TB)) *fakeTB {
	f := new(fakeTB)
	var wg sync.WaitGroup
	wg.Go(func() { fn(f) })
	wg.Wait()
	for _, c := range f.cleanups {
		wg.Go(c)
		wg.Wait()
	}
	return f
}

// feedMonitor is the agent under test.
func feedMonitor(ctx context.Context, rec *audit.Recorder) error {
	return rec.Do(ctx, "feed-monitor", audit.Trigger{Type: audit.Schedule}, func(ctx context.Context, run *audit.Run) error {
		_ = run.Task(ctx, "check", func(ctx context.Context, t *audit.Task) error {
			t.Input("feed", "equity-prices")
			t.Access(audit.Access{Op: audit.OpRead, Record: "feeds://equity-prices"})
			t.If("feed is stale", true, audit.Value("age_minutes", 95), audit.Value("feeds", []string{"a"}))
			return errors.New("feed is late")
		})
		run.Output("stale", 1)
		return run.Task(ctx, "notify", func(context.Context, *audit.Task) error { return nil })
	})
}

func TestAssertionsThatHold(t *testing.T) {
	rec := audittest.New(t)
	require.NoError(t, feedMonitor(t.Context(), rec.Recorder))
	rec.Status(audit.Partial)
	rec.Tasks("check", "notify")
	rec.Decision("feed is stale", "true")
	rec.Decision("feed is stale", "true", audit.Value("age_minutes", 95.0), audit.Value("feeds", []string{"a"}))
	rec.Errors("late")
	rec.Output("stale", 1)
	rec.Access(audit.OpRead, "FEEDS://equity-prices")
	rec.Run("feed-monitor").Status(audit.Partial)
	audittest.Check(t, rec.Entry()).Tasks("check", "notify")
	assert.Len(t, rec.Entries(), 1)
}

func TestAssertionsThatFailShowWhatWasRecorded(t *testing.T) {
	for name, tc := range map[string]struct {
		assert func(rec *audittest.Recorder)
		says   string
	}{
		"status":          {func(r *audittest.Recorder) { r.Status(audit.Success) }, "status is partial, not success"},
		"tasks":           {func(r *audittest.Recorder) { r.Tasks("check") }, `tasks are ["check" "notify"]`},
		"no decision":     {func(r *audittest.Recorder) { r.Decision("asked", "true") }, `no decision "asked"`},
		"other branch":    {func(r *audittest.Recorder) { r.Decision("feed is stale", "false") }, "was decided otherwise"},
		"other value":     {func(r *audittest.Recorder) { r.Decision("feed is stale", "true", audit.Value("age_minutes", 96)) }, "age_minutes = 96"},
		"no value":        {func(r *audittest.Recorder) { r.Decision("feed is stale", "true", audit.Value("age", 95)) }, "decided otherwise"},
		"no errors":       {func(r *audittest.Recorder) { r.Errors() }, "errors are not []"},
		"other error":     {func(r *audittest.Recorder) { r.Errors("early") }, `errors are not ["early"]`},
		"no output":       {func(r *audittest.Recorder) { r.Output("nav", 1) }, `no output "nav"`},
		"other output":    {func(r *audittest.Recorder) { r.Output("stale", 2) }, `output "stale" is 1, not 2`},
		"no such agent":   {func(r *audittest.Recorder) { r.Run("other") }, "0 runs of other have ended"},
		"no access":       {func(r *audittest.Recorder) { r.Access(audit.OpWrite, "feeds://equity-prices") }, "no write of feeds://equity-prices"},
		"other access":    {func(r *audittest.Recorder) { r.Access(audit.OpRead, "feeds://bonds") }, "no read of feeds://bonds"},
		"more than one":   {func(r *audittest.Recorder) { _ = feedMonitor(context.Background(), r.Recorder); r.Entry() }, "2 runs have ended"},
		"not even a name": {func(r *audittest.Recorder) { r.Run("").Status(audit.Failed) }, "not one"},
	} {
		t.Run(name, func(t *testing.T) {
			f := in(func(tb testing.TB) {
				rec := audittest.New(tb)
				assert.NoError(t, feedMonitor(context.Background(), rec.Recorder))
				tc.assert(rec)
			})
			require.True(t, f.failed)
			said := strings.Join(f.said, "\n")
			assert.Contains(t, said, tc.says)
			assert.Contains(t, said, "feed is stale", "what was recorded is shown")
			assert.Contains(t, said, "equity-prices")
		})
	}
}

func TestOpenRunFailsTheTest(t *testing.T) {
	f := in(func(tb testing.TB) {
		rec := audittest.New(tb)
		_, _, err := rec.Start(context.Background(), "forgotten", audit.Trigger{})
		assert.NoError(t, err)
	})
	require.True(t, f.failed)
	assert.Contains(t, f.said[0], "runs still open at the end of the test: 1")
	assert.Contains(t, f.said[0], "forgotten")
}

// Two large ids are one float64, and a test that took them for the same would pass.
func TestValuesAreComparedExactly(t *testing.T) {
	const id int64 = 1<<53 + 1
	for _, tc := range []struct {
		got, want any
		same      bool
	}{
		{id, uint64(id), true},
		{id, id - 1, false},
		{95, 95.0, true},
		{json.RawMessage("95"), json.RawMessage("95.0"), true},
		{json.RawMessage("1e3"), 1000, true},
		{0.5, 0.25, false},
		{json.RawMessage("1e999"), json.RawMessage("1e998"), false},
		{"95", 95, false},
		{nil, nil, true},
		{nil, false, false},
		{map[string]any{"a": []int64{1, id}, "b": true}, json.RawMessage(`{"b":true,"a":[1,9007199254740993]}`), true},
		{map[string]any{"a": []int64{1, id}}, map[string]any{"a": []int64{1, id - 1}}, false},
		{map[string]any{"a": 1}, map[string]any{"a": 1, "b": 1}, false},
		{[]int{1, 2}, []int{2, 1}, false},
		{[]int{1}, map[string]int{"0": 1}, false},
	} {
		f := in(func(tb testing.TB) {
			rec := audittest.New(tb)
			_ = rec.Do(context.Background(), "a", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
				run.Output("v", tc.got)
				return nil
			})
			rec.Output("v", tc.want)
		})
		assert.Equal(t, tc.same, !f.failed, "%v and %v", tc.got, tc.want)
	}
}

func TestKill(t *testing.T) {
	own := new(countingGate)
	rec := audittest.New(t, func(c *audit.Config) { c.Gate = own })
	rec.Kill("nobody runs yet")
	err := rec.Do(t.Context(), "feed-monitor", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
		assert.True(t, run.Alive(), "an order is for the runs in flight")
		rec.Kill("runaway")
		assert.False(t, run.Alive())
		return run.Task(ctx, "next", func(context.Context, *audit.Task) error { panic("it goes on") })
	})
	var killed *audit.KillError
	require.ErrorAs(t, err, &killed)
	assert.Equal(t, "runaway", killed.Kill.Reason)
	assert.Equal(t, audit.ByKill, rec.Entry().EndedBy)
	assert.Equal(t, "runaway", rec.Entry().Kill.Reason)
	rec.Tasks()
	assert.Equal(t, countingGate{admitted: 1, left: 1}, *own, "the gate of the test is asked too")

	own.refuse = audit.ErrPaused
	err = rec.Do(t.Context(), "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { panic("it runs") })
	require.ErrorIs(t, err, audit.ErrPaused)
}

// countingGate admits runs, until it refuses them.
type countingGate struct {
	admitted, left int
	refuse         error
}

func (g *countingGate) Admit(context.Context, audit.Admission, func(audit.Kill)) (audit.Pass, error) {
	if g.refuse == nil {
		g.admitted++
	}
	return audit.Pass{}, g.refuse
}

func (g *countingGate) Leave(string) { g.left++ }

func TestNothingRecorded(t *testing.T) {
	f := in(func(tb testing.TB) { audittest.New(tb).Entry() })
	assert.Contains(t, f.said[0], "nothing was recorded")
}

func TestNoRecordURIFailsTheTest(t *testing.T) {
	f := in(func(tb testing.TB) { audittest.New(tb).Access(audit.OpRead, "bonds") })
	assert.Contains(t, f.said[0], "it has no scheme")
}

func TestBadOptionsFailTheTest(t *testing.T) {
	f := in(func(tb testing.TB) { audittest.New(tb, func(c *audit.Config) { c.Environment = "moon" }) })
	assert.Contains(t, f.said[0], "moon")
}

func TestSameEveryTime(t *testing.T) {
	var runs [2]string
	for i := range runs {
		rec := audittest.New(t)
		require.NoError(t, feedMonitor(t.Context(), rec.Recorder))
		for _, r := range rec.Records() {
			runs[i] += string(r.JSON) + "\n"
		}
		assert.Equal(t, time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC), rec.Entry().StartedAt)
	}
	assert.Equal(t, runs[0], runs[1])
}

func TestClock(t *testing.T) {
	var c audittest.Clock
	start := c.Now()
	assert.Equal(t, time.Millisecond, c.Now().Sub(start))
	c.Advance(time.Hour)
	assert.Equal(t, time.Hour+2*time.Millisecond, c.Now().Sub(start))
}

func TestSink(t *testing.T) {
	ctx := t.Context()
	s := new(audittest.Sink)
	line := []byte(`{"kind":"start"}`)
	b := audit.Batch{Records: []audit.Record{{Kind: audit.KindStart, JSON: line}}}
	require.NoError(t, s.Append(ctx, b))
	line[0] = 'x'
	assert.Equal(t, `{"kind":"start"}`, string(s.Records()[0].JSON), "the sink keeps a copy")
	assert.Zero(t, s.Synced())
	b.Sync = true
	require.NoError(t, s.Append(ctx, b))
	assert.Equal(t, 2, s.Synced())

	lost := errors.New("lost")
	s.Fail = func(audit.Batch) error { return lost }
	require.ErrorIs(t, s.Append(ctx, b), lost)
	assert.Len(t, s.Records(), 2)
	s.Fail = func(audit.Batch) error { return errors.Join(lost, audittest.ErrStored) }
	require.ErrorIs(t, s.Append(ctx, b), lost)
	assert.Len(t, s.Records(), 3)

	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	err := s.Append(ctx, b)
	require.ErrorIs(t, err, audit.ErrClosed)
	require.ErrorIs(t, err, audit.ErrNotStored)
}

func TestSinkReads(t *testing.T) {
	rec := audittest.New(t)
	for _, agent := range []string{"a", "b", "a"} {
		require.NoError(t, rec.Do(t.Context(), agent, audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
	}
	read := func(f audit.Filter) (agents []string, positions []uint64) {
		for e, err := range rec.Sink.Entries(t.Context(), f) {
			require.NoError(t, err)
			agents, positions = append(agents, e.AgentName), append(positions, e.Position)
		}
		return agents, positions
	}
	agents, positions := read(audit.Filter{})
	assert.Equal(t, []string{"a", "b", "a"}, agents)
	assert.Equal(t, []uint64{1, 3, 5}, positions)
	_, positions = read(audit.Filter{Agents: []string{"a"}, NewestFirst: true, Limit: 1})
	assert.Equal(t, []uint64{5}, positions)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range rec.Sink.Entries(ctx, audit.Filter{}) {
		require.ErrorIs(t, err, context.Canceled)
	}
	bad := new(audittest.Sink)
	require.NoError(t, bad.Append(t.Context(), audit.Batch{Records: []audit.Record{{Kind: audit.KindRun, JSON: []byte("x")}}}))
	for _, err := range bad.Entries(t.Context(), audit.Filter{}) {
		require.Error(t, err)
	}
}
