package lineage_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// These make the test below the agent that is killed in it.
const (
	putVaultEnv = "FLEXOR_TEST_LINEAGE_PUT_VAULT"
	putURLEnv   = "FLEXOR_TEST_LINEAGE_PUT_URL"
)

// A process that is killed while a server works on its request has left the change behind,
// made from what the run had read.
func TestKilledDuringARequest(t *testing.T) {
	if dir := os.Getenv(putVaultEnv); dir != "" {
		v, err := flexor.Open(t.Context(), dir, nil)
		require.NoError(t, err)
		_ = v.Audit.Do(t.Context(), "publisher", audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
			lineage.Read(run, "", "catalog://prices/2026-04-30")
			req, err := http.NewRequestWithContext(ctx, http.MethodPut, os.Getenv(putURLEnv), strings.NewReader("101.25"))
			require.NoError(t, err)
			_, err = (&http.Client{Transport: &lineage.HTTPTransport{}}).Do(req) //nolint:bodyclose // nobody answers
			return err
		})
		t.Fatal("it is killed before")
	}
	dir := t.TempDir()
	_, err := vaultcfg.Init(dir, "test", vaultcfg.L2, vaultcfg.Sandbox)
	require.NoError(t, err)
	arrived := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- string(body)
		<-r.Context().Done()
	}))
	defer srv.Close()

	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, "-test.run=^TestKilledDuringARequest$")
	cmd.Env = append(os.Environ(), putVaultEnv+"="+dir, putURLEnv+"="+srv.URL+"/nav")
	require.NoError(t, cmd.Start())
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	select {
	case body := <-arrived:
		assert.Equal(t, "101.25", body)
	case err := <-exited:
		t.Fatalf("the agent has ended: %v", err)
	}
	require.NoError(t, cmd.Process.Kill())
	<-exited

	v, err := flexor.Open(t.Context(), dir, nil)
	require.NoError(t, err)
	defer v.Close() //nolint:errcheck // nothing was recorded
	for record, role := range map[string]lineage.Role{srv.URL + "/nav": lineage.WrittenBy, "catalog://prices/2026-04-30": lineage.IncludedIn} {
		res := ask(t, v.Log, lineage.Query{Record: record})
		require.Len(t, res.Touches, 1, record)
		assert.Equal(t, role, res.Touches[0].Role)
		assert.Equal(t, "publisher", res.Touches[0].AgentName)
		assert.Equal(t, audit.Failed, res.Touches[0].Status)
	}
}
