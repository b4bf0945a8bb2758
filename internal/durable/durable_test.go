package durable

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWriteFileReplaces(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	for _, text := range []string{"long content", "short", ""} {
		require.NoError(t, WriteFile(Disk{}, name, []byte(text), 0o644))
		got, err := ReadFile(Disk{}, name, 100)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	require.NoFileExists(t, name+".tmp")
}

func TestReadFileHasALimit(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(name, make([]byte, 11), 0o644))
	_, err := ReadFile(Disk{}, name, 11)
	require.NoError(t, err)
	_, err = ReadFile(Disk{}, name, 10)
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = ReadFile(Disk{}, name+"x", 10)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// namedSyncs notes which folders were synced.
type namedSyncs struct {
	FS
	synced []string
}

func (n *namedSyncs) SyncDir(name string) error {
	n.synced = append(n.synced, name)
	return n.FS.SyncDir(name)
}

func TestMkdirAllSyncsWhatItNames(t *testing.T) {
	root := t.TempDir()
	fsys := &namedSyncs{FS: Disk{}}
	require.NoError(t, MkdirAll(fsys, filepath.Join(root, "a", "b"), 0o755))
	require.Equal(t, []string{root, filepath.Join(root, "a")}, fsys.synced)
	require.NoError(t, MkdirAll(fsys, filepath.Join(root, "a", "b"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "f"), nil, 0o644))
	require.Error(t, MkdirAll(fsys, filepath.Join(root, "f"), 0o755))
}

func TestLockExcludesAlsoInOneProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	_, err := Disk{}.Lock(name, true)
	require.ErrorIs(t, err, fs.ErrNotExist, "a lock file that is gone is not made anew")
	require.NoError(t, os.WriteFile(name, nil, 0o644))
	held, err := Disk{}.Lock(name, true)
	require.NoError(t, err)
	_, err = Disk{}.Lock(name, false)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, held.Unlock())
	held, err = Disk{}.Lock(name, false)
	require.NoError(t, err)
	require.NoError(t, held.Unlock())
}

func TestStat(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	require.NoError(t, os.WriteFile(name, make([]byte, 11), 0o644))
	f, err := Disk{}.OpenFile(name, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	open, err := f.Stat()
	require.NoError(t, err)
	named, err := Disk{}.Stat(name)
	require.NoError(t, err)
	require.Equal(t, open, named)
	require.Equal(t, int64(11), named.Size)
	require.False(t, named.Dir)

	require.NoError(t, os.WriteFile(name+"2", make([]byte, 11), 0o644))
	other, err := Disk{}.Stat(name + "2")
	require.NoError(t, err)
	require.NotEqual(t, named.ID, other.ID)

	folder, err := Disk{}.Stat(dir)
	require.NoError(t, err)
	require.True(t, folder.Dir)
	_, err = Disk{}.Stat(name + "x")
	require.ErrorIs(t, err, fs.ErrNotExist)
}
