package flexor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// linesOf returns the ids of the runs in a file of JSON lines.
func linesOf(t *testing.T, name string) (ids []string) {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	for line := range bytes.Lines(data) {
		var e audit.Entry
		require.NoError(t, json.Unmarshal(line, &e))
		require.Equal(t, audit.KindRun, e.Kind)
		ids = append(ids, e.RunID)
	}
	return ids
}

// idsOf returns the ids of the runs in the log of a vault.
func idsOf(t *testing.T, v *flexor.Vault) (ids []string) {
	t.Helper()
	for e, err := range v.Log.Entries(context.Background(), audit.Filter{}) {
		require.NoError(t, err)
		ids = append(ids, e.RunID)
	}
	return ids
}

// A file of JSON lines gets the entry of every run, once, whichever of two open vaults
// recorded it, and whichever of them goes first.
func TestLines(t *testing.T) {
	ctx := context.Background()
	lines := filepath.Join(t.TempDir(), "decisions.jsonl")
	dir := copiedVault(t, fileURL(lines)+"?perm=0640&daily=true")
	o := &flexor.Options{ManualRetention: true, Pace: archive.Pace{Poll: time.Millisecond}}
	open := func() *flexor.Vault {
		v, err := flexor.Open(ctx, dir, o)
		require.NoError(t, err)
		return v
	}
	run := func(v *flexor.Vault) {
		require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
			run.If("feed is stale", false)
			return nil
		}))
	}
	first, second := open(), open()
	for _, v := range []*flexor.Vault{first, second, first} {
		run(v)
	}
	for _, v := range []*flexor.Vault{first, second} {
		require.NoError(t, v.Flush(ctx))
	}
	require.Equal(t, idsOf(t, first), linesOf(t, lines))
	info, err := os.Stat(lines)
	require.NoError(t, err)
	if runtime.GOOS != "windows" { // where modes say nothing
		require.Zero(t, info.Mode().Perm()&^0o640)
	}

	require.NoError(t, first.Close())
	run(second)
	require.NoError(t, second.Flush(ctx), "the other goes on")
	run(second)
	require.NoError(t, second.Close(), "which sends what is left")
	require.Len(t, linesOf(t, lines), 5)
	require.Equal(t, idsOf(t, second), linesOf(t, lines))

	confirmed, err := flexor.Confirmed(second.Config, o)
	require.NoError(t, err)
	n, err := confirmed(ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(math.MaxUint64), n, "retention does not wait for a file that holds no evidence")
	second.Config.Audit.SecondaryDestinations = append(second.Config.Audit.SecondaryDestinations, vaultcfg.Location{Scheme: "file", Path: "/mnt/archive/"})
	confirmed, err = flexor.Confirmed(second.Config, o)
	require.NoError(t, err)
	n, err = confirmed(ctx)
	require.NoError(t, err)
	require.Zero(t, n, "a copy that is not there yet")
}

// What cannot work is an error before anything is recorded.
func TestFeedsThatFail(t *testing.T) {
	ctx := context.Background()
	lines := fileURL(filepath.Join(t.TempDir(), "decisions.jsonl"))
	for place, says := range map[string]string{
		"openlineage+https://marquez.example": `import "github.com/flexorhq/flexor-go/sinks/openlineage" and add Feeds: flexor.Feeds{"openlineage": openlineage.Open} to its flexor.Options`,
		"file://host/decisions.jsonl":         "does not name a file of this machine",
		lines + "?kinds=all":                  `setting kinds: no record has the kind "all"`,
		lines + "?compress=lzma":              `setting compress: no way to compress is called "lzma"`,
		lines + "?perm=abc":                   "setting perm: ",
	} {
		dir := copiedVault(t, place)
		_, err := flexor.Open(ctx, dir, nil)
		require.ErrorIs(t, err, flexor.ErrDestination)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, filepath.Join(dir, "vault.json")+":1:85: audit.secondary_destination is "+place)
		require.NoDirExists(t, filepath.Join(dir, "audit-log"))
	}
	for _, place := range []string{"file:///var/log/decisions.jsonl", "openlineage+https://marquez.example"} {
		dir := t.TempDir()
		doc := fmt.Sprintf(`{"name":"test","tier":"L2","environment":"sandbox","audit":{"destination":%q}}`, place)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.json"), []byte(doc), 0o600))
		_, err := flexor.Open(ctx, dir, nil)
		require.ErrorIs(t, err, flexor.ErrDestination)
		require.ErrorContains(t, err, "holds no log that can be verified; use vault://audit-log/")
	}
}

// A file whose URL asks for them gets the events of the governance log too, byte for byte,
// whoever gave the orders.
func TestGovernanceLines(t *testing.T) {
	ctx := context.Background()
	for _, kinds := range []string{"run,governance", "governance"} {
		lines := filepath.Join(t.TempDir(), "siem.jsonl")
		dir := copiedVault(t, fileURL(lines)+"?kinds="+kinds)
		o := &flexor.Options{ManualRetention: true, Pace: archive.Pace{Poll: time.Millisecond}}
		run := func() {
			v, err := flexor.Open(ctx, dir, o)
			require.NoError(t, err)
			require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
			require.NoError(t, v.Flush(ctx))
			require.NoError(t, v.Close())
		}
		run() // nobody owns the vault yet
		owner, _, err := control.Init(ctx, dir, control.Genesis{Vault: "test", Tier: rbac.L2, Owner: rbac.User("owner@fund.com")}, nil)
		require.NoError(t, err)
		run()
		_, err = owner.GrantRole(ctx, rbac.User("bob@fund.com"), rbac.Operator, time.Time{}, "")
		require.NoError(t, err)
		run()
		require.NoError(t, owner.Close())

		log, err := vault.OpenReader(filepath.Join(dir, control.LogName))
		require.NoError(t, err)
		var want, events []string
		for rec, err := range log.Records(ctx, 0) {
			require.NoError(t, err)
			want = append(want, string(rec.Line))
		}
		data, err := os.ReadFile(lines)
		require.NoError(t, err)
		runs := 0
		for line := range bytes.Lines(data) {
			if line = bytes.TrimSuffix(line, []byte("\n")); bytes.HasPrefix(line, []byte(`{"event":`)) {
				events = append(events, string(line))
			} else {
				runs++
			}
		}
		require.Len(t, want, 2)
		require.Equal(t, want, events)
		require.Equal(t, map[string]int{"run,governance": 3, "governance": 0}[kinds], runs)
		at, err := feed.Status(ctx, log, filepath.Join(dir, feed.Folder))
		require.NoError(t, err)
		require.Len(t, at, 1)
		require.Equal(t, feed.Position{Name: fileURL(lines) + "?kinds=" + kinds, Log: "flexor/test/governance-log", Sent: 2, SentAt: at[0].SentAt}, at[0])

		// Taken out of vault.json, both are forgotten at once.
		cfg, err := vaultcfg.Load(dir, nil)
		require.NoError(t, err)
		require.ErrorIs(t, flexor.Forget(cfg, nil, at[0].Name), flexor.ErrDestination)
		cfg.Audit.SecondaryDestinations = nil
		require.NoError(t, flexor.Forget(cfg, nil, at[0].Name))
		left, err := filepath.Glob(filepath.Join(dir, feed.Folder, "*", "position.json"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
}
