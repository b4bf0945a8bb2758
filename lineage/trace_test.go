package lineage_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
)

const (
	prices = "plexifact://prod/catalog/equity-prices/2026-04-30"
	nav    = "warehouse://fund/nav/2026-04-30"
	recon  = "warehouse://fund/recon/2026-04-30"
)

// do records a run that has ended.
func do(tb testing.TB, rec *audittest.Recorder, agent string, fn func(run *audit.Run)) string {
	tb.Helper()
	var id string
	require.NoError(tb, rec.Do(tb.Context(), agent, audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
		id = run.ID()
		fn(run)
		return nil
	}))
	return id
}

// A record, who read it, who made something from it, and who used that.
func TestTrace(t *testing.T) {
	rec := audittest.New(t)
	load := do(t, rec, "price-loader", func(run *audit.Run) { lineage.Write(run, "plexifact", prices, lineage.Rows(4), lineage.From()) })
	feed := do(t, rec, "feed-monitor", func(run *audit.Run) {
		lineage.Read(run, "plexifact", prices)
		lineage.Read(run, "plexifact", prices)
	})
	report := do(t, rec, "weekly-nav-report", func(run *audit.Run) {
		lineage.Read(run, "plexifact", prices)
		lineage.Write(run, "warehouse", nav)
	})
	mail := do(t, rec, "mailer", func(run *audit.Run) { lineage.Read(run, "warehouse", nav) })
	do(t, rec, "other", func(run *audit.Run) { lineage.Write(run, "warehouse", recon) })

	res := ask(t, of(rec.Records()), lineage.Query{Record: "PLEXIFACT://prod/catalog/./equity-prices/2026%2D04-30"})
	assert.Equal(t, prices, res.Record)
	assert.True(t, res.Complete && res.Found())
	require.Equal(t, []string{
		"written_by " + load + "@1", "read_by " + feed + "@4", "included_in " + report + "@9", "used_by " + mail + "@12",
	}, told(res))
	assert.Equal(t, 2, res.Touches[1].Accesses, "repeats count")
	assert.Equal(t, []int{0, 1, 1, 2}, []int{res.Touches[0].Steps, res.Touches[1].Steps, res.Touches[2].Steps, res.Touches[3].Steps})
	require.Len(t, res.Versions, 1)
	assert.Equal(t, nav, res.Versions[0].Record)
	assert.Equal(t, audit.Success, res.Touches[0].Status)

	up := ask(t, of(rec.Records()), lineage.Query{Record: nav, Direction: lineage.Upstream})
	assert.Equal(t, []string{"written_by " + report + "@9"}, told(up))
	require.Len(t, up.Versions, 1)
	assert.Equal(t, prices, up.Versions[0].Record)
	assert.Equal(t, load, up.Versions[0].RunID)

	none := ask(t, of(rec.Records()), lineage.Query{Record: "db://none"})
	assert.False(t, none.Found())
	assert.True(t, none.Complete)
}

// Two runs interleaved: who read before the overwrite is not linked to it.
func TestReaderBeforeTheOverwrite(t *testing.T) {
	m := &memory{}
	m.start("early")
	m.start("writer")
	m.start("late")
	m.access(t, "early", audit.Access{Op: audit.OpRead, Record: "db://x/r"})
	m.access(t, "writer", audit.Access{Op: audit.OpRead, Record: "db://x/origin"})
	m.access(t, "writer", audit.Access{Op: audit.OpWrite, Record: "db://x/r"})
	m.access(t, "late", audit.Access{Op: audit.OpRead, Record: "db://x/r"})
	m.access(t, "early", audit.Access{Op: audit.OpWrite, Record: "db://x/early"})
	m.access(t, "late", audit.Access{Op: audit.OpWrite, Record: "db://x/late"})
	for _, run := range []string{"early", "writer", "late"} {
		m.end(run, audit.Success, audit.ByReturn)
	}
	res := ask(t, m, lineage.Query{Record: "db://x/origin"})
	assert.Equal(t, []string{"included_in late@8", "included_in writer@5"}, told(res))
}

