package ledger

import (
	"io/fs"
	"sync/atomic"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// fault is one way in which an operation fails.
type fault struct {
	name      string
	err       error
	persisted bool // it is done, and reported failed
	short     bool // half of a write is done
	forgets   bool // a sync leaves what it could not write readable, and clean
	final     bool // nothing is done from then on, as if the process had died
}

// faultFS fails the operation number at, counted over all files. Reads and locks
// count too; closing and unlocking fail only after they are done, as anything
// else would mean that the process hangs for ever.
type faultFS struct {
	durable.FS
	fault
	at    int64
	count atomic.Int64
	what  atomic.Pointer[string] // the operation that failed
	spy   func()                 // if set, called before each operation that changes something
}

// hit counts an operation, and says whether it is the one to fail.
func (f *faultFS) hit(op, name string) bool {
	n := f.count.Add(1)
	if f.final && f.at > 0 && n > f.at {
		return true
	}
	if n != f.at {
		return false
	}
	what := op + " " + name
	f.what.Store(&what)
	return true
}

// do runs an operation that is done as a whole or not at all.
func (f *faultFS) do(op, name string, run func() error) error {
	if f.spy != nil {
		f.spy()
	}
	if !f.hit(op, name) {
		return run()
	}
	if f.persisted {
		if err := run(); err != nil {
			return err
		}
	}
	return &fs.PathError{Op: op, Path: name, Err: f.err}
}

// OpenFile implements [durable.FS].
func (f *faultFS) OpenFile(name string, flag int, perm fs.FileMode) (file durable.File, err error) {
	err = f.do("open", name, func() error {
		file, err = f.FS.OpenFile(name, flag, perm)
		return err
	})
	if err != nil && file != nil {
		_ = file.Close() // a kernel that reports a failure gives no file
	}
	if err != nil {
		return nil, err
	}
	return &faultFile{file, f, name}, nil
}

// Mkdir implements [durable.FS].
func (f *faultFS) Mkdir(name string, perm fs.FileMode) error {
	return f.do("mkdir", name, func() error { return f.FS.Mkdir(name, perm) })
}

// Rename implements [durable.FS].
func (f *faultFS) Rename(from, to string) error {
	return f.do("rename", from, func() error { return f.FS.Rename(from, to) })
}

// Remove implements [durable.FS].
func (f *faultFS) Remove(name string) error {
	return f.do("remove", name, func() error { return f.FS.Remove(name) })
}

// SyncDir implements [durable.FS].
func (f *faultFS) SyncDir(name string) error {
	return f.do("syncdir", name, func() error { return f.FS.SyncDir(name) })
}

// ReadDir implements [durable.FS].
func (f *faultFS) ReadDir(name string) (out []fs.DirEntry, err error) {
	if f.hit("readdir", name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: f.err}
	}
	return f.FS.ReadDir(name)
}

// Stat implements [durable.FS].
func (f *faultFS) Stat(name string) (durable.Info, error) {
	if f.hit("stat", name) {
		return durable.Info{}, &fs.PathError{Op: "stat", Path: name, Err: f.err}
	}
	return f.FS.Stat(name)
}

// Lock implements [durable.FS].
func (f *faultFS) Lock(name string, wait bool) (durable.Unlocker, error) {
	if f.hit("lock", name) {
		return nil, &fs.PathError{Op: "lock", Path: name, Err: f.err}
	}
	l, err := f.FS.Lock(name, wait)
	if err != nil {
		return nil, err
	}
	return faultLock{l, f, name}, nil
}

type faultLock struct {
	durable.Unlocker
	fs   *faultFS
	name string
}

// Unlock implements [durable.Unlocker].
func (l faultLock) Unlock() error {
	if err := l.Unlocker.Unlock(); err != nil || !l.fs.hit("unlock", l.name) {
		return err
	}
	return &fs.PathError{Op: "unlock", Path: l.name, Err: l.fs.err}
}

type faultFile struct {
	durable.File
	fs   *faultFS
	name string
}

// ReadAt implements [durable.File].
func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	if f.fs.hit("read", f.name) {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: f.fs.err}
	}
	return f.File.ReadAt(p, off)
}

// WriteAt implements [durable.File].
func (f *faultFile) WriteAt(p []byte, off int64) (n int, err error) {
	if f.fs.short && f.fs.count.Load()+1 == f.fs.at {
		p = p[:len(p)/2]
		if n, err = f.File.WriteAt(p, off); err != nil {
			return n, err
		}
	}
	err = f.fs.do("write", f.name, func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	return n, err
}

// Truncate implements [durable.File].
func (f *faultFile) Truncate(size int64) error {
	return f.fs.do("truncate", f.name, func() error { return f.File.Truncate(size) })
}

// Sync implements [durable.File]. One that fails and is lost takes what was
// written with it, where the file system can play that.
func (f *faultFile) Sync() error {
	err := f.fs.do("sync", f.name, f.File.Sync)
	m, ok := f.File.(*memFile)
	switch {
	case !ok || err == nil || f.fs.persisted || f.fs.final:
	case f.fs.forgets:
		m.forget()
	default:
		m.lose()
	}
	return err
}

// Stat implements [durable.File].
func (f *faultFile) Stat() (durable.Info, error) {
	if f.fs.hit("fstat", f.name) {
		return durable.Info{}, &fs.PathError{Op: "fstat", Path: f.name, Err: f.fs.err}
	}
	return f.File.Stat()
}

// Close implements [durable.File].
func (f *faultFile) Close() error {
	if err := f.File.Close(); err != nil || !f.fs.hit("close", f.name) {
		return err
	}
	return &fs.PathError{Op: "close", Path: f.name, Err: f.fs.err}
}
