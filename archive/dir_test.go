package archive

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var ctx = context.Background()

// names returns the names that List yields.
func names(t testing.TB, s Store, prefix, after string) (out []string) {
	t.Helper()
	for o, err := range s.List(ctx, prefix, after) {
		require.NoError(t, err)
		out = append(out, o.Name)
	}
	return out
}

// A file system without hard links keeps the same promises.
func dirs(t *testing.T, run func(t *testing.T, d *Dir)) {
	t.Run("link", func(t *testing.T) { run(t, newStore(t)) })
	t.Run("rename", func(t *testing.T) {
		d := newStore(t)
		d.link = func(string, string) error { return errors.ErrUnsupported }
		run(t, d)
	})
}

func TestDir(t *testing.T) {
	dirs(t, func(t *testing.T, d *Dir) {
		_, err := d.Get(ctx, "a/b")
		require.ErrorIs(t, err, ErrNotExist)
		for range 2 { // it may have been there already
			require.NoError(t, d.Put(ctx, "a/b", []byte("one"), time.Time{}))
		}
		require.ErrorIs(t, d.Put(ctx, "a/b", []byte("two"), time.Time{}), ErrConflict)
		got, err := d.Get(ctx, "a/b")
		require.NoError(t, err)
		require.Equal(t, "one", string(got))
		require.NoError(t, d.Put(ctx, "empty", nil, time.Now().Add(time.Hour)))
		for o, err := range d.List(ctx, "a/", "") {
			require.NoError(t, err)
			require.Equal(t, Object{"a/b", 3}, o)
		}
		files, err := os.ReadDir(filepath.Join(d.root, unfinished))
		require.NoError(t, err)
		require.Empty(t, files)
		require.NoError(t, d.Close())
		require.NoError(t, d.Close())
	})
}

// Names come in the order of their bytes, which is not that of directories.
func TestDirList(t *testing.T) {
	d := newStore(t)
	all := []string{"a-b", "a.b", "a/a", "a/b/c", "a0", "b/a", "b/b"}
	for _, name := range all {
		require.NoError(t, d.Put(ctx, name, []byte(name), time.Time{}))
	}
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/", "b", "c", "a-"} {
		for _, after := range append([]string{"", "0", "a", "a/", "a/a", "a/b0", "a/b/", "b/a/", "z"}, all...) {
			var want []string
			for _, name := range all {
				if strings.HasPrefix(name, prefix) && name > after {
					want = append(want, name)
				}
			}
			require.Equal(t, want, names(t, d, prefix, after), "prefix %q after %q", prefix, after)
		}
	}
	for o := range d.List(ctx, "", "") { // ends when it is told to
		require.Equal(t, "a-b", o.Name)
		break
	}
}

// Of many who put different bytes under one name, one succeeds; of many who put the same
// all do.
func TestDirRace(t *testing.T) {
	d := newStore(t)
	var won atomic.Int32
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			switch err := d.Put(ctx, "x/raced", []byte{byte(i)}, time.Time{}); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, ErrConflict):
				t.Error(err)
			}
			if err := d.Put(ctx, "x/same", []byte("same"), time.Time{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Equal(t, int32(1), won.Load())
}

// Names that would lead out of the directory, or hide, are refused.
func TestDirNames(t *testing.T) {
	d := newStore(t)
	for _, name := range []string{"", "/a", "a/", "a//b", "..", "../a", "a/../b", ".a", "a/.b", `a\b`, "a b", "a\x00", "ä", "a:b"} {
		require.ErrorIs(t, d.Put(ctx, name, nil, time.Time{}), ErrPermanent, "%q", name)
		_, err := d.Get(ctx, name)
		require.ErrorIs(t, err, ErrPermanent, "%q", name)
	}
}

// A directory that is not there may come back; what is no directory does not.
func TestDirNotThere(t *testing.T) {
	for _, text := range []string{"file:relative", "file://host/a", "s3://a/b", "file:///a?b=c"} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		_, err = OpenFileURL(ctx, u)
		require.ErrorIs(t, err, ErrPermanent, text)
	}
	root := filepath.Join(t.TempDir(), "share")
	s, err := OpenFileURL(ctx, &url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(root), "/")})
	require.NoError(t, err)
	for range s.List(ctx, "", "") {
		require.NoError(t, os.Mkdir(root, 0o755)) // after it was noticed
	}
	require.DirExists(t, root)
	require.Empty(t, names(t, s, "", ""))
	require.NoError(t, os.Remove(root))
	err = s.Put(ctx, "a", nil, time.Time{})
	require.ErrorContains(t, err, "mount the share")
	require.NotErrorIs(t, err, ErrPermanent)
	require.NoDirExists(t, root)
	require.NoError(t, os.WriteFile(root, nil, 0o644))
	_, err = s.Get(ctx, "a")
	require.ErrorIs(t, err, ErrPermanent)

	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, newStore(t).Put(ended, "a", nil, time.Time{}), context.Canceled)
}

// What processes left that died is removed after a day.
func TestDirTidies(t *testing.T) {
	d := newStore(t)
	left := filepath.Join(d.root, unfinished, "left")
	young := filepath.Join(d.root, unfinished, "young")
	require.NoError(t, os.Mkdir(filepath.Dir(left), 0o755))
	require.NoError(t, os.WriteFile(left, nil, 0o644))
	require.NoError(t, os.WriteFile(young, nil, 0o644))
	past := time.Now().Add(-25 * time.Hour)
	require.NoError(t, os.Chtimes(left, past, past))
	require.NoError(t, d.Put(ctx, "a", nil, time.Time{}))
	require.NoFileExists(t, left)
	require.FileExists(t, young)
	require.Equal(t, []string{"a"}, names(t, d, "", ""))
}

// TestDirUnmounted takes a share away from where it is mounted, and brings it back. What was
// put into the directory that shows meanwhile is not taken for a part of the copy.
func TestDirUnmounted(t *testing.T) {
	vault, share := t.TempDir(), filepath.Join(t.TempDir(), "share")
	l := newTestLog(t, vault, "audit-log", 0)
	require.NoError(t, os.Mkdir(share, 0o755))
	store, err := OpenDir(share)
	require.NoError(t, err)
	f := start(t, fast(vault, store, l))
	l.add(t, 4, 100)
	require.NoError(t, f.Flush(ctx))

	require.NoError(t, os.Rename(share, share+".away"))
	require.NoError(t, os.Mkdir(share, 0o755))
	l.add(t, 4, 100)
	require.NoError(t, f.Flush(ctx))
	arrived(t, store, l)

	require.NoError(t, os.Rename(share, share+".local"))
	require.NoError(t, os.Rename(share+".away", share))
	l.add(t, 4, 100)
	require.NoError(t, f.Flush(ctx))
	arrived(t, store, l)
}