// Each reason for which an answer is not complete, with its count.
func TestGaps(t *testing.T) {
	chain := func() *memory { // a → b → c → d, each by a run of its own
		m := &memory{}
		for i, r := range []string{"1", "2", "3"} {
			m.start(r)
			m.access(t, r, audit.Access{Op: audit.OpRead, Record: "db://x/" + string(rune('a'+i))})
			m.access(t, r, audit.Access{Op: audit.OpWrite, Record: "db://x/" + string(rune('b'+i))})
			m.end(r, audit.Success, audit.ByReturn)
		}
		return m
	}
	query := lineage.Query{Record: "db://x/a"}
	for name, tc := range map[string]struct {
		change func(m *memory, q *lineage.Query)
		want   []lineage.Gap
		told   int
	}{
		"none":  {func(*memory, *lineage.Query) {}, []lineage.Gap{}, 3},
		"depth": {func(_ *memory, q *lineage.Query) { q.Depth = 2 }, []lineage.Gap{{"depth", 1, "1 version not followed beyond depth 2"}}, 2},
		"depth, but it was replaced before a collection with it was read": {func(m *memory, q *lineage.Query) {
			*m = memory{}
			m.start("1")
			m.access(t, "1", audit.Access{Op: audit.OpRead, Record: "db://x/a"})
			m.access(t, "1", audit.Access{Op: audit.OpWrite, Record: "db://y/b"})
			m.end("1", audit.Success, audit.ByReturn)
			m.start("2")
			m.access(t, "2", audit.Access{Op: audit.OpWrite, Record: "db://y/b"})
			m.access(t, "2", audit.Access{Op: audit.OpRead, Record: "db://y/"})
			m.end("2", audit.Success, audit.ByReturn)
			q.Depth = 1
		}, []lineage.Gap{}, 1},
		"all of it": {func(_ *memory, q *lineage.Query) { q.Depth = 3 }, []lineage.Gap{}, 3},
		"versions": {func(_ *memory, q *lineage.Query) { q.MaxVersions = 1 },
			[]lineage.Gap{{"versions", 1, "1 way not followed to versions beyond the first 1"}}, 2},
		"dropped": {func(m *memory, _ *lineage.Query) {
			m.start("9")
			m.access(t, "9", audit.Access{Op: audit.OpRead, Dropped: 4, Reason: "too many"})
			m.end("9", audit.Success, audit.ByReturn)
		}, []lineage.Gap{{"dropped", 4, "4 accesses dropped by 1 run"}}, 3},
		"horizon":     {func(m *memory, _ *lineage.Query) { m.first = 3 }, []lineage.Gap{{"horizon", 3, "3 records gone from the beginning of the log"}}, 0},
		"all is gone": {func(m *memory, _ *lineage.Query) { m.first = len(m.lines) }, []lineage.Gap{{"horizon", 12, "12 records gone from the beginning of the log"}}, 0},
		"unknown": {func(m *memory, _ *lineage.Query) {
			m.access(t, "1", audit.Access{Op: "merge", Record: "db://x/a"})
		}, []lineage.Gap{{"unknown", 1, "1 access of a kind that only a later version knows"}}, 3},
		// Its process died after it had read b, and before it could say that it read
		// it again.
		"interrupted": {func(m *memory, _ *lineage.Query) {
			first := &memory{}
			first.start("9")
			first.access(t, "9", audit.Access{Op: audit.OpRead, Record: "db://x/b"})
			m.lines = append(first.lines, m.lines...)
			m.end("9", audit.Failed, audit.ByInterrupted)
		}, []lineage.Gap{{"interrupted", 1, "1 run without an end that may have read a version again"}}, 3},
		"interrupted before": {func(m *memory, _ *lineage.Query) {
			first := &memory{}
			first.start("9")
			first.access(t, "9", audit.Access{Op: audit.OpRead, Record: "db://x/b"})
			first.end("9", audit.Failed, audit.ByInterrupted)
			m.lines = append(first.lines, m.lines...)
		}, []lineage.Gap{}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			m, q := chain(), query
			tc.change(m, &q)
			res := ask(t, m, q)
			assert.Equal(t, tc.want, res.Gaps)
			assert.Equal(t, len(tc.want) == 0, res.Complete)
			assert.Len(t, res.Touches, tc.told)
		})
	}
}

