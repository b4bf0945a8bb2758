// Package durable is the seam between the ledger and the disk: the few file
// operations a log needs, with a promise about the disk attached to each.
// The real one is [Disk]; tests put a faulting or a crashing one in its place.
package durable

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
)

// FS is the file system under a ledger. Names are paths of the host.
// Implementations are safe for concurrent use.
type FS interface {
	// OpenFile is os.OpenFile. A created file is durable under its name
	// only after SyncDir of its directory.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Mkdir is os.Mkdir. The directory is durable under its name only after
	// SyncDir of its parent.
	Mkdir(name string, perm fs.FileMode) error
	// Rename is os.Rename: atomic for everyone who looks, durable after SyncDir.
	Rename(from, to string) error
	// Remove is os.Remove.
	Remove(name string) error
	// ReadDir is os.ReadDir: entries sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Stat is os.Stat without the times: to ask for those of a file that is
	// written makes its next sync dearer.
	Stat(name string) (Info, error)
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
	// Lock takes the exclusive advisory lock on a file that must exist,
	// waiting for it if wait is set; otherwise it returns [ErrLocked] when another
	// holder has it. The lock ends with Unlock or with the process.
	Lock(name string, wait bool) (Unlocker, error)
}

// File is an open file of an [FS].
type File interface {
	io.ReaderAt
	io.WriterAt
	// Sync returns once the file's content, and the size needed to read it,
	// are on disk. After it failed once, what is on disk is unknown.
	Sync() error
	Truncate(size int64) error
	Stat() (Info, error)
	Close() error
}

// Unlocker is a held lock.
type Unlocker interface{ Unlock() error }

// ErrLocked is returned by [FS.Lock] without wait when another holder has the lock.
var ErrLocked = errors.New("durable: locked by another holder")

// ErrLink is wrapped by [Disk.OpenFile] when a file that is to be written is a symbolic
// link, and by [Disk.ReadDir] when a directory is.
var ErrLink = errors.New("it is a symbolic link, which is not followed here: put what it leads to in its place")

// ErrTooLarge is wrapped by [ReadFile] when a file exceeds the limit.
var ErrTooLarge = errors.New("file is larger than this format allows")

// MkdirAll is os.MkdirAll, with each directory that it creates durable under
// its name.
func MkdirAll(fsys FS, name string, perm fs.FileMode) error {
	info, err := fsys.Stat(name)
	if err == nil && !info.Dir {
		return &fs.PathError{Op: "mkdir", Path: name, Err: errors.New("exists and is not a directory")}
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(name)
	if parent != name {
		if err := MkdirAll(fsys, parent, perm); err != nil {
			return err
		}
	}
	if err := fsys.Mkdir(name, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return fsys.SyncDir(parent)
}
