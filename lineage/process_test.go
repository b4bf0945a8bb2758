package lineage_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// agentEnv makes the test binary an agent in the vault it names, in place of the tests.
const agentEnv = "FLEXOR_TEST_LINEAGE_VAULT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(agentEnv); dir != "" {
		fmt.Fprintln(os.Stderr, runAgent(dir))
		os.Exit(1) // it is killed before
	}
	os.Exit(m.Run())
}

// runAgent reads and writes records, and says each on stdout after the call that
// recorded it returned.
func runAgent(dir string) error {
	v, err := flexor.Open(context.Background(), dir, nil)
	if err != nil {
		return err
	}
	return v.Audit.Do(context.Background(), "copier", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
		for i := 0; ; i++ {
			lineage.Read(run, "", fmt.Sprintf("db://from/%d", i))
			lineage.Write(run, "", fmt.Sprintf("db://to/%d", i), lineage.From(fmt.Sprintf("db://from/%d", i)))
			fmt.Println(i)
		}
	})
}

// The accesses of a killed process are there: each that was acknowledged, before
// and after the run is closed by others.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	_, err := vaultcfg.Init(dir, "test", vaultcfg.L2, vaultcfg.Sandbox)
	require.NoError(t, err)
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), agentEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	said := bufio.NewScanner(out)
	last := -1
	for said.Scan() && last < 50 {
		_, err := fmt.Sscan(said.Text(), &last)
		require.NoError(t, err)
	}
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.GreaterOrEqual(t, last, 50)

	v, err := flexor.Open(t.Context(), dir, nil)
	require.NoError(t, err)
	defer v.Close() //nolint:errcheck // nothing was recorded
	require.Len(t, v.Settled(), 1)
	for i := 0; i <= last; i += 10 {
		res := ask(t, v.Log, lineage.Query{Record: fmt.Sprintf("db://from/%d", i)})
		require.Len(t, res.Touches, 1)
		assert.Equal(t, lineage.IncludedIn, res.Touches[0].Role)
		assert.Equal(t, audit.Failed, res.Touches[0].Status)
		assert.Equal(t, v.Settled()[0], res.Touches[0].RunID)
		assert.Equal(t, fmt.Sprintf("db://to/%d", i), res.Versions[0].Record)
		assert.NotZero(t, res.Head.Size)
		assert.NotEqual(t, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", res.Head.Root)
	}
	for e, err := range v.Log.Entries(t.Context(), audit.Filter{}) {
		require.NoError(t, err)
		assert.GreaterOrEqual(t, e.Accesses.Reads, last+1)
	}
}
