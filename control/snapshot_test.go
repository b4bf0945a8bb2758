package control

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// open opens the vault with snapshots in a directory.
func (h *house) open(snapshots string) *Control {
	h.t.Helper()
	c, err := Open(bg, h.dir, &Config{Key: h.key, Now: h.clock.Now, Snapshots: snapshots, fs: h.owner.cfg.fs})
	require.NoError(h.t, err)
	return c
}

// populate gives a role to n people more.
func (h *house) populate(n int) {
	h.t.Helper()
	for range n {
		h.people++
		_, err := h.owner.GrantRole(bg, rbac.User(fmt.Sprintf("user-%d@fund.com", h.people)), rbac.Viewer, time.Time{}, "")
		require.NoError(h.t, err)
	}
}

// busy makes a vault with something of everything.
func busy(t testing.TB) *house {
	h := newHouse(t)
	admin := h.join(bob, rbac.Admin)
	for v := range 5 {
		_, _, err := admin.Deploy(bg, DeployOrder{Agent: "a", Version: fmt.Sprint(v), Environment: rbac.Production, Reason: "new"})
		require.NoError(t, err)
	}
	_, err := admin.Pause(bg, "a", rbac.Production, "because")
	require.NoError(t, err)
	_, err = admin.Pause(bg, "b", rbac.Sandbox, "")
	require.NoError(t, err)
	_, err = admin.Resume(bg, "b", rbac.Sandbox, "")
	require.NoError(t, err)
	_, err = admin.Kill(bg, Run{ID: "run_01h455vb4pex5vsknk084sn02q", Agent: "a", Environment: rbac.Production}, "because")
	require.NoError(t, err)
	_, err = admin.GrantRole(bg, bob, rbac.Owner, time.Time{}, "")
	require.ErrorIs(t, err, ErrDenied)
	_, _, err = h.owner.RotateKey(bg, Rotation{Key: admin.cfg.Key.ID(), Overlap: time.Hour})
	require.NoError(t, err)
	return h
}

// A state from a snapshot is the one from the whole log, and goes on as it does.
func TestSnapshot(t *testing.T) {
	h := busy(t)
	h.populate(smallLog)
	dir := filepath.Join(t.TempDir(), "snapshots")
	require.NoError(t, h.open(dir).Close())
	saved, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, saved, 1)

	same(t, h.owner.state, h.open(dir).state)
	h.populate(3)
	c := h.open(dir)
	same(t, h.owner.state, c.state)
	require.Equal(t, h.owner.state.resumed, c.state.resumed)
	require.NotNil(t, c.state.before, "it was used")
	require.Less(t, c.state.before.size, c.state.tree.Size())

	// Any bit of it that is not as it was written makes it useless, and no more.
	data, err := os.ReadFile(saved[0])
	require.NoError(t, err)
	for i := 0; i < len(data); i += 97 {
		bad := bytes.Clone(data)
		bad[i] ^= 4
		_, err := decodeSnapshot(string(bad))
		require.Error(t, err)
		_, err = decodeSnapshot(string(data[:i]))
		require.Error(t, err)
	}
	require.NoError(t, os.WriteFile(saved[0], data[:100], 0o600))
	same(t, h.owner.state, h.open(dir).state)
	if os.PathSeparator == '/' {
		require.NoError(t, os.WriteFile(saved[0], data, 0o600))
		require.NoError(t, os.Chmod(saved[0], 0o622))
		c := h.open(dir)
		require.Nil(t, c.state.before, "others may have written it")
		require.NoError(t, os.Chmod(saved[0], 0o600))
		if os.Geteuid() == 0 { // only root can play somebody else
			require.NoError(t, os.Chown(saved[0], 12345, 12345))
			c := h.open(dir)
			require.Nil(t, c.state.before, "somebody else has written it")
		}
	}
}

// A log that is shorter than it was, or another one by the same key, is damaged to
// whoever remembers it; to others it looks right.
func TestWhatIsRemembered(t *testing.T) {
	h := newHouse(t)
	h.populate(2)
	shortened := filepath.Join(t.TempDir(), "vault")
	require.NoError(t, os.CopyFS(shortened, os.DirFS(h.dir)))
	require.NoError(t, os.Chmod(filepath.Join(shortened, "keys", LogName+".key"), 0o600))
	h.populate(2)
	dir := t.TempDir()
	require.NoError(t, h.open(dir).Close())
	at := h.dir
	require.NoError(t, os.Rename(at, at+".away"))
	require.NoError(t, os.Rename(shortened, at))
	defer func() { // for who has it open
		require.NoError(t, os.RemoveAll(at))
		require.NoError(t, os.Rename(at+".away", at))
	}()
	require.NoError(t, h.open("").Damage())
	c := h.open(dir)
	require.ErrorIs(t, c.Damage(), ErrCorrupt)
	require.ErrorContains(t, c.Damage(), "there were 5 before")
	out, err := c.GrantRole(bg, bob, rbac.Admin, time.Time{}, "")
	require.ErrorIs(t, err, ErrDenied)
	require.Equal(t, LogCorrupt, out.Decision.Code)

	other := h.open("") // does not remember, and writes on
	for i := range 3 {
		_, err := other.GrantRole(bg, rbac.User(fmt.Sprintf("other-%d@fund.com", i)), rbac.Viewer, time.Time{}, "")
		require.NoError(t, err)
	}
	require.ErrorContains(t, h.open(dir).Damage(), "the log was rewritten")
}

