package lineage_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// BenchmarkTrace traces a rare record, and the one most used, in a log of 100,000
// accesses to 10,000 records by 5,000 runs.
func BenchmarkTrace(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 6))
	zipf := rand.NewZipf(rnd, 1.2, 1, 9_999)
	m := &memory{}
	for r := range 5000 {
		run := fmt.Sprint(r)
		m.start(run)
		for i := range 20 {
			a := audit.Access{Op: audit.OpRead, Record: fmt.Sprintf("db://x/%d", zipf.Uint64())}
			if i%5 == 4 {
				a.Op = audit.OpWrite
			}
			m.access(b, run, a)
		}
		m.end(run, audit.Success, audit.ByReturn)
	}
	for _, record := range []string{"db://x/9000", "db://x/0"} {
		b.Run(record, func(b *testing.B) {
			for b.Loop() {
				res, err := lineage.Trace(b.Context(), m, lineage.Query{Record: record})
				require.NoError(b, err)
				b.ReportMetric(float64(len(res.Versions)), "versions")
			}
		})
	}
}
