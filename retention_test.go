package flexor_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// TestRetention opens a vault again when what it recorded is no longer kept.
func TestRetention(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 4, 30, 14, 5, 0, 0, time.UTC)
	o := &flexor.Options{Now: func() time.Time { return now }}
	dir := t.TempDir()
	_, err := vaultcfg.Init(dir, "company", vaultcfg.L2, vaultcfg.Sandbox)
	require.NoError(t, err)
	v, err := flexor.Open(ctx, dir, o)
	require.NoError(t, err)
	require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{Type: audit.Manual}, func(context.Context, *audit.Run) error { return nil }))
	require.NoError(t, v.Close())

	entries := func(v *flexor.Vault) (n int) {
		t.Helper()
		for _, err := range v.Log.Entries(ctx, audit.Filter{}) {
			var gone *vault.PurgedError
			if errors.As(err, &gone) {
				return 0 // just now
			}
			require.NoError(t, err)
			n++
		}
		return n
	}
	now = now.AddDate(0, 0, 90)
	v, err = flexor.Open(ctx, dir, o)
	require.NoError(t, err)
	res, err := v.ApplyRetention(ctx)
	require.NoError(t, err)
	require.Zero(t, res.To)
	require.Equal(t, 1, entries(v))
	require.NoError(t, v.Close())

	now = now.AddDate(0, 0, 1)
	v, err = flexor.Open(ctx, dir, o) // applies it by itself
	require.NoError(t, err)
	for entries(v) > 0 { // in its own time
		runtime.Gosched()
	}
	res, err = v.ApplyRetention(ctx)
	require.NoError(t, err)
	require.Positive(t, res.To)
	require.Zero(t, res.Segments)
	require.NoError(t, v.Close())
}
