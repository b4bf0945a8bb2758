package lineage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
)

// TestNothingIsLostByCounting records random histories with a recorder, which counts
// repeated reads in place of logging them, and compares answers with those of the
// oracle, which knows every call. A counted read may be taken to have seen more than it
// saw, never less.
func TestNothingIsLostByCounting(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 200
	}
	counted, more := 0, 0
	for seed := range uint64(n) {
		rnd := rand.New(rand.NewPCG(seed, 66))
		rec := audittest.New(t)
		runs := make([]*audit.Run, 1+rnd.IntN(4))
		number := map[string]int{}
		for i := range runs {
			var err error
			_, runs[i], err = rec.Start(t.Context(), "agent", audit.Trigger{})
			require.NoError(t, err)
			number[runs[i].ID()] = i
		}
		o := &oracle{}
		for range 1 + rnd.IntN(30) {
			// Few records, so that reads are repeated.
			s := step{pos: len(o.steps), run: rnd.IntN(len(runs))}
			s.Op, s.Record = audit.OpRead, names[rnd.IntN(4)]
			if rnd.IntN(4) == 0 {
				s.Op = audit.OpWrite
				if rnd.IntN(3) == 0 {
					s.From = []string{names[rnd.IntN(4)]}
				}
			}
			runs[s.run].Access(s.Access)
			o.steps = append(o.steps, s)
		}
		for _, run := range runs {
			require.NoError(t, run.End(nil))
		}
		for _, e := range rec.Entries() {
			if e.Accesses != nil {
				counted += e.Accesses.Reads + e.Accesses.Writes
			}
		}
		counted -= len(recorded(rec))

		root := names[rnd.IntN(4)]
		want := answer{map[string]bool{}, map[string]bool{}}
		o.downstream(root, false, &want)
		res := ask(t, of(rec.Records()), lineage.Query{Record: root})
		require.True(t, res.Complete)
		var versions, touched []string
		for _, v := range res.Versions {
			versions = append(versions, fmt.Sprintf("%s by %d", v.Record, number[v.RunID]))
		}
		for _, x := range res.Touches {
			touched = append(touched, fmt.Sprint(number[x.RunID]))
		}
		for v := range want.versions {
			var record string
			var pos, steps int
			_, err := fmt.Sscanf(v, "downstream %s %d steps %d", &record, &pos, &steps)
			require.NoError(t, err)
			require.Contains(t, versions, fmt.Sprintf("%s by %d", record, o.steps[pos].run), "seed %d: %s of %s", seed, v, root)
		}
		for r := range want.roles {
			var role, run string
			_, err := fmt.Sscan(r, &role, &run)
			require.NoError(t, err)
			require.True(t, slices.Contains(touched, run), "seed %d: %s of %s", seed, r, root)
		}
		more += len(versions) - len(want.versions)
	}
	t.Logf("%d reads were counted; %d versions more than there were", counted, more)
	require.Greater(t, counted, n/2, "reads are repeated")
}

// recorded returns the records of accesses.
func recorded(rec *audittest.Recorder) []audit.Record {
	return slices.DeleteFunc(rec.Records(), func(r audit.Record) bool { return r.Kind != audit.KindAccess })
}
