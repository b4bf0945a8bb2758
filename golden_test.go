package flexor_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

var update = flag.Bool("update", false, "write the golden vault of the current format anew")

// goldenVaults holds a vault of each format of the ledger, by its version. All must
// stay readable, verifiable and appendable for ever; a new format gets a folder of its
// own.
const goldenVaults = "testdata/vaults"

// goldenVersion is the version of the current format.
const goldenVersion = "v2"

// goldenSigner signs the golden vault. Its key is no secret.
type goldenSigner struct {
	note.Signer
	verifierKey string
}

func (s goldenSigner) VerifierKey() string { return s.verifierKey }

func newGoldenSigner(t *testing.T) vault.Signer {
	t.Helper()
	const name = "flexor/golden/audit-log"
	seed := []byte("the golden vault's key, no secret")[:ed25519.SeedSize]
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	verifierKey, err := note.NewEd25519VerifierKey(name, public)
	require.NoError(t, err)
	hash := strings.Split(verifierKey, "+")[1]
	s, err := note.NewSigner("PRIVATE+KEY+" + name + "+" + hash + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, seed...)))
	require.NoError(t, err)
	return goldenSigner{s, verifierKey}
}

func TestGoldenVault(t *testing.T) {
	if *update {
		writeGoldenVault(t, filepath.Join(goldenVaults, goldenVersion))
	}
	for _, version := range []string{"v1", goldenVersion} {
		t.Run(version, func(t *testing.T) { checkGoldenVault(t, filepath.Join(goldenVaults, version), version) })
	}
}

func checkGoldenVault(t *testing.T, goldenVault, version string) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), version)
	require.NoError(t, os.CopyFS(dir, os.DirFS(goldenVault)))
	format, err := os.ReadFile(filepath.Join(dir, "audit-log", "log.json"))
	require.NoError(t, err)
	require.Contains(t, string(format), `"format": "flexor.ledger/`+version+`"`)

	log, err := vault.OpenReader(filepath.Join(dir, "audit-log"))
	require.NoError(t, err)
	anchor, err := os.ReadFile(filepath.Join(goldenVault, "anchor"))
	require.NoError(t, err)
	rep, err := log.Verify(ctx, &vault.VerifyOptions{Anchor: anchor, PublicKey: newGoldenSigner(t).VerifierKey()})
	require.NoError(t, err)
	require.Equal(t, vault.Anchored, rep.Verdict)
	require.Empty(t, rep.Notes)
	require.Equal(t, 2, rep.Segments)
	require.Equal(t, rep.Entries, validateEntries(t, log))

	var got strings.Builder
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	for e, err := range log.Entries(ctx, audit.Filter{}) {
		require.NoError(t, err)
		require.NoError(t, enc.Encode(e))
	}
	entries, err := os.ReadFile(filepath.Join(goldenVault, "entries.jsonl"))
	require.NoError(t, err)
	require.Equal(t, string(entries), got.String())

	v, err := flexor.Open(ctx, dir, &flexor.Options{Signer: newGoldenSigner(t), ManualRetention: true})
	require.NoError(t, err)
	require.NoError(t, v.Audit.Do(ctx, "successor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
	require.NoError(t, v.Close())
	rep, err = log.Verify(ctx, &vault.VerifyOptions{Anchor: anchor})
	require.NoError(t, err)
	require.Equal(t, vault.Anchored, rep.Verdict)
}

// writeGoldenVault records a little of everything over two days.
func writeGoldenVault(t *testing.T, goldenVault string) {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, os.RemoveAll(goldenVault))
	_, err := vaultcfg.Init(goldenVault, "golden", vaultcfg.L2, vaultcfg.Staging)
	require.NoError(t, err)
	now := time.Date(2026, 4, 30, 23, 59, 0, 0, time.UTC)
	o := &flexor.Options{Signer: newGoldenSigner(t), Now: func() time.Time { now = now.Add(time.Second); return now }}
	v, err := flexor.Open(ctx, goldenVault, o)
	require.NoError(t, err)
	trigger := audit.Trigger{Type: audit.Schedule, By: "cron"}
	require.NoError(t, v.Audit.Do(ctx, "feed-monitor@1.4.2", trigger, func(ctx context.Context, run *audit.Run) error {
		run.Output("greeting", "Grüße, 世界 <&>")
		return run.Task(ctx, "data-freshness-check", func(_ context.Context, t *audit.Task) error {
			t.If("feed is stale", true, audit.Value("age_minutes", 95.5), audit.Value("symbols", []string{"AAPL", "IBM"}))
			t.Choose("route", "backup", []string{"primary", "backup", "manual"})
			return nil
		})
	}))
	require.Error(t, v.Audit.Do(ctx, "recon-summary", trigger, func(_ context.Context, run *audit.Run) error {
		run.If("sources differ", true)
		return errors.New("3 prices differ")
	}))
	now = now.Add(time.Hour)
	_, run, err := v.Audit.Start(ctx, "weekly-nav-report", audit.Trigger{Type: audit.Manual, By: "alice@fund.com"})
	require.NoError(t, err)
	run.If("market is open", false)
	require.NoError(t, v.Close())             // the run is closed as interrupted
	v, err = flexor.Open(ctx, goldenVault, o) // by this one
	require.NoError(t, err)
	head, err := v.Log.Head()
	require.NoError(t, err)
	require.NoError(t, v.Close())

	require.NoError(t, os.WriteFile(filepath.Join(goldenVault, "anchor"), head.Note, 0o644))
	f, err := os.Create(filepath.Join(goldenVault, "entries.jsonl"))
	require.NoError(t, err)
	enc := json.NewEncoder(f)
	enc.SetEscapeHTML(false)
	for e, err := range v.Log.Entries(ctx, audit.Filter{}) {
		require.NoError(t, err)
		require.NoError(t, enc.Encode(e))
	}
	require.NoError(t, f.Close())
}
