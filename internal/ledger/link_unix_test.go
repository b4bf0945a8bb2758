//go:build unix

package ledger

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Whoever may write the directory lays links in the place of files, to have others
// overwritten that only this user can write. It makes the log fail, and nothing else.
func TestLinksInPlaceOfFiles(t *testing.T) {
	for _, live := range []bool{false, true} {
		for _, name := range []string{checkpointName, publishLock, treeName, "lock", "segment", "writer"} {
			t.Run(name, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "audit-log")
				o := testOptions(t)
				require.NoError(t, Create(dir, o))
				l := openLog(t, dir, o)
				appendSync(t, l, 0, 3)
				p, err := Enter(context.Background(), durable.Disk{}, dir, "a", 0)
				require.NoError(t, err)
				defer func() { _ = p.Leave(durable.Disk{}) }()
				if !live {
					require.NoError(t, l.Close())
				}
				path := filepath.Join(dir, name)
				switch name {
				case "segment":
					segs, _, err := listSegments(durable.Disk{}, dir)
					require.NoError(t, err)
					path = segs[0].path(dir)
				case "writer":
					path = p.path()
				}
				before, err := os.ReadFile(path)
				require.NoError(t, err)
				victim := filepath.Join(t.TempDir(), "victim")
				require.NoError(t, os.WriteFile(victim, before, 0o600))
				require.NoError(t, os.Remove(path))
				require.NoError(t, os.Symlink(victim, path))

				// What comes of it is not the point, as long as it ends.
				if !live {
					l, _, err = Open(context.Background(), dir, o)
				}
				if err == nil {
					_, _ = l.AppendSync(record(3))
					_ = l.Close()
				}
				_ = p.Advance(durable.Disk{}, 7)
				_, _, _ = Writers(durable.Disk{}, dir, true)
				after, err := os.ReadFile(victim)
				require.NoError(t, err)
				require.Equal(t, string(before), string(after))
			})
		}
	}
}

// A link to nothing has no file made elsewhere.
func TestNothingIsMadeElsewhere(t *testing.T) {
	dir, elsewhere := filepath.Join(t.TempDir(), "audit-log"), t.TempDir()
	require.NoError(t, os.Mkdir(dir, 0o755))
	for _, name := range []string{"lock", checkpointName, publishLock, treeName, infoFile + ".tmp", checkpointName + ".tmp"} {
		require.NoError(t, os.Symlink(filepath.Join(elsewhere, name), filepath.Join(dir, name)))
	}
	o := testOptions(t)
	require.ErrorIs(t, Create(dir, o), durable.ErrLink)
	require.NoError(t, os.Remove(filepath.Join(dir, "lock")))
	require.NoError(t, Create(dir, o))
	l, _, err := Open(context.Background(), dir, o)
	if err == nil {
		_, err = l.AppendSync(record(0))
		_ = l.Close()
	}
	require.ErrorIs(t, err, durable.ErrLink)
	there, err := os.ReadDir(elsewhere)
	require.NoError(t, err)
	require.Empty(t, there)
}

// Whoever may only read the directory cannot take the locks for which all who write
// wait: for that they would have to open the files.
func TestLocksAreOfTheirOwner(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	appendSync(t, l, 0, 1)
	for _, name := range []string{"lock", publishLock} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode())
	}
}

// A link in the place of a directory does not have files of somebody else taken for what
// dead writers left, or for segments, and removed.
func TestLinksInPlaceOfDirectories(t *testing.T) {
	for _, name := range []string{writersDir, segmentsDir} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "audit-log")
			require.NoError(t, Create(dir, testOptions(t)))
			require.NoError(t, os.Remove(filepath.Join(dir, name)))
			require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(dir, name)))
			_, _, err := listSegments(durable.Disk{}, dir)
			if name == writersDir {
				_, _, err = Writers(durable.Disk{}, dir, true)
			}
			require.ErrorIs(t, err, durable.ErrLink)
		})
	}
}

// Tiles are exported into a directory that its user names, which may be a link; a link
// that somebody lays in it meanwhile is not written through.
func TestTilesAndLinks(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	appendSync(t, l, 0, 1)
	out, named := t.TempDir(), filepath.Join(t.TempDir(), "named")
	require.NoError(t, os.Symlink(out, named))
	_, err := openReader(t, dir).WriteTiles(t.Context(), named)
	require.NoError(t, err)

	w := &tileWriter{dir: t.TempDir()}
	victim := filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.Symlink(victim, filepath.Join(w.dir, "checkpoint")))
	w.file("checkpoint", []byte("note"))
	require.ErrorIs(t, w.err, fs.ErrExist)
	require.NoFileExists(t, victim)
}
