package archive

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkForward sends a log of runs with a task, a decision and two accesses each, two
// records a commit, to a directory.
func BenchmarkForward(b *testing.B) {
	vault := b.TempDir()
	l := newTestLog(b, vault, "audit-log", 0)
	for run := range 4000 {
		head := fmt.Sprintf(`"run_id":"run_01m89cxe%018x","at":"2026-04-30T14:%02d:%02d.%06dZ","task":1,"skill":"data-freshness-check"`,
			rand.Uint64(), run/60%60, run%60, rand.IntN(1e6))
		for _, commit := range [][]string{
			{`{"kind":"start","agent_name":"feed-monitor","agent_version":"1.4.2","trigger_type":"schedule",` + head + `}`, `{"kind":"task","phase":"start",` + head + `}`},
			{`{"kind":"access","op":"read","record":"plexifact://prod/catalog/equity-prices/2026-04-30","source":"plexifact",` + head + `}`,
				fmt.Sprintf(`{"kind":"decision","condition":"feed is stale","branch":"true","alternatives":["false"],"values":{"age_minutes":%f},%s}`, rand.Float64()*100, head)},
			{`{"kind":"access","op":"write","record":"warehouse://fund/nav/2026-04-30","source":"warehouse",` + head + `}`, `{"kind":"task","phase":"end","duration_ms":0,"outcome":"ok",` + head + `}`},
			{`{"kind":"run","schema":"flexor.run/v1","agent_name":"feed-monitor","vault":"company","environment":"production","status":"success","ended_by":"return","tasks_executed":["data-freshness-check"],"accesses":2,"decisions":[{"condition":"feed is stale","branch":"true","alternatives":["false"]}],` + head + `}`},
		} {
			lines := make([][]byte, len(commit))
			for i, text := range commit {
				lines[i] = []byte(text)
			}
			_, err := l.Append(lines...)
			require.NoError(b, err)
		}
	}
	require.NoError(b, l.Flush(context.Background()))
	size := 0
	for _, text := range content(b, l.dir) {
		size += len(text)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var stored int64
	for b.Loop() {
		store := newStore(b)
		c := fast(filepath.Join(b.TempDir()), store, l)
		f, err := Start(context.Background(), c)
		require.NoError(b, err)
		require.NoError(b, f.Flush(context.Background()))
		require.NoError(b, f.Close())
		stored = 0
		for o, err := range store.List(context.Background(), "", "") {
			require.NoError(b, err)
			stored += o.Size
		}
	}
	b.ReportMetric(100*float64(stored)/float64(size), "%stored")
}
