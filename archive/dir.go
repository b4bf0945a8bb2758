package archive

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/osfile"
)

// Dir is a [Store] in a directory, for example of a mounted share. An object is a
// file with its name below it, which appears whole or not at all, and is on disk
// when Put returns. A directory keeps no locks: what is to be kept until some day
// is kept until somebody removes it.
type Dir struct {
	root string
	link func(from, to string) error // os.Link; tests have others

	mu  sync.Mutex  // guards what follows
	was fs.FileInfo // the directory that root named at the last look; nil: nobody looked yet
}

var _ Store = (*Dir)(nil)

// unfinished is the directory for files that have not their name yet. No object
// has a name that begins with a dot.
const unfinished = ".unfinished"

// OpenDir opens the directory root, which must be there: to make it would fill
// the local disk whenever a share is not mounted. It need not be reachable yet.
func OpenDir(root string) (*Dir, error) {
	if !filepath.IsAbs(root) {
		return nil, fmt.Errorf("%w: %s is not an absolute path", ErrPermanent, root)
	}
	return &Dir{root: root, link: os.Link}, nil
}

// OpenFileURL opens the directory that a URL such as file:///mnt/archive names.
func OpenFileURL(_ context.Context, u *url.URL) (Store, error) {
	root, ok := FilePath(u)
	if !ok || u.RawQuery != "" {
		return nil, fmt.Errorf(`%w: %s does not name a directory of this machine; write for example "file:///mnt/archive/"`, ErrPermanent, u.Redacted())
	}
	return OpenDir(root)
}

// FilePath returns what a URL such as file:///mnt/archive/ names, and false if that is
// nothing on this machine. It does not look at the query.
func FilePath(u *url.URL) (path string, ok bool) {
	if u.Scheme != "file" || u.Host != "" && u.Host != "localhost" || u.Path == "" {
		return "", false
	}
	path = filepath.FromSlash(u.Path)
	if filepath.Separator == '\\' { // file:///C:/archive
		path = strings.TrimPrefix(path, `\`)
	}
	return path, true
}

// Put implements [Store]. It does not look at retain.
func (d *Dir) Put(ctx context.Context, name string, data []byte, _ time.Time) error {
	path, err := d.path(ctx, name)
	if err != nil {
		return err
	}
	settle := func() error { return durable.Disk{}.SyncDir(filepath.Dir(path)) }
	same := func() error {
		there, err := readFile(path)
		if err == nil && !bytes.Equal(there, data) {
			return fmt.Errorf("%w: %s", ErrConflict, path)
		}
		return errors.Join(err, settle()) // whoever put it may have died before he could
	}
	if _, err := os.Lstat(path); err == nil {
		return same()
	}
	tmp, err := d.write(data)
	if err != nil {
		return explain(err)
	}
	defer os.Remove(tmp) //nolint:errcheck // if it has its name, this one is spare
	if err := durable.MkdirAll(durable.Disk{}, filepath.Dir(path), 0o755); err != nil {
		return explain(err)
	}
	switch err := d.link(tmp, path); {
	case errors.Is(err, fs.ErrExist):
		return same()
	case err != nil:
		// No hard links there. A rename would replace what appeared since, so it
		// is looked for once more; forwarders of one vault take turns.
		if _, err := os.Lstat(path); err == nil {
			return same()
		}
		if err := os.Rename(tmp, path); err != nil {
			return explain(err)
		}
	}
	return settle()
}

// write puts data on disk in a file that has not its name yet.
func (d *Dir) write(data []byte) (tmp string, err error) {
	dir := filepath.Join(d.root, unfinished)
	if err := os.Mkdir(dir, 0o755); err == nil || !errors.Is(err, fs.ErrExist) {
		if err != nil {
			return "", err
		}
	} else {
		d.tidy(dir)
	}
	f, err := os.CreateTemp(dir, "*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o444)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// tidy removes files of processes that died more than a day ago.
func (d *Dir) tidy(dir string) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return // write will tell
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.Remove(filepath.Join(dir, f.Name()))
		}
	}
}

// Get implements [Store].
func (d *Dir) Get(ctx context.Context, name string) ([]byte, error) {
	path, err := d.path(ctx, name)
	if err != nil {
		return nil, err
	}
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNotExist, path)
	}
	return data, explain(err)
}

// readFile is os.ReadFile, but that others may meanwhile remove the other name of the file.
func readFile(path string) ([]byte, error) {
	f, err := osfile.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() // opened for reading: nothing to lose
	return io.ReadAll(f)
}

// List implements [Store].
func (d *Dir) List(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		if err := d.reachable(ctx); err != nil {
			yield(Object{}, err)
			return
		}
		if _, err := d.walk(ctx, "", prefix, after, yield); err != nil {
			yield(Object{}, explain(err))
		}
	}
}

// walk yields what is in the folder dir, a name that ends with a slash or is empty.
func (d *Dir) walk(ctx context.Context, dir, prefix, after string, yield func(Object, error) bool) (on bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, context.Cause(ctx)
	}
	files, err := os.ReadDir(filepath.Join(d.root, filepath.FromSlash(dir)))
	if err != nil {
		return false, err
	}
	// In the order of whole names: a folder counts with its slash.
	name := func(f fs.DirEntry) string {
		if f.IsDir() {
			return dir + f.Name() + "/"
		}
		return dir + f.Name()
	}
	slices.SortFunc(files, func(a, b fs.DirEntry) int { return cmp.Compare(name(a), name(b)) })
	for _, f := range files {
		full := name(f)
		if strings.HasPrefix(f.Name(), ".") {
			continue
		}
		if f.IsDir() {
			if !strings.HasPrefix(full, prefix) && !strings.HasPrefix(prefix, full) || full < after && !strings.HasPrefix(after, full) {
				continue
			}
			if on, err := d.walk(ctx, full, prefix, after, yield); !on {
				return false, err
			}
			continue
		}
		if full <= after || !strings.HasPrefix(full, prefix) {
			continue
		}
		info, err := f.Info()
		if err != nil {
			return false, err
		}
		if !yield(Object{full, info.Size()}, nil) {
			return false, nil
		}
	}
	return true, nil
}

// Close implements [Store].
func (d *Dir) Close() error { return nil }

// path returns the file of an object.
func (d *Dir) path(ctx context.Context, name string) (string, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	if err := d.reachable(ctx); err != nil {
		return "", err
	}
	return filepath.Join(d.root, filepath.FromSlash(name)), nil
}

// reachable says why the directory is not there. That it is another one than at the last
// look is an error once: whoever goes on relies on what he found in the one before, and must
// not put half of it where no share is mounted now.
func (d *Dir) reachable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	info, err := os.Stat(d.root)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%w: %s is not a directory", ErrPermanent, d.root)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("archive: the directory %s is not there: make it, or mount the share that holds it", d.root)
	}
	if err != nil {
		return explain(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	before := cmp.Or(d.was, info)
	if d.was = info; !os.SameFile(before, info) {
		return fmt.Errorf("archive: %s is another directory than it was: a share was mounted there, or is no longer; what it holds is looked at anew", d.root)
	}
	return nil
}

// explain tells errors that last from those that may pass.
func explain(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w: give this user the right to write there", ErrPermanent, err)
	}
	return err
}

// CheckName returns an error that wraps [ErrPermanent] if name is no name of an object, as
// [Store] has them.
func CheckName(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		ok := part != "" && part[0] != '.'
		for _, c := range []byte(part) {
			ok = ok && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_=.", c) >= 0)
		}
		if !ok {
			return fmt.Errorf("%w: %q is no name of an object", ErrPermanent, name)
		}
	}
	return nil
}