// Whoever can write the directory can begin a log of their own in it. Who knows the
// right one does not believe that.
func TestReplacedLogs(t *testing.T) {
	h := newHouse(t)
	dir := t.TempDir()
	require.NoError(t, h.open(dir).Close())
	fingerprint := h.owner.Fingerprint()
	require.NoError(t, os.RemoveAll(filepath.Join(h.dir, "keys")))
	require.NoError(t, os.RemoveAll(filepath.Join(h.dir, LogName)))
	thief, key, err := Init(bg, h.dir, Genesis{Vault: "company", Tier: rbac.L2, Owner: carol}, nil)
	require.NoError(t, err)
	require.NoError(t, thief.Close())
	h.owner.looked = time.Time{}

	for name, c := range map[string]*Control{"open": h.owner, "remembers": h.open(dir)} {
		require.False(t, c.Can(bg, carol, rbac.Request{Action: rbac.View}).Allowed, name)
		require.ErrorIs(t, c.Damage(), ErrCorrupt, name)
	}
	require.ErrorContains(t, h.open(dir).Damage(), "another log")
	c, err := Open(bg, h.dir, &Config{Key: key, Fingerprint: fingerprint})
	require.NoError(t, err)
	require.ErrorContains(t, c.Damage(), "the log was replaced")
	out, err := c.GrantRole(bg, bob, rbac.Admin, time.Time{}, "")
	require.ErrorIs(t, err, ErrDenied)
	require.Equal(t, LogCorrupt, out.Decision.Code)
	require.NoError(t, c.Close())

	// A new beginning in earnest.
	require.NoError(t, os.RemoveAll(filepath.Join(h.dir, "keys")))
	require.NoError(t, os.RemoveAll(filepath.Join(h.dir, LogName)))
	again, _, err := Init(bg, h.dir, Genesis{Vault: "company", Tier: rbac.L2, Owner: alice}, &Config{Snapshots: dir})
	require.NoError(t, err)
	require.NoError(t, again.Damage())
	require.NoError(t, again.Close())
}

func FuzzSnapshot(f *testing.F) {
	p := newPaper(f)
	p.join(bob, rbac.Admin)
	data, err := p.state.snapshot().encode()
	require.NoError(f, err)
	f.Add(data[len(snapshotMagic) : len(data)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		x := &codec{in: string(body), reading: true}
		var o snapshot
		var rest string
		x.snapshot(&o, &rest)
	})
}

// A log that is gone with all its traces in the vault is missed by who has looked at it.
func TestSnapshotOfALogThatIsGone(t *testing.T) {
	h := newHouse(t)
	dir := t.TempDir()
	require.NoError(t, h.open(dir).Close())
	require.NoError(t, h.owner.Close())
	require.NoError(t, os.RemoveAll(filepath.Join(h.dir, LogName)))
	_, err := VerifyAccess(bg, h.dir, nil)
	require.ErrorIs(t, err, ErrCorrupt, "its key is there")
	require.NoError(t, os.Remove(vault.KeyFile(filepath.Join(h.dir, LogName))))
	_, err = VerifyAccess(bg, h.dir, nil)
	require.ErrorIs(t, err, vault.ErrNotFound)

	require.NoError(t, h.open("").Damage(), "a vault that never had one")
	c := h.open(dir)
	require.ErrorIs(t, c.Damage(), ErrCorrupt)
	require.ErrorContains(t, c.Damage(), "it had 1 records when it was last looked at")
	require.Equal(t, LogCorrupt, c.Authorize(bg, rbac.Request{Action: rbac.View}).Code)

	// Who begins anew says that what was there is over: without an owner, or with one.
	require.NoError(t, Forget(h.dir, dir))
	require.NoError(t, Forget(h.dir, dir))
	require.NoError(t, Forget(h.dir, ""))
	require.NoError(t, h.open(dir).Damage())
	again, _, err := Init(bg, h.dir, Genesis{Vault: "company", Tier: rbac.L2, Owner: bob}, &Config{Now: h.clock.Now, Snapshots: dir, fs: h.owner.cfg.fs})
	require.NoError(t, err)
	require.NoError(t, again.Damage())
	require.NoError(t, again.Close())
}
