package feed_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/sinks/file"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// feederArg makes the test binary a process that records runs and feeds a file, until it
// is killed.
const feederArg = "FLEXOR_FEEDER"

func TestFeeder(t *testing.T) {
	dir := os.Getenv(feederArg)
	if dir == "" {
		t.Skip("only for TestKilledFeeders")
	}
	ctx := context.Background()
	l := openLog(t, dir)
	rec, err := audit.New(l, &audit.Config{Vault: "company", Environment: "sandbox", Writer: l.Writer()})
	require.NoError(t, err)
	_, err = feed.Start(ctx, config(l, dir))
	require.NoError(t, err)
	for {
		require.NoError(t, rec.Do(ctx, "feed-monitor", audit.Trigger{Type: audit.Manual}, func(context.Context, *audit.Run) error { return nil }))
		fmt.Println("recorded")
	}
}

func openLog(t *testing.T, dir string) *vault.Log {
	t.Helper()
	l, err := vault.Open(context.Background(), filepath.Join(dir, "audit-log"), &vault.Config{Origin: "flexor/company/audit-log"})
	require.NoError(t, err)
	return l
}

func config(l *vault.Log, dir string) *feed.Config {
	return &feed.Config{
		Log: l.Reader, State: filepath.Join(dir, "feed"), Name: "audit.jsonl", Turn: time.Millisecond,
		Open: func(context.Context) (feed.Target, error) {
			sink, err := file.Open(filepath.Join(dir, "audit.jsonl"), nil)
			return feed.Sink(sink), err
		},
	}
}

// TestKilledFeeders kills processes that feed a file at random moments, two at a time, and
// then expects the entry of every run in the file, in the order of the log.
func TestKilledFeeders(t *testing.T) {
	rounds := 40
	if testing.Short() {
		rounds = 4
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	for range rounds {
		var pair [2]*exec.Cmd
		for i := range pair {
			cmd := exec.Command(os.Args[0], "-test.run=^TestFeeder$")
			cmd.Env = append(os.Environ(), feederArg+"="+dir)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			lines := bufio.NewScanner(out)
			for range 1 + rnd.IntN(30) {
				require.True(t, lines.Scan(), "it ended by itself")
			}
			pair[i] = cmd
		}
		for _, cmd := range pair {
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
		}
	}
	ctx := context.Background()
	l := openLog(t, dir)
	f, err := feed.Start(ctx, config(l, dir))
	require.NoError(t, err)
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())

	seen := map[string]bool{}
	var got []string
	again := 0
	in, err := os.Open(filepath.Join(dir, "audit.jsonl"))
	require.NoError(t, err)
	defer in.Close()
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var e audit.Entry
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e))
		if seen[e.RunID] {
			again++
			continue
		}
		seen[e.RunID] = true
		got = append(got, e.RunID)
	}
	var want []string
	for e, err := range l.Entries(ctx, audit.Filter{}) {
		require.NoError(t, err)
		want = append(want, e.RunID)
	}
	require.Equal(t, want, got)
	require.NoError(t, l.Close())
	t.Logf("%d entries, %d of them came twice", len(want), again)
}
