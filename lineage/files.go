package lineage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
)

// Files are the files of this machine, as package os has them, with what is done to them
// recorded in the run of a context:
//
//	var files lineage.Files
//	prices, err := files.ReadFile(ctx, "feeds/prices.csv")
//	err = files.WriteFile(ctx, "reports/nav.csv", nav, 0o644)
//
// The record of a file is file:///path, or file://host/path if Host is set: its absolute
// path, as [Files.URI] returns it. Symbolic links are not followed, so that a file with
// two names is two records.
//
// A read is recorded when it succeeded. A change is recorded twice: before it is tried as
// an append, and once it is done as the write or delete that it is; so what failed, or
// what a process died over, counts as a change that may have been made. What is asked of
// directories, and of what is known of files, is no access, except that to rename or
// remove a directory does so to the collection of all that is in it.
//
// Errors are those of package os. A context that belongs to no run records nothing. The
// zero value is ready; Files are safe for concurrent use.
type Files struct {
	// Host is the machine in the records. Set it where the logs of several machines are
	// looked at together, or their files are taken for the same. Empty: none.
	Host string

	// Source is the source of the accesses; it may be empty.
	Source string

	// Digest has the SHA-256 of what ReadFile and WriteFile read and write recorded, so
	// that a read is known to be of what a certain run wrote.
	Digest bool
}

// URI returns the record of a file, or the collection of a directory if name ends in a
// separator. A relative name is one in the current directory.
func (f Files) URI(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		return name // which names no record, so that recording it is an error of the run
	}
	uri := fileURI(f.Host, filepath.ToSlash(abs))
	if name != "" && os.IsPathSeparator(name[len(name)-1]) && !strings.HasSuffix(uri, "/") {
		uri += "/"
	}
	return uri
}

// fileURI returns the URI of an absolute path with slashes: /x, C:/x, //server/share/x,
// or one of the long forms of Windows, //?/C:/x and //?/UNC/server/share/x.
func fileURI(host, path string) string {
	if long, ok := strings.CutPrefix(path, "//?/"); ok {
		path = long
		if share, ok := strings.CutPrefix(long, "UNC/"); ok {
			path = "//" + share
		}
	}
	switch {
	case strings.HasPrefix(path, "//"):
		return "file:" + escapedPath(path) // it names its host
	case !strings.HasPrefix(path, "/"):
		path = "/" + strings.ToUpper(path[:1]) + path[1:] // a drive
	}
	return "file://" + host + escapedPath(path)
}

// Open is [os.Open], a read unless it is of a directory. The file is that of package os.
func (f Files) Open(ctx context.Context, name string) (*os.File, error) {
	file, err := os.Open(name)
	if err == nil {
		f.read(ctx, file)
	}
	return file, err
}

// ReadFile is [os.ReadFile], a read.
func (f Files) ReadFile(ctx context.Context, name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err == nil {
		record(audit.FromContext(ctx), f.Source, audit.Access{Op: audit.OpRead, Record: f.URI(name), Digest: f.digest(data)})
	}
	return data, err
}

// Create is [os.Create], a write; see [Files.OpenFile].
func (f Files) Create(ctx context.Context, name string) (*File, error) {
	return f.OpenFile(ctx, name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
}

// OpenFile is [os.OpenFile]. With O_TRUNC, or with O_CREATE and O_EXCL, the file is
// written, and that is done when its Close succeeds. To open it for writing in another
// way is an append, for what it held may still be there, and a read too unless it is
// opened with O_WRONLY.
func (f Files) OpenFile(ctx context.Context, name string, flag int, perm fs.FileMode) (*File, error) {
	file := &File{run: audit.FromContext(ctx), source: f.Source}
	whole := flag&os.O_TRUNC != 0 || flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND) != 0 {
		change := audit.Access{Op: audit.OpAppend, Record: f.URI(name)}
		if whole {
			change.Op = audit.OpWrite
		}
		file.changes = []audit.Access{change}
		announce(file.run, f.Source, file.changes)
	}
	var err error
	if file.File, err = os.OpenFile(name, flag, perm); err != nil {
		return nil, err
	}
	if flag&os.O_WRONLY == 0 && !whole {
		f.read(ctx, file.File)
	}
	return file, nil
}

