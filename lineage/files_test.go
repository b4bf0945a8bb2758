package lineage_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
)

func TestFiles(t *testing.T) {
	var files lineage.Files
	for _, tc := range []struct {
		what string
		do   func(ctx context.Context, dir string) error
		want string // $ is the directory
	}{
		{"read", func(ctx context.Context, dir string) error {
			data, err := files.ReadFile(ctx, dir+"/old")
			assert.Equal(t, "old", string(data))
			return err
		}, "read $/old"},
		{"open", func(ctx context.Context, dir string) error {
			f, err := files.Open(ctx, dir+"/old")
			return errors.Join(err, f.Close())
		}, "read $/old"},
		{"open a directory", func(ctx context.Context, dir string) error {
			f, err := files.Open(ctx, dir)
			return errors.Join(err, f.Close())
		}, ""},
		{"write", func(ctx context.Context, dir string) error {
			return files.WriteFile(ctx, dir+"/ü %.csv", []byte("new"), 0o600)
		}, "append $/%C3%BC%20%25.csv, write $/%C3%BC%20%25.csv"},
		{"write, which fails", func(ctx context.Context, dir string) error {
			assert.Error(t, files.WriteFile(ctx, dir+"/old/x", nil, 0o600))
			return nil
		}, "append $/old/x"},
		{"append", func(ctx context.Context, dir string) error {
			err := errors.Join(files.AppendFile(ctx, dir+"/old", []byte("+"), 0o600), files.AppendFile(ctx, dir+"/new", []byte("+"), 0o600))
			data, err2 := os.ReadFile(dir + "/old")
			assert.Equal(t, "old+", string(data))
			return errors.Join(err, err2)
		}, "append $/old, append $/new"},
		{"create", func(ctx context.Context, dir string) error {
			f, err := files.Create(ctx, dir+"/new")
			require.NoError(t, err)
			_, err = io.WriteString(f, "new")
			return errors.Join(err, f.Close())
		}, "append $/new, write $/new"},
		{"create, not closed", func(ctx context.Context, dir string) error {
			f, err := files.Create(ctx, dir+"/new")
			t.Cleanup(func() { _ = f.File.Close() })
			return err
		}, "append $/new"},
		{"close twice", func(ctx context.Context, dir string) error {
			f, err := files.Create(ctx, dir+"/new")
			require.NoError(t, err)
			require.NoError(t, f.Close())
			assert.ErrorIs(t, f.Close(), os.ErrClosed)
			return err
		}, "append $/new, write $/new"},
		{"exclusive", opening(os.O_WRONLY|os.O_CREATE|os.O_EXCL, "new"), "append $/new, write $/new"},
		{"truncate", opening(os.O_RDWR|os.O_TRUNC, "old"), "append $/old, write $/old"},
		{"update", opening(os.O_RDWR, "old"), "append $/old, read $/old"},
		{"overwrite in place", opening(os.O_WRONLY, "old"), "append $/old"},
		{"append by flag", opening(os.O_WRONLY|os.O_APPEND, "old"), "append $/old"},
		{"open to read", opening(os.O_RDONLY, "old"), "read $/old"},
		{"exclusive, which fails", func(ctx context.Context, dir string) error {
			_, err := files.OpenFile(ctx, dir+"/old", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			assert.ErrorIs(t, err, fs.ErrExist)
			return nil
		}, "append $/old"},
		{"rename", func(ctx context.Context, dir string) error {
			return files.Rename(ctx, dir+"/old", dir+"/new")
		}, "read $/old, append $/new from $/old, append $/old from nothing, write $/new from $/old, delete $/old"},
		{"rename a directory", func(ctx context.Context, dir string) error {
			return files.Rename(ctx, dir+"/sub", dir+"/moved")
		}, "read $/sub/, append $/moved/ from $/sub/, append $/sub/ from nothing, write $/moved/ from $/sub/, delete $/sub/"},
		{"rename to itself", func(ctx context.Context, dir string) error {
			return files.Rename(ctx, dir+"/old", dir+"/old")
		}, "read $/old, append $/old from $/old, append $/old from nothing, write $/old from $/old"},
		{"rename, which fails", func(ctx context.Context, dir string) error {
			assert.Error(t, files.Rename(ctx, dir+"/old", dir+"/none/new"))
			assert.ErrorIs(t, files.Rename(ctx, dir+"/none", dir+"/new"), fs.ErrNotExist)
			return nil
		}, "read $/old, append $/none/new from $/old, append $/old from nothing"},
		{"remove", func(ctx context.Context, dir string) error {
			return files.Remove(ctx, dir+"/old")
		}, "append $/old from nothing, delete $/old"},
		{"remove a directory, or nothing", func(ctx context.Context, dir string) error {
			assert.ErrorIs(t, files.Remove(ctx, dir+"/none"), fs.ErrNotExist)
			assert.Error(t, files.Remove(ctx, dir+"/sub"))
			return nil
		}, ""},
		{"remove all", func(ctx context.Context, dir string) error {
			return errors.Join(files.RemoveAll(ctx, dir+"/sub"), files.RemoveAll(ctx, dir+"/old"), files.RemoveAll(ctx, dir+"/none"))
		}, "append $/sub/ from nothing, delete $/sub/, append $/old from nothing, delete $/old"},
	} {
		dir := seeded(t)
		root := files.URI(dir)
		rec := inRun(t, func(ctx context.Context, _ *audittest.Recorder) { assert.NoError(t, tc.do(ctx, dir), tc.what) })
		var got []string
		for _, a := range accesses(t, rec) {
			s := string(a.Op) + " " + a.Record
			switch {
			case len(a.From) > 0:
				s += " from " + a.From[0]
			case a.From != nil:
				s += " from nothing"
			}
			got = append(got, s)
		}
		assert.Equal(t, strings.ReplaceAll(tc.want, "$", root), strings.Join(got, ", "), tc.what)
		require.NoError(t, tc.do(t.Context(), seeded(t)), "%s, in no run", tc.what)
	}
}

// seeded returns a directory as the cases of TestFiles expect it.
func seeded(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "old"), []byte("old"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "x"), nil, 0o600))
	return dir
}

