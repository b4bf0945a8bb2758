package control

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/rbac"
)

var update = flag.Bool("update", false, "write the golden log anew")

// golden is what is known of the log in testdata.
type golden struct {
	Report      AccessReport `json:"report"`
	Events      []Event      `json:"events"`
	Deployments []Deployment `json:"deployments"`
	Pauses      []Halt       `json:"pauses"`
	Grants      []rbac.Grant `json:"grants"`
	Explained   []uint64     `json:"explained"` // the records that the newest deployment rests on
}

// A log that an earlier version wrote means the same for ever.
func TestGoldenLog(t *testing.T) {
	dir := filepath.Join("testdata", "vault")
	if *update {
		makeGolden(t, dir)
	}
	var got golden
	c, err := Open(bg, dir, nil)
	require.NoError(t, err)
	defer c.Close()
	got.Report, err = VerifyAccess(bg, dir, &VerifyOptions{Fingerprint: c.Fingerprint()})
	require.NoError(t, err)
	got.Deployments, err = c.Deployments(bg)
	require.NoError(t, err)
	got.Pauses, err = c.Pauses(bg)
	require.NoError(t, err)
	got.Grants, err = c.Grants(bg)
	require.NoError(t, err)
	for e, err := range c.Events(bg, 0) {
		require.NoError(t, err)
		got.Events = append(got.Events, e)
	}
	chain, err := c.Explain(bg, got.Deployments[0].ID)
	require.NoError(t, err)
	for _, l := range chain.Links {
		got.Explained = append(got.Explained, l.Event.Index)
	}
	again, err := json.MarshalIndent(got, "", "  ")
	require.NoError(t, err)
	again = append(again, '\n')
	path := filepath.Join("testdata", "vault.golden.json")
	if *update {
		require.NoError(t, os.WriteFile(path, again, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(again))
}

// makeGolden writes a log with an event of each kind, and one that does not count.
func makeGolden(t *testing.T, dir string) {
	h := newHouse(t)
	admin := h.join(bob, rbac.Admin)
	_, err := admin.GrantRole(bg, bob, rbac.Owner, begin.Add(day), "")
	require.ErrorIs(t, err, ErrDenied)
	for _, v := range []string{"1.4.2", "1.5.0"} {
		_, _, err := admin.Deploy(bg, DeployOrder{Agent: "feed-monitor", Version: v, Environment: rbac.Production, Digest: "sha256:" + strings.Repeat("5", 64), Reason: "release"})
		require.NoError(t, err)
	}
	_, err = admin.Pause(bg, "feed-monitor", rbac.Production, "stale feed")
	require.NoError(t, err)
	_, err = admin.Resume(bg, "feed-monitor", rbac.Production, "")
	require.NoError(t, err)
	_, err = admin.Pause(bg, "recon", rbac.Sandbox, "")
	require.NoError(t, err)
	_, err = admin.Kill(bg, Run{ID: "run_01h455vb4pex5vsknk084sn02q", Agent: "feed-monitor", Environment: rbac.Production}, "wrong prices")
	require.NoError(t, err)
	_, _, err = admin.RotateKey(bg, Rotation{Overlap: day})
	require.NoError(t, err)
	_, _, err = admin.Rollback(bg, RollbackOrder{Agent: "feed-monitor", Environment: rbac.Production})
	require.NoError(t, err)
	_, err = h.owner.GrantRole(bg, ci, rbac.Operator, begin.Add(day), "nightly")
	require.NoError(t, err)
	_, err = h.as(mint(t, carol)).Pause(bg, "recon", rbac.Production, "who am I")
	require.ErrorIs(t, err, ErrDenied)
	_, err = h.owner.RevokeKey(bg, admin.cfg.Key.ID(), "left")
	require.NoError(t, err)
	_, err = h.owner.RevokeRole(bg, bob, "left")
	require.NoError(t, err)
	require.NoError(t, h.owner.note(bg, "approve/v1", map[string]string{"of": "the future"}))
	require.NoError(t, h.owner.RecordPurge(bg, "audit-log", 812, h.owner.Head().Root))
	require.NoError(t, h.owner.Close())
	require.NoError(t, os.RemoveAll(dir))
	for path, data := range files(t, filepath.Join(h.dir, LogName)) {
		rel, err := filepath.Rel(h.dir, path)
		require.NoError(t, err)
		if filepath.Base(path) == "tree" || strings.HasSuffix(path, "lock") {
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(rel)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, rel), []byte(data), 0o644))
	}
}
