package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWriteFileReplaces(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for _, text := range []string{"long content", "short", ""} {
		require.NoError(t, WriteFile(Disk{}, name, []byte(text), 0o644))
		got, err := ReadFile(Disk{}, name, 100)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	require.Equal(t, []string{"f"}, names(t, dir))
}

// What somebody left who died is removed, and nothing of who may still be writing.
func TestWriteFileSweeps(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	left := []string{"f.X.tmp", "f.Y.tmp", "f.X", "g.X.tmp"}
	for _, file := range left {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), nil, 0o644))
		if file != "f.Y.tmp" {
			long := time.Now().Add(-2 * abandoned)
			require.NoError(t, os.Chtimes(filepath.Join(dir, file), long, long))
		}
	}
	require.NoError(t, WriteFile(Disk{}, name, nil, 0o644))
	require.Equal(t, []string{"f", "f.X", "f.Y.tmp", "g.X.tmp"}, names(t, dir))
}

// unwritable fails at one of the steps of a write.
type unwritable struct {
	FS
	step string
}

func (u unwritable) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := u.FS.OpenFile(name, flag, perm)
	return unwritableFile{f, u.step}, err
}

func (u unwritable) Rename(from, to string) error {
	if u.step == "rename" {
		return errors.New("rename")
	}
	return u.FS.Rename(from, to)
}

type unwritableFile struct {
	File
	step string
}

func (f unwritableFile) WriteAt(p []byte, off int64) (int, error) {
	if f.step == "write" {
		return 0, errors.New("write")
	}
	return f.File.WriteAt(p, off)
}

func (f unwritableFile) Sync() error {
	if f.step == "sync" {
		return errors.New("sync")
	}
	return f.File.Sync()
}

// A write that failed leaves what was there, and nothing else.
func TestWriteFileFails(t *testing.T) {
	for _, step := range []string{"write", "sync", "rename"} {
		dir := t.TempDir()
		name := filepath.Join(dir, "f")
		require.NoError(t, WriteFile(Disk{}, name, []byte("old"), 0o644))
		require.EqualError(t, WriteFile(unwritable{Disk{}, step}, name, []byte("new"), 0o644), step)
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, "old", string(data))
		require.Equal(t, []string{"f"}, names(t, dir))
	}
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
