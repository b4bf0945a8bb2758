//go:build unix

package durable

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
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
