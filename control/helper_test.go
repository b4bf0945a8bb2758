package control

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/rbac"
)

// The people of the tests.
var (
	alice = rbac.User("alice@fund.com") // the first owner
	bob   = rbac.User("bob@fund.com")
	carol = rbac.User("carol@fund.com")
	ci    = rbac.Service("ci")
)

// begin is when the clock of the tests starts.
var begin = time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC)

// clock is a clock that goes on by a second with every look.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

// unsynced is the host's file system without waiting for the disk, for tests in
// which no machine dies.
type unsynced struct{ durable.Disk }

func (unsynced) SyncDir(string) error { return nil }

func (u unsynced) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := u.Disk.OpenFile(name, flag, perm)
	return unsyncedFile{f}, err
}

type unsyncedFile struct{ durable.File }

func (unsyncedFile) Sync() error { return nil }

// house is a vault with an owner, for tests.
type house struct {
	t     testing.TB
	dir   string
	clock *clock
	owner *Control
	key   rbac.APIKey

	people int // that populate made
}

func newHouse(t testing.TB) *house { return newHouseAt(t, begin) }

func newHouseAt(t testing.TB, now time.Time) *house { return makeHouse(t, "company", now) }

// newHouseOf is newHouse of another vault.
func newHouseOf(t testing.TB, vault string) *house { return makeHouse(t, vault, begin) }

func makeHouse(t testing.TB, vault string, now time.Time) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), clock: &clock{now: now}}
	var err error
	h.owner, h.key, err = Init(t.Context(), h.dir, Genesis{Vault: vault, Tier: rbac.L2, Owner: alice}, &Config{Now: h.clock.Now, fs: unsynced{durable.NewDisk()}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.owner.Close()) })
	return h
}

// as opens the vault for somebody.
func (h *house) as(key rbac.APIKey) *Control {
	h.t.Helper()
	c, err := Open(h.t.Context(), h.dir, &Config{Key: key, Now: h.clock.Now, fs: unsynced{durable.NewDisk()}})
	require.NoError(h.t, err)
	h.t.Cleanup(func() { require.NoError(h.t, c.Close()) })
	return c
}

// join gives somebody a role and a key, and opens the vault for them.
func (h *house) join(who rbac.Subject, role rbac.Role) *Control {
	h.t.Helper()
	_, err := h.owner.GrantRole(h.t.Context(), who, role, time.Time{}, "")
	require.NoError(h.t, err)
	return h.as(h.mint(who))
}

func (h *house) mint(who rbac.Subject) rbac.APIKey {
	h.t.Helper()
	key, _, err := h.owner.CreateKey(h.t.Context(), KeyOrder{Subject: who})
	require.NoError(h.t, err)
	return key
}

// files returns the content of all files below a directory, but for the names
// that end in one of without.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		out[path] = string(data)
		return err
	}))
	return out
}

var bg = context.Background()
