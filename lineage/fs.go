package lineage

import (
	"context"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
)

// FS returns fsys with its reads recorded in the run of ctx, from a source that may be
// empty:
//
//	fsys := lineage.FS(ctx, "feeds", "file:///srv/feeds/", os.DirFS("/srv/feeds"))
//	data, err := fs.ReadFile(fsys, "2026-04-30/prices.csv") // reads file:///srv/feeds/2026-04-30/prices.csv
//
// A record is the name of the file below root, which is the URI of a collection; a "/"
// at its end may be missing. Names are percent-encoded where a URI needs it.
//
// A file is read when it is opened, or its content asked for, and that succeeds; what
// Open returns is the file of fsys itself. To list a directory, to look for names and to
// ask for what is known of a file is no access: say [Read] of the collection where a
// list of names is what an agent works with. If ctx belongs to no run, nothing is
// recorded. It is as safe for concurrent use as fsys is.
func FS(ctx context.Context, source, root string, fsys fs.FS) fs.FS {
	return withLinks(&recordedFS{fsys, audit.FromContext(ctx), source, strings.TrimSuffix(root, "/")})
}

// recordedFS is the file system of [FS]. It has every ability that a file system can
// have, but links; those that the one below has not, package fs supplies for it.
type recordedFS struct {
	base   fs.FS
	run    *audit.Run
	source string
	root   string // without the "/" at its end
}

var (
	_ fs.ReadFileFS = (*recordedFS)(nil)
	_ fs.ReadDirFS  = (*recordedFS)(nil)
	_ fs.StatFS     = (*recordedFS)(nil)
	_ fs.SubFS      = (*recordedFS)(nil)
	_ fs.GlobFS     = (*recordedFS)(nil)
	_ fs.ReadLinkFS = linkedFS{}
)

func (f *recordedFS) Open(name string) (fs.File, error) {
	file, err := f.base.Open(name)
	if err != nil || f.run == nil {
		return file, err
	}
	// What cannot be told from a file is one.
	if info, err := file.Stat(); err != nil || !info.IsDir() {
		Read(f.run, f.source, f.uri(name))
	}
	return file, nil
}

func (f *recordedFS) ReadFile(name string) ([]byte, error) {
	data, err := fs.ReadFile(f.base, name)
	if err == nil {
		Read(f.run, f.source, f.uri(name))
	}
	return data, err
}

func (f *recordedFS) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.base, name) }
func (f *recordedFS) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(f.base, name) }
func (f *recordedFS) Glob(pattern string) ([]string, error)      { return fs.Glob(f.base, pattern) }

func (f *recordedFS) Sub(dir string) (fs.FS, error) {
	sub, err := fs.Sub(f.base, dir)
	if err != nil {
		return nil, err
	}
	return withLinks(&recordedFS{sub, f.run, f.source, strings.TrimSuffix(f.uri(dir), "/")}), nil
}

// linkedFS adds the links of a file system that has some. Package fs cannot supply that:
// it would call a link what it leads to.
type linkedFS struct {
	*recordedFS
	links fs.ReadLinkFS
}

func withLinks(f *recordedFS) fs.FS {
	if links, ok := f.base.(fs.ReadLinkFS); ok {
		return linkedFS{f, links}
	}
	return f
}

func (f linkedFS) Lstat(name string) (fs.FileInfo, error) { return f.links.Lstat(name) }
func (f linkedFS) ReadLink(name string) (string, error)   { return f.links.ReadLink(name) }

// uri returns the record that a name stands for.
func (f *recordedFS) uri(name string) string {
	return strings.TrimSuffix(f.root, "/") + escapedPath("/"+path.Clean(name))
}

// escapedPath percent-encodes a path for a URI.
func escapedPath(p string) string { return (&url.URL{Path: p}).EscapedPath() }
