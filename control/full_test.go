package control

import (
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

// fillable is a file system that can be full.
type fillable struct {
	unsynced
	full *atomic.Bool
}

func (f fillable) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if f.full.Load() && flag&os.O_CREATE != 0 {
		return nil, syscall.ENOSPC
	}
	file, err := f.unsynced.OpenFile(name, flag, perm)
	return fillableFile{file, f.full}, err
}

type fillableFile struct {
	durable.File
	full *atomic.Bool
}

func (f fillableFile) WriteAt(data []byte, off int64) (int, error) {
	if f.full.Load() {
		return 0, syscall.ENOSPC
	}
	return f.File.WriteAt(data, off)
}

// What is denied is denied on a disk that takes nothing, too, whatever it is, and
// both is said. So it is if the log cannot be opened for writing at all.
func TestDeniedOnAFullDisk(t *testing.T) {
	h := newHouse(t)
	viewer := h.mint(bob)
	_, err := h.owner.GrantRole(bg, bob, rbac.Viewer, time.Time{}, "")
	require.NoError(t, err)
	_, _, err = h.owner.Deploy(bg, DeployOrder{Agent: "a", Version: "1", Environment: rbac.Sandbox})
	require.NoError(t, err)
	_, err = h.owner.Pause(bg, "b", rbac.Sandbox, "")
	require.NoError(t, err)
	for _, opened := range []bool{false, true} {
		full := new(atomic.Bool)
		c, err := Open(bg, h.dir, &Config{Key: viewer, Now: h.clock.Now, fs: fillable{unsynced{durable.NewDisk()}, full}})
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		stranger, err := Open(bg, h.dir, &Config{Key: mint(t, carol), Now: h.clock.Now, fs: fillable{unsynced{durable.NewDisk()}, full}})
		require.NoError(t, err)
		defer stranger.Close()
		if opened {
			_, err = c.GrantRole(bg, carol, rbac.Viewer, time.Time{}, "")
			require.ErrorIs(t, err, ErrDenied)
		}
		full.Store(true)
		for name, give := range map[string]func() error{
			"grant":   func() error { _, err := c.GrantRole(bg, bob, rbac.Admin, time.Time{}, ""); return err },
			"revoke":  func() error { _, err := c.RevokeRole(bg, alice, ""); return err },
			"create":  func() error { _, _, err := c.CreateKey(bg, KeyOrder{Subject: bob}); return err },
			"rotate":  func() error { _, _, err := c.RotateKey(bg, Rotation{Key: h.key.ID()}); return err },
			"disable": func() error { _, err := c.RevokeKey(bg, h.key.ID(), ""); return err },
			"deploy": func() error {
				_, _, err := c.Deploy(bg, DeployOrder{Agent: "a", Version: "2", Environment: rbac.Sandbox})
				return err
			},
			"rollback": func() error {
				_, _, err := c.Rollback(bg, RollbackOrder{Agent: "a", Version: "1", Environment: rbac.Sandbox})
				return err
			},
			"pause":  func() error { _, err := c.Pause(bg, "a", rbac.Sandbox, ""); return err },
			"resume": func() error { _, err := c.Resume(bg, "b", rbac.Sandbox, ""); return err },
			"kill": func() error {
				_, err := c.Kill(bg, Run{ID: ident.New("run"), Environment: rbac.Sandbox}, "")
				return err
			},
			"hold":    func() error { _, _, err := c.Hold(bg, begin, begin, "because"); return err },
			"release": func() error { _, err := c.Release(bg, 1, ""); return err },
			"view":    func() error { _, err := stranger.View(bg); return err },
		} {
			err := give()
			require.ErrorIs(t, err, ErrDenied, name)
			require.ErrorIs(t, err, syscall.ENOSPC, name)
			require.NotErrorIs(t, err, ErrNotRecorded, name)
		}
		full.Store(false)
	}
}

// On a full disk nothing changes, but for what must be stopped; and it goes on by
// itself when there is room.
func TestFullDisk(t *testing.T) {
	h := newHouse(t)
	full := new(atomic.Bool)
	c, err := Open(bg, h.dir, &Config{Key: h.key, Now: h.clock.Now, fs: fillable{unsynced{durable.NewDisk()}, full}})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.GrantRole(bg, bob, rbac.Viewer, time.Time{}, "")
	require.NoError(t, err)

	full.Store(true)
	before := c.state.policy.State()
	_, err = c.GrantRole(bg, bob, rbac.Admin, time.Time{}, "")
	require.ErrorIs(t, err, ErrNotRecorded)
	require.ErrorIs(t, err, syscall.ENOSPC)
	key, _, err := c.CreateKey(bg, KeyOrder{Subject: bob})
	require.ErrorIs(t, err, ErrNotRecorded)
	require.Empty(t, key.Reveal())
	d, _, err := c.Deploy(bg, DeployOrder{Agent: "a", Version: "1", Environment: rbac.Sandbox})
	require.ErrorIs(t, err, ErrNotRecorded)
	require.Zero(t, d)
	require.Equal(t, before, c.state.policy.State())
	require.Empty(t, c.state.deployed)

	run := ident.New("run")
	out, err := c.Kill(bg, Run{ID: run, Environment: rbac.Production}, "because")
	require.ErrorIs(t, err, ErrNotRecorded)
	require.ErrorIs(t, err, ErrNotTold)
	require.ErrorContains(t, err, "in this process only")
	require.True(t, out.Decision.Allowed)
	kill, ok, err := c.Killed(bg, run)
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, kill.Recorded)

	full.Store(false)
	_, err = c.Kill(bg, Run{ID: run, Environment: rbac.Production}, "because")
	require.NoError(t, err)
	_, err = c.GrantRole(bg, bob, rbac.Admin, time.Time{}, "")
	require.NoError(t, err)
	kill, _, err = h.owner.Killed(bg, run)
	require.NoError(t, err)
	require.True(t, kill.Recorded)
	require.Empty(t, h.owner.Flags())
}
