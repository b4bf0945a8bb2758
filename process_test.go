package flexor_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// agentEnv makes the test binary run agents in the vault it names, in place of
// the tests; goroutines and runs tell how many, and for how long.
const agentEnv = "FLEXOR_TEST_AGENT_VAULT"

func TestMain(m *testing.M) {
	var err error
	if dir := os.Getenv(agentEnv); dir != "" {
		err = runAgents(dir, os.Stdout)
	} else if dir := os.Getenv(victimsEnv); dir != "" {
		err = runVictims(dir, os.Stdin, os.Stdout)
	} else {
		goleak.VerifyTestMain(m)
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runAgents runs agents in sixteen goroutines and says on w what was
// acknowledged, each line after the call that recorded it returned: a start, a
// decision, the end of a run. It ends after FLEXOR_TEST_AGENT_RUNS runs in each, or never.
func runAgents(dir string, w io.Writer) error {
	v, err := flexor.Open(context.Background(), dir, nil)
	if err != nil {
		return err
	}
	var runs int
	if _, err := fmt.Sscan(os.Getenv("FLEXOR_TEST_AGENT_RUNS"), &runs); err != nil {
		return err
	}
	var mu sync.Mutex
	say := func(kind, id string, n int) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(w, kind, id, n)
	}
	var group sync.WaitGroup
	errs := make(chan error, 16)
	for range 16 {
		group.Go(func() {
			for i := 0; runs == 0 || i < runs; i++ {
				var id string
				err := v.Audit.Do(context.Background(), "worker", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
					id = run.ID()
					say("start", id, 0)
					for n := range 3 {
						run.If("go on", n < 2, audit.Value("n", n))
						say("decision", id, n+1)
					}
					return nil
				})
				if err != nil {
					errs <- err
					return
				}
				say("end", id, 3)
			}
		})
	}
	group.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return v.Close()
	}
}

// startAgents starts the test binary as a process that runs agents.
func startAgents(t *testing.T, dir string, runs int) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), agentEnv+"="+dir, fmt.Sprint("FLEXOR_TEST_AGENT_RUNS=", runs))
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

// acknowledged is what a process said of its runs: decisions by run, and which
// runs ended.
type acknowledged struct {
	decisions map[string]int
	ended     map[string]bool
}

func (a *acknowledged) add(line string) error {
	var kind, id string
	var n int
	if _, err := fmt.Sscan(line, &kind, &id, &n); err != nil {
		return err
	}
	a.decisions[id] = max(a.decisions[id], n)
	if kind == "end" {
		a.ended[id] = true
	}
	return nil
}

func newVault(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	_, err := vaultcfg.Init(dir, "test", vaultcfg.L2, vaultcfg.Sandbox)
	require.NoError(t, err)
	return dir
}

// A process with runs in flight is killed at a random moment: no acknowledged entry
// is missing, and every started run is complete or interrupted, with all
// decisions that were recorded.
func TestKillAtRandomMoments(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	dir := newVault(t)
	ack := acknowledged{map[string]int{}, map[string]bool{}}
	interrupted := 0
	for round := range rounds {
		cmd, out := startAgents(t, dir, 0)
		for left := rand.IntN(200); left > 0 && out.Scan(); left-- {
			require.NoError(t, ack.add(out.Text()))
		}
		require.NoError(t, cmd.Process.Kill())
		for out.Scan() { // what it said before it died counts too
			if line := out.Text(); strings.Count(line, " ") == 2 {
				require.NoError(t, ack.add(line))
			}
		}
		_ = cmd.Wait() // killed

		if round%20 != 19 && round != rounds-1 {
			continue // the next process opens the vault, and closes the runs
		}
		v, err := flexor.Open(context.Background(), dir, nil)
		require.NoError(t, err)
		_, err = v.Log.Verify(context.Background(), nil)
		require.NoError(t, err)
		require.NoError(t, v.Close())
	}

	v, err := flexor.Open(context.Background(), dir, nil)
	require.NoError(t, err)
	defer v.Close() //nolint:errcheck // nothing was recorded
	found := map[string]audit.Entry{}
	for e, err := range v.Log.Entries(context.Background(), audit.Filter{}) {
		require.NoError(t, err)
		require.NotContains(t, found, e.RunID, "one entry a run")
		found[e.RunID] = e
		if e.EndedBy == audit.ByInterrupted {
			interrupted++
		}
	}
	for id, n := range ack.decisions {
		e, ok := found[id]
		require.True(t, ok, "run %s started and has no entry", id)
		require.GreaterOrEqual(t, len(e.Decisions), n, "run %s lost a decision", id)
		if ack.ended[id] {
			require.Equal(t, audit.Success, e.Status)
		}
		if e.EndedBy == audit.ByInterrupted {
			require.Equal(t, audit.Failed, e.Status)
		}
	}
	starts := map[string]bool{}
	for rec, err := range v.Log.Records(context.Background(), 0) {
		require.NoError(t, err)
		line, err := audit.DecodeLine(rec.Line)
		require.NoError(t, err)
		if line.Kind == audit.KindStart {
			starts[line.RunID] = true
		}
	}
	for id := range starts {
		require.Contains(t, found, id)
	}
	require.Len(t, found, len(starts))
	require.Equal(t, len(found), validateEntries(t, v.Log))
	require.NotZero(t, interrupted, "no kill hit a run")
	t.Logf("%d kills, %d runs, %d of them interrupted, %d acknowledged ends", rounds, len(found), interrupted, len(ack.ended))
}

// Four processes of sixteen goroutines share a vault: one order, nothing lost.
func TestFourProcesses(t *testing.T) {
	const processes, runs = 4, 10
	dir := newVault(t)
	ack := acknowledged{map[string]int{}, map[string]bool{}}
	var mu sync.Mutex
	var group sync.WaitGroup
	for range processes {
		cmd, out := startAgents(t, dir, runs)
		group.Go(func() {
			for out.Scan() {
				mu.Lock()
				if err := ack.add(out.Text()); err != nil {
					t.Error(err)
				}
				mu.Unlock()
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Len(t, ack.ended, processes*16*runs)

	v, err := flexor.Open(context.Background(), dir, nil)
	require.NoError(t, err)
	defer v.Close() //nolint:errcheck // nothing was recorded
	require.Empty(t, v.Settled())
	rep, err := v.Log.Verify(context.Background(), nil)
	require.NoError(t, err)
	require.Equal(t, processes*16*runs, rep.Entries)
	require.Equal(t, 3*rep.Entries, rep.Kinds[audit.KindDecision])
	seqs := map[string]int{}
	next := uint64(0)
	for rec, err := range v.Log.Records(context.Background(), 0) {
		require.NoError(t, err)
		require.Equal(t, next, rec.Index)
		next++
		line, err := audit.DecodeLine(rec.Line)
		require.NoError(t, err)
		if line.Kind != audit.KindRun {
			require.Equal(t, seqs[line.RunID], line.Seq, "run %s in the order in which it happened", line.RunID)
			seqs[line.RunID]++
		}
	}
	require.Len(t, seqs, len(ack.ended))
	require.Equal(t, rep.Entries, validateEntries(t, v.Log))
}
