package flexor_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// What vault.json has removed from the audit log is removed from the reasons of
// orders as well.
func TestReasonsAreRedactedAsTheVaultSays(t *testing.T) {
	dir := t.TempDir()
	settings := `{"name": "company", "tier": "L2", "environment": "sandbox", "audit": {"pii_redaction": true}}`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.json"), []byte(settings), 0o600))
	ctl, key, err := control.Init(t.Context(), dir, control.Genesis{Vault: "company", Tier: rbac.L2, Owner: rbac.User("owner@fund.com")}, nil)
	require.NoError(t, err)
	require.NoError(t, ctl.Close())
	v, err := flexor.Open(t.Context(), dir, &flexor.Options{Key: key})
	require.NoError(t, err)
	defer v.Close()
	out, err := v.Control.Pause(t.Context(), "feed", rbac.Sandbox, "bob@fund.com asked for it")
	require.NoError(t, err)
	require.Equal(t, "[EMAIL] asked for it", out.Decision.Request.Reason)
}
