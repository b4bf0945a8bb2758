package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/flexorhq/flexor-go/internal/lock"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// permissions checks that not everyone may change the vault. The private key is a
// check of its own.
func (p *patient) permissions(context.Context) []finding {
	if runtime.GOOS == "windows" {
		return skip("not checked: file modes say nothing on this system")
	}
	paths := []string{p.file, p.dir}
	if p.logDir != "" {
		paths = append(paths, p.logDir, filepath.Join(p.logDir, "segments"), filepath.Dir(vault.KeyFile(p.logDir)))
	}
	var found []finding
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil: // the others are likely to be as little visible
			return bad("let this user read the vault", "%s", cause(err))
		case info.Mode().Perm()&0o002 != 0:
			found = append(found, bad("chmod o-w "+path, "everyone may write %s, its mode is %04o", path, info.Mode().Perm())...)
		}
	}
	if found == nil {
		return fine("not everyone may write the vault")
	}
	return found
}

// directory checks whether the disk takes what is written.
func (p *patient) directory(context.Context) []finding {
	dir := p.nearest()
	err := scratch(dir, func(f *os.File) error {
		_, err := f.Write(make([]byte, 4096))
		return errors.Join(err, f.Sync())
	})
	if err != nil {
		var pathErr *fs.PathError // its path is that of the scratch file
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return bad("let agents run as a user who may write there, on a disk with room; reading and verifying need no more than this", "%s cannot be written: %s", dir, cause(err))
	}
	return fine("%s can be written, and synced to disk", dir)
}

// locks checks whether the file system keeps two writers apart: it takes a lock, and
// tries to take it again through a second handle.
func (p *patient) locks(context.Context) []finding {
	dir, apart := p.nearest(), false
	err := scratch(dir, func(f *os.File) (err error) {
		var pool *lock.Pool // it keeps no file open
		apart, err = excludes(func() (func() error, error) {
			l, err := pool.Acquire(f.Name(), false)
			if l == nil {
				return nil, err
			}
			return l.Unlock, nil
		})
		return err
	})
	switch {
	case errors.Is(err, errNoLocks):
		return bad("keep the vault on a disk of this machine, or a file system with locks", "%s: %s", dir, cause(err))
	case err != nil:
		return skip("not checked: %s cannot be written", dir)
	case !apart:
		return bad("keep the vault on a disk of this machine, or a file system with locks", "in %s a lock does not keep a second handle out, or is never released", dir)
	}
	return fine("a lock in %s excludes a second handle, and is released", dir)
}

// errNoLocks is wrapped when a lock cannot be taken at all.
var errNoLocks = errors.New("locks do not work")

// excludes reports whether a lock that is held cannot be taken again before it is
// released. The lock is taken by take, which returns how to release it, and nil if
// somebody else holds it.
func excludes(take func() (release func() error, err error)) (bool, error) {
	first, err := take()
	if err != nil || first == nil {
		return false, noLocks(err)
	}
	second, err := take()
	if err != nil || second != nil {
		if second != nil {
			err = second()
		}
		return false, errors.Join(noLocks(err), first())
	}
	if err := first(); err != nil {
		return false, noLocks(err)
	}
	third, err := take()
	if err != nil || third == nil {
		return false, noLocks(err)
	}
	return true, third()
}

func noLocks(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errNoLocks, err)
}

// scratch makes a file in dir, uses it, and removes it.
func scratch(dir string, use func(*os.File) error) error {
	f, err := os.CreateTemp(dir, ".flexor-doctor-*")
	if err != nil {
		return err
	}
	err = use(f)
	// Closed before it is removed, as Windows removes no open file.
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}
