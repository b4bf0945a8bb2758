package flexor_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// Whoever can write the directory can cut the governance log back to an earlier commit,
// without a key. A program that opens the vault for the first time notices, because a
// run that was recorded names the log as it was.
func TestGovernanceCutBack(t *testing.T) {
	ctx := context.Background()
	dir := newVault(t)
	noon := func() time.Time { return time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC) } // so that there is one segment
	owner, key, err := control.Init(ctx, dir, control.Genesis{Vault: "test", Tier: rbac.L2, Owner: rbac.User("alice@fund.com")}, &control.Config{Now: noon})
	require.NoError(t, err)
	require.NoError(t, owner.Close())
	segment := onlySegment(t, filepath.Join(dir, control.LogName))
	before, err := os.ReadFile(segment)
	require.NoError(t, err)

	owner, err = control.Open(ctx, dir, &control.Config{Key: key, Now: noon})
	require.NoError(t, err)
	_, err = owner.Pause(ctx, "other-agent", rbac.Sandbox, "")
	require.NoError(t, err)
	require.NoError(t, owner.Close())

	open := func() *flexor.Vault {
		v, err := flexor.Open(ctx, dir, nil)
		require.NoError(t, err)
		return v
	}
	v := open()
	require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
	require.NoError(t, v.Close())
	v = open()
	require.NoError(t, v.Control.Damage())
	require.NoError(t, v.Close())

	require.NoError(t, os.WriteFile(segment, before, 0o644))
	require.NoError(t, os.Remove(filepath.Join(dir, control.LogName, "checkpoint")))
	v = open()
	require.ErrorIs(t, v.Control.Damage(), control.ErrCorrupt)
	require.ErrorContains(t, v.Control.Damage(), "records were removed")
	require.NoError(t, v.Close())

	require.NoError(t, os.RemoveAll(filepath.Join(dir, control.LogName)))
	require.NoError(t, os.Remove(filepath.Join(dir, "keys", "governance-log.key")))
	v = open()
	require.ErrorIs(t, v.Control.Damage(), control.ErrCorrupt, "all of it is gone, and the key too")
	require.NoError(t, v.Close())
}

// onlySegment returns the file of the one segment of a log.
func onlySegment(t *testing.T, log string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(log, "segments", "*", "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}
