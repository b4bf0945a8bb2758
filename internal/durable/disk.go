package durable

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/flexorhq/flexor-go/internal/lock"
	"github.com/flexorhq/flexor-go/internal/osfile"
)

// Disk is the host's file system.
//
// Sync is fdatasync on Linux, F_FULLFSYNC on macOS (the drive's own cache
// included) and FlushFileBuffers on Windows. SyncDir does nothing on Windows,
// which has no such call: NTFS journals names.
//
// The zero value is ready; it opens and closes the file of a lock each time. What
// [NewDisk] returns keeps them open until Close.
type Disk struct{ locks *lock.Pool }

var _ FS = Disk{}

// NewDisk returns a Disk for somebody who takes the same locks again and again.
func NewDisk() Disk { return Disk{&lock.Pool{}} }

// Close closes the files of locks that are not held.
func (d Disk) Close() error {
	if d.locks == nil {
		return nil
	}
	return d.locks.Close()
}

// diskFile makes Sync and Stat of an *os.File the cheapest that keep their promise.
type diskFile struct{ *os.File }

// Sync implements [File].
func (f diskFile) Sync() error { return datasync(f.File) }

// Stat implements [File].
func (f diskFile) Stat() (Info, error) { return statFile(f.File) }

// OpenFile implements [FS]. Whoever can write a directory must neither be able to stop
// those who use it nor to use them: a pipe in the place of a file has nobody wait for its
// other end, and a symbolic link is not written through, which is [ErrLink].
func (Disk) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	writes := flag&(os.O_WRONLY|os.O_RDWR) != 0
	if writes {
		flag |= osfile.NoFollow
	}
	f, err := osfile.Open(name, flag, perm)
	if err != nil && writes {
		err = notFollowed(name, err)
	}
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

// notFollowed returns the error for a name that could not be opened: ErrLink, if that is
// because it is a link.
func notFollowed(name string, err error) error {
	if info, lerr := os.Lstat(name); lerr == nil && info.Mode()&fs.ModeSymlink != 0 && !errors.Is(err, fs.ErrExist) {
		return &fs.PathError{Op: "open", Path: name, Err: ErrLink}
	}
	return err
}

// Mkdir implements [FS].
func (Disk) Mkdir(name string, perm fs.FileMode) error { return os.Mkdir(name, perm) }

// Rename implements [FS].
func (Disk) Rename(from, to string) error { return osfile.Rename(from, to) }

// Remove implements [FS].
func (Disk) Remove(name string) error { return os.Remove(name) }

// ReadDir implements [FS]. Of what it tells something is removed when its time is over, so
// it does not follow a link, which is [ErrLink].
func (Disk) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := osfile.Open(name, os.O_RDONLY|osfile.NoFollow, 0)
	if err != nil {
		return nil, notFollowed(name, err)
	}
	defer f.Close() // opened for reading: nothing to lose
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// Stat implements [FS].
func (Disk) Stat(name string) (Info, error) { return stat(name) }

// SyncDir implements [FS].
func (Disk) SyncDir(name string) error { return syncDir(name) }

// Lock implements [FS].
func (d Disk) Lock(name string, wait bool) (Unlocker, error) {
	l, err := d.locks.Acquire(name, wait)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, ErrLocked
	}
	return l, nil
}