// WriteFile is [os.WriteFile], a write.
func (f Files) WriteFile(ctx context.Context, name string, data []byte, perm fs.FileMode) error {
	write := audit.Access{Op: audit.OpWrite, Record: f.URI(name), Digest: f.digest(data)}
	return f.change(ctx, func() error { return os.WriteFile(name, data, perm) }, write)
}

// AppendFile adds data to the end of a file, which it creates with perm if there is
// none: an append.
func (f Files) AppendFile(ctx context.Context, name string, data []byte, perm fs.FileMode) error {
	file, err := f.OpenFile(ctx, name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, perm)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// Rename is [os.Rename]: to is written from from, and from is deleted. Both are
// collections if from is a directory.
func (f Files) Rename(ctx context.Context, from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return os.Rename(from, to) // that says it in its own words
	}
	old, made := f.URI(from), f.URI(to)
	if info.IsDir() {
		old, made = collection(old), collection(made)
	}
	run := audit.FromContext(ctx)
	write := []audit.Access{{Op: audit.OpWrite, Record: made, From: []string{old}}}
	remove := []audit.Access{{Op: audit.OpDelete, Record: old}}
	Read(run, f.Source, old) // it is what is there now that is moved
	announce(run, f.Source, write)
	announce(run, f.Source, remove)
	if err := os.Rename(from, to); err != nil {
		return err
	}
	settle(run, f.Source, write)
	// Of two names of one file both stay, and a new spelling of a name may be the old.
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		settle(run, f.Source, remove)
	}
	return nil
}

// Remove is [os.Remove], a delete unless it is of a directory, which must be empty.
func (f Files) Remove(ctx context.Context, name string) error {
	if info, err := os.Lstat(name); err != nil || info.IsDir() {
		return os.Remove(name)
	}
	return f.change(ctx, func() error { return os.Remove(name) }, audit.Access{Op: audit.OpDelete, Record: f.URI(name)})
}

// RemoveAll is [os.RemoveAll], a delete of the file, or of the collection that the
// directory is.
func (f Files) RemoveAll(ctx context.Context, name string) error {
	info, err := os.Lstat(name)
	if err != nil {
		return os.RemoveAll(name)
	}
	uri := f.URI(name)
	if info.IsDir() {
		uri = collection(uri)
	}
	return f.change(ctx, func() error { return os.RemoveAll(name) }, audit.Access{Op: audit.OpDelete, Record: uri})
}

// change records a change, around making it.
func (f Files) change(ctx context.Context, effect func() error, a audit.Access) error {
	run := audit.FromContext(ctx)
	announce(run, f.Source, []audit.Access{a})
	if err := effect(); err != nil {
		return err
	}
	settle(run, f.Source, []audit.Access{a})
	return nil
}

// read records the read of an open file, unless it is a directory.
func (f Files) read(ctx context.Context, file *os.File) {
	run := audit.FromContext(ctx)
	if run == nil {
		return
	}
	if info, err := file.Stat(); err != nil || !info.IsDir() {
		Read(run, f.Source, f.URI(file.Name()))
	}
}

// digest returns the digest of a content, if digests are asked for.
func (f Files) digest(data []byte) string {
	if !f.Digest {
		return ""
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// collection returns the collection of a directory.
func collection(uri string) string { return strings.TrimSuffix(uri, "/") + "/" }

// File is a file of [Files.OpenFile]: an [os.File] whose Close records that what was
// written is there.
type File struct {
	*os.File
	run     *audit.Run
	source  string
	changes []audit.Access
}

// Close is that of [os.File]. If it succeeds, what was written is recorded as done.
func (f *File) Close() error {
	if err := f.File.Close(); err != nil {
		return err
	}
	settle(f.run, f.source, f.changes)
	return nil
}
