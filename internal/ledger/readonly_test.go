package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

// TestReadOnlyCopy reads a copy that nobody may write.
func TestReadOnlyCopy(t *testing.T) {
	l := newTampered(t, testOptions(t))
	dir := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.Mkdir(dir, 0o755))
	l.whole.put(t, dir)
	writable := readOnly(t, dir)
	before := listing(t, dir)

	r := openReader(t, dir)
	rep := verify(t, dir)
	require.Equal(t, uint64(tamperedRecords), rep.Head.Size)
	require.Equal(t, l.recs, read(t, dir, false))
	for i := range rep.Head.Size {
		receipt, err := r.Receipt(i, rep.Head)
		require.NoError(t, err)
		rec, err := r.Record(context.Background(), i)
		require.NoError(t, err)
		v, err := note.NewVerifier(r.Info().PublicKey)
		require.NoError(t, err)
		require.NoError(t, receipt.Check(v, rec.Line))
	}
	live, dead, err := Writers(l.o.withDefaults().FS, dir, false)
	require.NoError(t, err)
	require.Empty(t, live)
	require.Empty(t, dead)
	if !writable {
		_, _, err = Open(context.Background(), dir, l.o)
		require.Error(t, err, "opened for appending")
		require.False(t, errors.Is(err, ErrCorrupt), "%v", err)
	}
	require.Equal(t, before, listing(t, dir))
}

// listing describes every file and folder: mode, time, hash.
func listing(t testing.TB, dir string) (out []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var data []byte
		if !d.IsDir() {
			if data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		out = append(out, fmt.Sprintf("%s %s %d %x", path, info.Mode(), info.ModTime().UnixNano(), sha256.Sum256(data)))
		return nil
	}))
	return out
}

// readOnly takes the right to write away from everything in dir. It returns
// true when root has it nonetheless.
func readOnly(t testing.TB, dir string) (writable bool) {
	t.Helper()
	chmod := func(forFiles, forFolders fs.FileMode) {
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				return os.Chmod(path, forFolders)
			}
			return os.Chmod(path, forFiles)
		}))
	}
	chmod(0o444, 0o555)
	t.Cleanup(func() { chmod(0o644, 0o755) })
	if os.Geteuid() != 0 {
		return false
	}
	// Root may write whatever the modes say, but not on a read-only mount.
	if err := mountReadOnly(t, dir); err != nil {
		t.Logf("root could still write: %v", err)
		return true
	}
	return false
}
