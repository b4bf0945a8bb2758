//go:build unix

package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// trap lays a link to somebody's file under a name, and returns that file.
func trap(t *testing.T, name string) (victim string) {
	t.Helper()
	victim = filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o644))
	require.NoError(t, os.Symlink(victim, name))
	return victim
}

func requireWhole(t *testing.T, victim string) {
	t.Helper()
	data, err := os.ReadFile(victim)
	require.NoError(t, err)
	require.Equal(t, "precious", string(data))
}

func TestNothingIsWrittenThroughALink(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	victim := trap(t, name)
	for _, flag := range []int{os.O_RDWR, os.O_WRONLY, os.O_RDWR | os.O_CREATE, os.O_WRONLY | os.O_CREATE | os.O_TRUNC} {
		_, err := Disk{}.OpenFile(name, flag, 0o644)
		require.ErrorIs(t, err, ErrLink)
	}
	require.ErrorIs(t, Touch(Disk{}, name, 0o644), ErrLink)
	_, err := Disk{}.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	require.ErrorIs(t, err, os.ErrExist)
	_, err = Disk{}.Lock(name, true)
	require.Error(t, err)
	requireWhole(t, victim)
	data, err := ReadFile(Disk{}, name, 100)
	require.NoError(t, err, "who only reads may be led elsewhere")
	require.Equal(t, "precious", string(data))
}

func TestNothingIsMadeThroughALink(t *testing.T) {
	name, gone := filepath.Join(t.TempDir(), "f"), filepath.Join(t.TempDir(), "gone")
	require.NoError(t, os.Symlink(gone, name))
	require.ErrorIs(t, Touch(Disk{}, name, 0o644), ErrLink)
	require.NoFileExists(t, gone)
}

// A link in the place of the file is replaced; one that waits where the file is written
// first is not met, because nobody knows where that is.
func TestWriteFileDoesNotFollowLinks(t *testing.T) {
	for name, write := range map[string]func(FS, string, []byte, os.FileMode) error{"WriteFile": WriteFile, "PutFile": PutFile} {
		t.Run(name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "f")
			victims := []string{trap(t, name), trap(t, name+tempExt)}
			require.NoError(t, write(Disk{}, name, []byte("new"), 0o600))
			info, err := os.Lstat(name)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode())
			for _, victim := range victims {
				requireWhole(t, victim)
			}
		})
	}
}

func readAny(name string) ([]byte, error) {
	return ReadChecked(name, 100, func(fs.FileInfo) error { return nil })
}

func TestReadChecked(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	require.NoError(t, os.WriteFile(name, []byte("key"), 0o640))
	data, err := readAny(name)
	require.NoError(t, err)
	require.Equal(t, "key", string(data))
	no := errors.New("no")
	_, err = ReadChecked(name, 100, func(info fs.FileInfo) error {
		require.Equal(t, fs.FileMode(0o640), info.Mode())
		return no
	})
	require.ErrorIs(t, err, no)
	_, err = ReadChecked(name, 2, func(fs.FileInfo) error { return nil })
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = readAny(dir)
	require.Error(t, err)
	_, err = readAny(name + "x")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// A pipe is read to its end, but nobody waits for who never writes to it.
func TestReadCheckedOfAPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, unix.Mkfifo(name, 0o600))
	data, err := readAny(name)
	require.NoError(t, err)
	require.Empty(t, data)

	writer, err := os.OpenFile(name, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = writer.WriteString("key")
	require.NoError(t, err)
	got := make(chan string)
	opened := make(chan struct{})
	go func() {
		data, _ := ReadChecked(name, 100, func(fs.FileInfo) error { close(opened); return nil })
		got <- string(data)
	}()
	<-opened
	require.NoError(t, writer.Close())
	require.Equal(t, "key", <-got)

	if os.Geteuid() != 0 {
		t.Skip("only root can make a pipe of somebody else")
	}
	require.NoError(t, os.Chown(name, 12345, 12345))
	_, err = readAny(name)
	require.ErrorContains(t, err, "somebody else")
}
