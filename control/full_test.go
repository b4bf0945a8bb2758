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
