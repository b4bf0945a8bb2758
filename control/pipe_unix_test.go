//go:build unix

package control

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/flexorhq/flexor-go/rbac"
)

// Whoever can write the directory puts pipes in the place of files. Nobody waits for
// their other end, which never comes: all that stops works.
func TestPipesInPlaceOfFiles(t *testing.T) {
	h := newHouse(t)
	halts := filepath.Join(h.dir, spoolName)
	require.NoError(t, os.Mkdir(halts, 0o755))
	body, err := encode(&pauseOrder{Agent: "a", Environment: rbac.Production})
	require.NoError(t, err)
	for _, name := range []string{
		filepath.Join(halts, "pause-x.json"),
		filepath.Join(halts, spoolFile(kindPause, body)) + ".tmp",
		filepath.Join(h.dir, LogName, tallyName),
		filepath.Join(h.dir, LogName, tallyName) + ".tmp",
	} {
		require.NoError(t, unix.Mkfifo(name, 0o666))
	}
	viewer := h.join(bob, rbac.Viewer)
	for range 2 {
		_, err = viewer.Pause(bg, "a", rbac.Production, "because")
		require.ErrorIs(t, err, ErrDenied)
	}
	require.NoError(t, viewer.Close())
	_, err = h.owner.Pause(bg, "a", rbac.Production, "because")
	require.NoError(t, err)
	_, ok, err := h.as(h.key).Paused(bg, "a", rbac.Production)
	require.NoError(t, err)
	require.True(t, ok)
}
