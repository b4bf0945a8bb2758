package lineage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/logindex"
	"github.com/flexorhq/flexor-go/lineage"
)

// pieces is a log in memory that is indexed in pieces, as one of several segments is.
type pieces struct {
	*memory
	snapshot *logindex.Snapshot
}

func (p *pieces) Accesses(context.Context) (*logindex.Snapshot, error) { return p.snapshot, nil }

// cut indexes a log in pieces that end at random places.
func cut(tb testing.TB, m *memory, rnd *rand.Rand) *pieces {
	var parts []*logindex.Part
	for from := m.first; from < len(m.lines); {
		to := min(len(m.lines), from+1+rnd.IntN(1+len(m.lines)/2))
		parts = append(parts, piece(tb, m, from, to))
		from = to
	}
	return &pieces{m, logindex.NewSnapshot(uint64(m.first), uint64(len(m.lines)), [32]byte{}, parts)}
}

// piece indexes some lines of a log.
func piece(tb testing.TB, m *memory, from, to int) *logindex.Part {
	b := logindex.NewBuilder(uint64(from))
	for i := from; i < to; i++ {
		require.NoError(tb, b.Add(uint64(i), m.lines[i]))
	}
	image, err := b.Image([32]byte{})
	require.NoError(tb, err)
	p, err := logindex.NewPart(image)
	require.NoError(tb, err)
	return p
}

// randomQuery asks for anything.
func randomQuery(rnd *rand.Rand, m *memory) lineage.Query {
	q := lineage.Query{
		Record: names[rnd.IntN(len(names))], Direction: lineage.Direction(rnd.IntN(3)),
		Explicit: rnd.IntN(4) == 0, ExcludeFailed: rnd.IntN(3) == 0,
	}
	if rnd.IntN(3) == 0 {
		q.Depth = 1 + rnd.IntN(3)
	}
	if rnd.IntN(3) == 0 {
		q.MaxVersions = 1 + rnd.IntN(4)
	}
	if rnd.IntN(2) == 0 {
		q.AsOf = day.Add(time.Duration(rnd.IntN(len(m.lines)+2)) * time.Second)
	}
	if rnd.IntN(6) == 0 {
		q.Ops = []audit.Op{audit.OpAppend, audit.OpRead}
	}
	return q
}

// An answer does not depend on how the index of the log is cut into pieces: it is the same,
// member by member, as that of a log which is read whole. In some of these logs runs have
// no start or no end; accesses come before the start or after the end, are dropped, or are
// of a later version.
func TestPieces(t *testing.T) {
	n := 12_000
	if testing.Short() {
		n = 2000
	}
	incomplete := 0
	for seed := range uint64(n) {
		rnd := rand.New(rand.NewPCG(seed, 666))
		m, _ := history(t, rnd)
		spoil(t, m, rnd)
		p := cut(t, m, rnd)
		for range 2 { // the second finds what the first has left
			q := randomQuery(rnd, m)
			whole := ask(t, m, q)
			if !whole.Complete {
				incomplete++
			}
			q.Share(int(seed % 4))
			require.Equal(t, marshalled(t, whole), marshalled(t, ask(t, p, q)), "seed %d: %+v, %d pieces", seed, q, len(p.snapshot.Parts))
		}
	}
	assert.Greater(t, incomplete, n/5)
}

// An answer without edges is the answer but for its edges, and so is what continues it.
func TestNoEdges(t *testing.T) {
	continued := 0
	for seed := range uint64(1000) {
		rnd := rand.New(rand.NewPCG(seed, 67))
		m, _ := history(t, rnd)
		q := randomQuery(rnd, m)
		want := ask(t, m, q)
		q.NoEdges = true
		got := ask(t, m, q)
		require.Empty(t, got.Edges)
		want.Edges = got.Edges
		equal := func() {
			t.Helper()
			require.Equal(t, marshalled(t, want), marshalled(t, got), "seed %d: %+v", seed, q)
		}
		equal()
		if q.Cursor = got.Next; q.Cursor != "" {
			continued++
			got = ask(t, m, q)
			q.NoEdges = false // the cursor does not mind
			want = ask(t, m, q)
			want.Edges = got.Edges
			equal()
		}
	}
	assert.Greater(t, continued, 20)
}

func marshalled(tb testing.TB, res *lineage.Result) string {
	b, err := json.Marshal(res)
	require.NoError(tb, err)
	return string(b)
}

// spoil makes a history less regular.
func spoil(tb testing.TB, m *memory, rnd *rand.Rand) {
	if rnd.IntN(3) == 0 { // the beginning is gone, and with it starts of runs
		m.first = rnd.IntN(len(m.lines))
	}
	for range rnd.IntN(4) {
		run := string(rune('0' + rnd.IntN(6)))
		switch rnd.IntN(6) {
		case 0: // others wrote its entry, or nobody
			for i, l := range m.lines {
				m.lines[i] = bytes.Replace(l, []byte(`"ended_by":"return"`), []byte(`"ended_by":"interrupted"`), 1)
			}
			m.lines = m.lines[:len(m.lines)-1]
			m.first = min(m.first, len(m.lines))
		case 1:
			m.access(tb, run, audit.Access{Op: audit.OpRead, Dropped: 1 + rnd.IntN(5), Reason: "too many"})
		case 2:
			m.access(tb, run, audit.Access{Op: "merge", Record: names[0]})
		case 3:
			m.access(tb, run, audit.Access{Op: audit.OpWrite, Record: names[rnd.IntN(len(names))], Late: true, Rows: 7, Source: "s", Skill: "k", Digest: "d"})
		case 4: // in another form, and far off in time
			m.lines = append(m.lines, []byte(` { "Kind" : "access", "run_id":"`+run+`","op":"re\u0061d","record":"`+names[rnd.IntN(len(names))]+`","at":"0001-01-01T00:00:00Z","task":70000,"source":"ü"}`))
		case 5:
			m.lines = append(m.lines, []byte(`{"kind":"task","run_id":"`+run+`","seq":1}`))
		}
	}
	// Accesses before the start and after the end.
	for i := range m.lines {
		if rnd.IntN(8) == 0 && i > 0 {
			m.lines[i], m.lines[i-1] = m.lines[i-1], m.lines[i]
		}
	}
}
