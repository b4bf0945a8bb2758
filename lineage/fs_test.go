package lineage_test

import (
	"context"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
	"github.com/flexorhq/flexor-go/lineage"
)

// inRun calls fn in a run, which must not have errors.
func inRun(t *testing.T, fn func(ctx context.Context, rec *audittest.Recorder)) *audittest.Recorder {
	t.Helper()
	rec := audittest.New(t)
	require.NoError(t, rec.Do(t.Context(), "a", audit.Trigger{}, func(ctx context.Context, _ *audit.Run) error {
		fn(ctx, rec)
		return nil
	}))
	rec.Errors()
	return rec
}

// opener hides every ability but Open.
type opener struct{ fsys fs.FS }

func (o opener) Open(name string) (fs.File, error) { return o.fsys.Open(name) }

var tree = fstest.MapFS{
	"a.csv":         {Data: []byte("1,2")},
	"dir/b c%.csv":  {Data: []byte("3")},
	"dir/sub/d.csv": {Data: []byte("4")},
	"dir/link":      {Data: []byte("sub/d.csv"), Mode: fs.ModeSymlink},
}

func TestFSIsAFileSystem(t *testing.T) {
	unlinked := maps.Clone(tree) // fs.Sub alone would call a link of an opener a file
	delete(unlinked, "dir/link")
	for name, below := range map[string]fs.FS{"every ability": tree, "only Open": opener{unlinked}} {
		for _, ctx := range []context.Context{t.Context(), nil} {
			fsys := lineage.FS(ctx, "", "mem://x/", below)
			require.NoError(t, fstest.TestFS(fsys, "a.csv", "dir/b c%.csv", "dir/sub/d.csv"), name)
		}
		inRun(t, func(ctx context.Context, rec *audittest.Recorder) {
			require.NoError(t, fstest.TestFS(lineage.FS(ctx, "", "mem://x/", below), "a.csv", "dir/b c%.csv", "dir/sub/d.csv"), name)
			assert.Contains(t, happened(t, rec), "read mem://x/dir/sub/d.csv")
		})
	}
}

func TestFSReads(t *testing.T) {
	for _, tc := range []struct {
		what string
		do   func(fs.FS) error
		want []string
	}{
		{"open", func(f fs.FS) error { _, err := f.Open("a.csv"); return err }, []string{"read mem://x/in/a.csv"}},
		{"open a directory", func(f fs.FS) error { _, err := f.Open("dir"); return err }, nil},
		{"read", func(f fs.FS) error { _, err := fs.ReadFile(f, "dir/b c%.csv"); return err }, []string{"read mem://x/in/dir/b%20c%25.csv"}},
		{"list", func(f fs.FS) error { _, err := fs.ReadDir(f, "dir"); return err }, nil},
		{"stat", func(f fs.FS) error { _, err := fs.Stat(f, "a.csv"); return err }, nil},
		{"lstat", func(f fs.FS) error { _, err := fs.Lstat(f, "dir/link"); return err }, nil},
		{"read a link", func(f fs.FS) error { _, err := fs.ReadLink(f, "dir/link"); return err }, nil},
		{"glob", func(f fs.FS) error { _, err := fs.Glob(f, "dir/*.csv"); return err }, nil},
		{"walk", func(f fs.FS) error {
			return fs.WalkDir(f, ".", func(_ string, _ fs.DirEntry, err error) error { return err })
		}, nil},
		{"sub", func(f fs.FS) error {
			for _, dir := range []string{"dir", ".", "sub"} {
				var err error
				if f, err = fs.Sub(f, dir); err != nil {
					return err
				}
			}
			if _, err := fs.Stat(f, "d.csv"); err != nil {
				return err
			}
			_, err := fs.ReadFile(f, "d.csv")
			return err
		}, []string{"read mem://x/in/dir/sub/d.csv"}},
	} {
		for _, root := range []string{"mem://x/in", "mem://x/in/"} {
			rec := inRun(t, func(ctx context.Context, _ *audittest.Recorder) {
				assert.NoError(t, tc.do(lineage.FS(ctx, "feeds", root, tree)), tc.what)
			})
			assert.ElementsMatch(t, tc.want, happened(t, rec), tc.what)
			for _, a := range accesses(t, rec) {
				assert.Equal(t, "feeds", a.Source)
			}
		}
	}
	rec := inRun(t, func(ctx context.Context, _ *audittest.Recorder) {
		fsys := lineage.FS(ctx, "", "mem://x/", tree)
		for _, name := range []string{"none", "/a.csv", "../a.csv", "dir"} {
			_, err := fs.ReadFile(fsys, name)
			require.Error(t, err, name)
		}
		_, err := fsys.Open("none")
		require.ErrorIs(t, err, fs.ErrNotExist)
		_, err = fs.Sub(fsys, "../..")
		require.ErrorIs(t, err, fs.ErrInvalid)
	})
	assert.Empty(t, happened(t, rec), "what fails reads nothing")
}

// What is opened is the file below, with all that it can do: a web server can seek in it.
func TestFSServes(t *testing.T) {
	rec := inRun(t, func(ctx context.Context, _ *audittest.Recorder) {
		w := httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodGet, "/a.csv", nil)
		req.Header.Set("Range", "bytes=2-")
		http.FileServerFS(lineage.FS(ctx, "", "mem://x/", tree)).ServeHTTP(w, req)
		assert.Equal(t, "2", w.Body.String())
	})
	assert.Equal(t, []string{"read mem://x/a.csv"}, happened(t, rec))
}
