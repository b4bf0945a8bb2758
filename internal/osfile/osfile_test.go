package osfile

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// makeFile makes a file, and returns its name.
func makeFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
	return name
}

func TestOpenFileIsRenamedAndRemoved(t *testing.T) {
	for _, flag := range []int{os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_APPEND, os.O_RDWR | os.O_CREATE} {
		name := makeFile(t, "a")
		f, err := Open(name, flag, 0o644)
		require.NoError(t, err)
		require.NoError(t, os.Rename(name, name+"2"), "flag %#x", flag)
		require.NoError(t, Rename(name+"2", name), "flag %#x", flag)
		require.NoError(t, os.Remove(name), "flag %#x", flag)
		require.NoError(t, f.Close())
		require.NoFileExists(t, name)
	}
}

func TestRenameReplaces(t *testing.T) {
	name := makeFile(t, "old")
	require.NoError(t, os.WriteFile(name+"2", []byte("new"), 0o644))
	require.NoError(t, Rename(name+"2", name))
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "new", string(got))
	require.ErrorIs(t, Rename(name+"2", name), os.ErrNotExist)
}

func TestOpenFlags(t *testing.T) {
	name := makeFile(t, "abc")
	for _, c := range []struct {
		flag int
		want string
	}{
		{os.O_RDWR, "xbc"},
		{os.O_WRONLY, "xbc"},
		{os.O_RDWR | os.O_APPEND, "abcx"},
		{os.O_WRONLY | os.O_APPEND | os.O_CREATE, "abcx"},
		{os.O_RDWR | os.O_CREATE, "xbc"},
		{os.O_WRONLY | os.O_CREATE | os.O_TRUNC, "x"},
	} {
		require.NoError(t, os.WriteFile(name, []byte("abc"), 0o644))
		f, err := Open(name, c.flag, 0o644)
		require.NoError(t, err)
		_, err = io.WriteString(f, "x")
		require.NoError(t, err, "flag %#x", c.flag)
		require.NoError(t, f.Sync(), "flag %#x", c.flag)
		require.NoError(t, f.Close())
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, c.want, string(got), "flag %#x", c.flag)
	}
	_, err := Open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	require.ErrorIs(t, err, os.ErrExist)
	_, err = Open(name+"2", os.O_RDWR, 0)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open("nul\x00", os.O_RDWR, 0)
	require.Error(t, err)
	f, err := Open(name, os.O_RDONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString("x")
	require.Error(t, err)
	require.NoError(t, f.Close())
	dir, err := Open(filepath.Dir(name), os.O_RDONLY, 0)
	require.NoError(t, err)
	info, err := dir.Stat()
	require.NoError(t, err)
	require.True(t, info.IsDir())
	require.NoError(t, dir.Close())
}
