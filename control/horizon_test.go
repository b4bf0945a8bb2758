package control

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/rbac"
)

// A reader whose horizon says so does not look at the log, and one whose horizon
// was moved does, whoever moved it.
func TestHorizon(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing is mapped there")
	}
	h := newHouse(t)
	reader := h.as(rbac.APIKey{})
	size := func() uint64 { return reader.Head().Size }
	require.True(t, reader.horizon.reached(size()))

	_, err := h.owner.GrantRole(bg, bob, rbac.Viewer, time.Time{}, "")
	require.NoError(t, err)
	require.False(t, reader.horizon.reached(size()))
	grants, err := reader.Grants(bg)
	require.NoError(t, err)
	require.Len(t, grants, 2)
	require.True(t, reader.horizon.reached(size()))

	// What was announced and never came makes nobody believe anything.
	require.NoError(t, h.owner.cfg.setHorizon(h.owner.log, size()+1))
	require.False(t, reader.horizon.reached(size()))
	require.NoError(t, reader.refresh(bg))
	require.Equal(t, uint64(2), size())
}

// Without a horizon, and with one that somebody cut off or replaced, nothing is
// reached until the next closer look, and nothing breaks.
func TestHorizonIsGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing is mapped there")
	}
	dir := t.TempDir()
	c := Config{fs: durable.NewDisk()}
	var h horizon
	h.look(dir)
	require.False(t, h.reached(9))

	name := filepath.Join(dir, horizonName)
	require.NoError(t, c.setHorizon(dir, 7))
	h.look(dir)
	defer func() { h.close() }()
	require.True(t, h.reached(7))
	require.False(t, h.reached(6))

	require.NoError(t, os.Truncate(name, 0))
	require.False(t, h.reached(9))
	h.look(dir)
	require.Nil(t, h.mapped)

	require.NoError(t, c.setHorizon(dir, 8))
	h.look(dir)
	require.True(t, h.reached(8))
	require.NoError(t, os.Remove(name))
	require.NoError(t, c.setHorizon(dir, 10))
	h.look(dir)
	require.False(t, h.reached(9), "the one that was replaced says 8")
}

// What cannot be announced to readers who may rely on it is not recorded.
func TestHorizonMustMove(t *testing.T) {
	h := newHouse(t)
	broken := noHorizon{unsynced{durable.NewDisk()}}
	c, err := Open(bg, h.dir, &Config{Key: h.key, Now: h.clock.Now, fs: broken})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.GrantRole(bg, bob, rbac.Viewer, time.Time{}, "")
	require.ErrorIs(t, err, ErrNotRecorded)
	require.ErrorIs(t, err, errNoHorizon)
	require.Equal(t, uint64(1), c.Head().Size)

	require.NoError(t, os.Remove(filepath.Join(h.dir, LogName, horizonName)))
	_, err = c.GrantRole(bg, bob, rbac.Viewer, time.Time{}, "")
	require.NoError(t, err, "nobody has it mapped")
}

// noHorizon is a file system on which the horizon cannot be written.
type noHorizon struct{ durable.FS }

var errNoHorizon = errors.New("no horizon")

func (n noHorizon) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if flag&os.O_RDWR == 0 || !strings.HasSuffix(name, horizonName) {
		return n.FS.OpenFile(name, flag, perm)
	}
	if _, err := n.Stat(name); err != nil && flag&os.O_CREATE == 0 {
		return nil, err
	}
	return nil, errNoHorizon
}

// Whoever writes the directory without a key can hold news back until the next closer
// look, and no longer; with anything else in the file's place they only slow down.
func TestHorizonIsForged(t *testing.T) {
	h := newHouse(t)
	reader := h.as(rbac.APIKey{})
	name := filepath.Join(h.dir, LogName, horizonName)
	knows := func(n int) {
		t.Helper()
		grants, err := reader.Grants(bg)
		require.NoError(t, err)
		require.Len(t, grants, n)
	}
	grant := func(who rbac.Subject) {
		t.Helper()
		_, err := h.owner.GrantRole(bg, who, rbac.Viewer, time.Time{}, "")
		require.NoError(t, err)
	}
	grant(bob)
	require.NoError(t, h.owner.cfg.setHorizon(h.owner.log, 0))
	reader.looked = time.Time{} // as if a tenth of a second had passed
	knows(2)

	require.NoError(t, h.owner.cfg.setHorizon(h.owner.log, 1<<63))
	knows(2)
	grant(carol)
	knows(3)

	require.NoError(t, os.Remove(name))
	require.NoError(t, os.Mkdir(name, 0o700))
	reader.looked = time.Time{}
	knows(3)
	_, err := h.owner.GrantRole(bg, ci, rbac.Viewer, time.Time{}, "")
	require.ErrorIs(t, err, ErrNotRecorded)
	_, err = h.owner.Pause(bg, "feed", rbac.Production, "because")
	require.ErrorIs(t, err, ErrNotRecorded)
	reader.looked, reader.spoolRead = time.Time{}, time.Time{}
	_, ok, err := reader.Paused(bg, "feed", rbac.Production)
	require.NoError(t, err)
	require.True(t, ok, "to stop works all the same")
	require.NoError(t, os.Remove(name))
	grant(ci)
	knows(4)
}
