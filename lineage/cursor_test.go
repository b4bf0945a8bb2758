package lineage_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// An answer that comes in pieces is the whole answer, and says so at its end. The log grows
// meanwhile.
func TestCursor(t *testing.T) {
	n, continued := 3000, 0
	if testing.Short() {
		n = 500
	}
	for seed := range uint64(n) {
		rnd := rand.New(rand.NewPCG(seed, 77))
		m, _ := history(t, rnd)
		q := randomQuery(rnd, m)
		q.MaxVersions = 0
		want := ask(t, m, q)
		q.MaxVersions = 1 + rnd.IntN(3)
		got := &lineage.Result{}
		var versions []lineage.RecordVersion
		var edges []lineage.Edge
		for first := true; first || got.Next != ""; first = false {
			if !first {
				continued++
				m.access(t, "9", audit.Access{Op: audit.OpRead, Record: names[rnd.IntN(len(names))]})
			}
			q.Cursor = got.Next
			got = ask(t, m, q)
			versions, edges = append(versions, got.Versions...), append(edges, got.Edges...)
			require.True(t, got.Next == "" || !got.Complete, "seed %d", seed)
		}
		require.ElementsMatch(t, want.Versions, versions, "seed %d: %+v", seed, q)
		require.Equal(t, set(t, want.Edges), set(t, edges), "seed %d: %+v", seed, q)
		require.Equal(t, want.Touches, got.Touches)
		require.Equal(t, want.Head, got.Head)
		require.Equal(t, want.Gaps, got.Gaps, "seed %d", seed)
	}
	assert.Greater(t, continued, n/8)
}

// set returns edges without their order.
func set(tb testing.TB, edges []lineage.Edge) map[string]bool {
	out := map[string]bool{}
	for _, e := range edges {
		b, err := json.Marshal(e)
		require.NoError(tb, err)
		out[string(b)] = true
	}
	return out
}

// The answer at a checkpoint is that which the log gave then.
func TestAt(t *testing.T) {
	for seed := range uint64(500) {
		rnd := rand.New(rand.NewPCG(seed, 78))
		m, _ := history(t, rnd)
		q := randomQuery(rnd, m)
		then := &memory{lines: m.lines[:1+rnd.IntN(len(m.lines))]}
		before := ask(t, then, q)
		q.At = before.Head
		want, err := json.Marshal(before)
		require.NoError(t, err)
		got, err := json.Marshal(ask(t, cut(t, m, rnd), q))
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got), "seed %d: %+v", seed, q)
	}
}

// What is no cursor of the query is refused.
func TestForeignCursor(t *testing.T) {
	m := &memory{}
	m.start("1")
	m.access(t, "1", audit.Access{Op: audit.OpRead, Record: "db://x/a"})
	m.access(t, "1", audit.Access{Op: audit.OpWrite, Record: "db://x/b"})
	m.access(t, "1", audit.Access{Op: audit.OpWrite, Record: "db://x/c"})
	q := lineage.Query{Record: "db://x/a", MaxVersions: 1}
	cursor := ask(t, m, q).Next
	require.NotEmpty(t, cursor)
	for name, q := range map[string]lineage.Query{
		"no cursor":          {Record: "db://x/a", Cursor: "next"},
		"no JSON":            {Record: "db://x/a", Cursor: "bmV4dA"},
		"of another record":  {Record: "db://x/b", Cursor: cursor},
		"of another query":   {Record: "db://x/a", Cursor: cursor, Explicit: true},
		"of another size":    {Record: "db://x/a", Cursor: cursor, At: audit.Head{Size: 3}},
		"of a longer log":    {Record: "db://x/a", At: audit.Head{Size: 5}},
		"of one that forked": {Record: "db://x/a", At: audit.Head{Size: 4, Root: "another"}},
	} {
		_, err := lineage.Trace(t.Context(), m, q)
		require.ErrorIs(t, err, audit.ErrInvalid, name)
	}
}

// A window selects by which accesses of the record the walk begins, and bounds nothing
// behind them.
func TestWindow(t *testing.T) {
	m := &memory{}
	m.start("1") // 0
	m.start("2")
	m.access(t, "1", audit.Access{Op: audit.OpWrite, Record: "db://x/a", From: []string{"db://x/origin"}}) // at second 2
	m.access(t, "1", audit.Access{Op: audit.OpRead, Record: "db://x/a"})                                   // 3
	m.access(t, "1", audit.Access{Op: audit.OpWrite, Record: "db://x/b"})
	m.access(t, "2", audit.Access{Op: audit.OpRead, Record: "db://x/b"})
	m.access(t, "2", audit.Access{Op: audit.OpWrite, Record: "db://x/c"}) // 6
	m.access(t, "2", audit.Access{Op: audit.OpRead, Record: "db://x/a"})  // 7
	m.end("1", audit.Success, audit.ByReturn)
	m.end("2", audit.Success, audit.ByReturn)
	at := func(second int) time.Time { return day.Add(time.Duration(second) * time.Second) }
	for name, tc := range map[string]struct {
		from, to time.Time
		want     []string
		up       int
	}{
		"all":            {time.Time{}, time.Time{}, []string{"written_by 1@2", "included_in 2@6", "included_in 1@4"}, 1},
		"the first read": {at(3), at(4), []string{"included_in 2@6", "included_in 1@4"}, 0},
		"the last read":  {at(4), time.Time{}, []string{"read_by 2@7"}, 0},
		"the write":      {time.Time{}, at(3), []string{"written_by 1@2"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			q := lineage.Query{Record: "db://x/a", From: tc.from, To: tc.to}
			assert.Equal(t, tc.want, told(ask(t, m, q)))
			q.Direction = lineage.Upstream
			assert.Len(t, ask(t, m, q).Versions, tc.up)
		})
	}
}

// Edges beyond the bound are counted.
func TestEdgesAreBounded(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 79))
	m, _ := history(t, rnd)
	q := lineage.Query{Record: "db://b/", Direction: lineage.Both}
	all := ask(t, m, q)
	require.Greater(t, len(all.Edges), 5)
	q.MaxEdges = 3
	some := ask(t, m, q)
	assert.Equal(t, all.Edges[:3], some.Edges)
	assert.Equal(t, all.Versions, some.Versions)
	require.Len(t, some.Gaps, 1)
	assert.Equal(t, lineage.Gap{Reason: lineage.GapEdges, Count: len(all.Edges) - 3, Text: some.Gaps[0].Text}, some.Gaps[0])
	assert.Contains(t, some.Gaps[0].Text, "edges left out beyond the first 3")
	assert.False(t, some.Complete)
}
