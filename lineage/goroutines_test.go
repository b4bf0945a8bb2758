package lineage_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

// Answers from a log in which much is to be followed are the same, member by member, by whatever
// number of goroutines they are made, and whatever was found out before them.
func TestGoroutines(t *testing.T) {
	n := 60
	if testing.Short() {
		n = 6
	}
	versions := 0
	for seed := range uint64(n) {
		rnd := rand.New(rand.NewPCG(seed, 69))
		m := longHistory(t, rnd, 1500, seed%3 > 0, seed%2 > 0)
		one, many := cut(t, m, rnd), cut(t, m, rnd)
		for range 12 {
			q := randomQuery(rnd, m)
			if rnd.IntN(2) == 0 {
				q.MaxVersions = 1 + rnd.IntN(2000)
			}
			for page := 0; page < 3; page++ {
				q.Share(1)
				want := ask(t, one, q)
				q.Share(2 + rnd.IntN(4))
				got := ask(t, many, q)
				require.Equal(t, marshalled(t, want), marshalled(t, got), "seed %d: %+v", seed, q)
				require.Equal(t, want.Cites(), got.Cites())
				versions += len(got.Versions)
				if q.Cursor = got.Next; q.Cursor == "" {
					break
				}
			}
		}
	}
	assert.Greater(t, versions, 5_000, "much was followed")
}

// longHistory makes a history of many runs, and of many records beside those of the short ones;
// some irregular, and with collections, if so.
func longHistory(tb testing.TB, rnd *rand.Rand, accesses int, irregular, collections bool) *memory {
	m := &memory{}
	records := []string{"db://a/x", "db://b/x"}
	if collections {
		records = names
	}
	for i := range 40 {
		records = append(records[:len(records):len(records)], fmt.Sprintf("db://a/z/%d", i))
	}
	runs := 0
	for range accesses {
		if runs < 10 || rnd.IntN(15) == 0 {
			m.start(fmt.Sprint(runs))
			runs++
		}
		a := audit.Access{Op: audit.OpRead, Record: records[rnd.IntN(len(records))]}
		if rnd.IntN(4) == 0 {
			a.Op = audit.OpWrite
		}
		if irregular {
			switch rnd.IntN(20) {
			case 0:
				a.Op = audit.OpDelete
			case 1, 2:
				a.Op = audit.OpAppend
			case 3:
				a.Version = fmt.Sprint(rnd.IntN(5))
			case 4:
				a.Op, a.From = audit.OpWrite, []string{records[rnd.IntN(len(records))]}
			case 5:
				a.Op, a.Repeats = audit.OpRead, 1+rnd.IntN(3)
			}
		}
		m.access(tb, fmt.Sprint(max(0, runs-1-rnd.IntN(10))), a)
	}
	for run := range runs {
		if run%20 != 0 { // some have no end
			m.end(fmt.Sprint(run), []audit.Status{audit.Success, audit.Failed}[rnd.IntN(2)], audit.ByReturn)
		}
	}
	return m
}