// opening opens and closes a file.
func opening(flag int, name string) func(ctx context.Context, dir string) error {
	return func(ctx context.Context, dir string) error {
		f, err := lineage.Files{}.OpenFile(ctx, filepath.Join(dir, name), flag, 0o600)
		if err != nil {
			return err
		}
		return f.Close()
	}
}

// A change is in the log before it is made.
func TestFilesAnnounce(t *testing.T) {
	inRun(t, func(ctx context.Context, rec *audittest.Recorder) {
		files := lineage.Files{Host: "Worker-7", Source: "disk", Digest: true}
		name := filepath.Join(t.TempDir(), "x")
		f, err := files.Create(ctx, name)
		require.NoError(t, err)
		assert.Len(t, happened(t, rec), 1)
		require.NoError(t, f.Close())

		require.NoError(t, files.WriteFile(ctx, name, []byte("hello world"), 0o600))
		_, err = files.ReadFile(ctx, name)
		require.NoError(t, err)
		all := accesses(t, rec)
		for _, a := range all {
			assert.Equal(t, "disk", a.Source)
			assert.True(t, strings.HasPrefix(a.Record, "file://worker-7/"), a.Record)
		}
		const sum = "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
		assert.Equal(t, []string{"", "", sum, sum, sum}, []string{all[0].Digest, all[1].Digest, all[2].Digest, all[3].Digest, all[4].Digest})
	})
}

// What is moved is what is there at the time, not what the run saw of it before.
func TestFilesMoveWhatIsThere(t *testing.T) {
	rec, dir := audittest.New(t), t.TempDir()
	var files lineage.Files
	draft, final := filepath.Join(dir, "draft"), filepath.Join(dir, "final")
	write := func(agent, from string) {
		require.NoError(t, rec.Do(t.Context(), agent, audit.Trigger{}, func(ctx context.Context, run *audit.Run) error {
			lineage.Read(run, "", from)
			return files.WriteFile(ctx, draft, []byte(from), 0o600)
		}))
	}
	write("first", "db://from/first")
	require.NoError(t, rec.Do(t.Context(), "mover", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		_, err := files.ReadFile(ctx, draft)
		require.NoError(t, err)
		write("second", "db://from/second")
		return files.Rename(ctx, draft, final)
	}))
	require.NoError(t, rec.Do(t.Context(), "reader", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		_, err := files.ReadFile(ctx, final)
		return err
	}))
	res := ask(t, of(rec.Records()), lineage.Query{Record: "db://from/second"})
	agents := map[string]lineage.Role{}
	for _, touch := range res.Touches {
		agents[touch.AgentName] = touch.Role
	}
	assert.Equal(t, map[string]lineage.Role{"second": lineage.IncludedIn, "mover": lineage.IncludedIn, "reader": lineage.UsedBy}, agents)
}