// Filters select from the answer; what lies between is followed all the same.
func TestSelection(t *testing.T) {
	m := &memory{}
	m.start("1")
	m.access(t, "1", audit.Access{Op: audit.OpRead, Record: "db://x/a", Source: "s1"})
	m.access(t, "1", audit.Access{Op: audit.OpWrite, Record: "db://x/b", Source: "s2", From: []string{"db://x/a"}})
	m.end("1", audit.Failed, audit.ByError)
	m.start("2")
	m.access(t, "2", audit.Access{Op: audit.OpRead, Record: "db://x/b", Source: "s2"})
	m.access(t, "2", audit.Access{Op: audit.OpAppend, Record: "db://x/c"})
	m.end("2", audit.Success, audit.ByReturn)
	for name, tc := range map[string]struct {
		q    lineage.Query
		want []string
	}{
		"all":      {lineage.Query{}, []string{"included_in 2@6", "included_in 1@2"}},
		"agent":    {lineage.Query{Agents: []string{"agent-2"}}, []string{"included_in 2@6"}},
		"run":      {lineage.Query{Runs: []string{"1"}}, []string{"included_in 1@2"}},
		"source":   {lineage.Query{Sources: []string{"s2"}}, []string{"included_in 1@2"}},
		"op":       {lineage.Query{Ops: []audit.Op{audit.OpAppend}}, []string{"included_in 2@6"}},
		"explicit": {lineage.Query{Explicit: true}, []string{"included_in 1@2", "used_by 2@5"}},
		"failed":   {lineage.Query{ExcludeFailed: true}, []string{}},
		"as of":    {lineage.Query{AsOf: day.Add(5 * time.Second)}, []string{"included_in 1@2", "used_by 2@5"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.q.Record = "db://x/a"
			res := ask(t, m, tc.q)
			assert.Equal(t, tc.want, told(res))
			assert.True(t, res.Complete)
		})
	}
}

// Damage is an error, never a shorter answer.
func TestDamage(t *testing.T) {
	broken := errors.New("corrupt")
	_, err := lineage.Trace(t.Context(), &memory{err: broken}, lineage.Query{Record: prices})
	require.ErrorIs(t, err, broken)
	for _, line := range []string{`{"kind":"access","op":7}`, `{"kind":"start","run_id":1}`, `{"kind":"run","run_id":1}`, `no JSON`} {
		_, err = lineage.Trace(t.Context(), &memory{lines: [][]byte{[]byte(line)}}, lineage.Query{Record: prices})
		require.ErrorIs(t, err, lineage.ErrForeign, line)
	}
	_, err = lineage.Trace(t.Context(), &memory{}, lineage.Query{Record: "prices"})
	require.ErrorIs(t, err, audit.ErrInvalid)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = lineage.Trace(ctx, &memory{lines: [][]byte{[]byte(`{"kind":"start","run_id":"1"}`)}}, lineage.Query{Record: prices})
	require.ErrorIs(t, err, context.Canceled)
}

// What is recorded through a recorder joins, whatever the spelling.
func TestOptions(t *testing.T) {
	rec := audittest.New(t)
	do(t, rec, "a", func(run *audit.Run) {
		lineage.Read(run, "s", "DB://X/1", lineage.Version("v1"), lineage.Digest("sha256:00"), lineage.Rows(3))
		lineage.Append(run, "s", "db://x/2", lineage.From("db://x/1"), lineage.From("db://x/3"), lineage.Version("v2"))
		lineage.Write(run, "s", "db://x/4", lineage.From())
		lineage.Delete(run, "s", "db://x/5", lineage.Version("v9"))
	})
	res := ask(t, of(rec.Records()), lineage.Query{Record: "db://x/2", Direction: lineage.Both})
	require.Len(t, res.Versions, 2)
	assert.Equal(t, []string{"db://x/1", "db://x/3"}, []string{res.Versions[0].Record, res.Versions[1].Record})
	assert.Equal(t, audit.OpAppend, res.Touches[0].Op)
	assert.True(t, res.Touches[0].Explicit)
	assert.Empty(t, ask(t, of(rec.Records()), lineage.Query{Record: "db://x/4", Direction: lineage.Upstream}).Versions, "made from nothing")
	assert.Equal(t, audit.OpDelete, ask(t, of(rec.Records()), lineage.Query{Record: "db://x/5"}).Touches[0].Op)
}
