// Package lock takes advisory locks that the operating system releases when
// their holder dies, however it dies: flock on Unix, LockFileEx on Windows.
//
// It is our own because the ledger takes two locks for each commit: the common
// libraries open and close the file each time, which cost a tenth of a commit
// when it was measured.
package lock

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/flexorhq/flexor-go/internal/osfile"
)

// Pool takes locks, and keeps the files of those that were released open for the
// next time. Whoever must notice that such a file was removed or replaced since
// looks at its name while he holds the lock. The zero value is ready. It is safe
// for concurrent use.
type Pool struct {
	mu   sync.Mutex
	idle map[string]*os.File
}

// Lock is a held lock.
type Lock struct {
	file *os.File // nil: it was released
	name string
	pool *Pool // nil: the file is closed with the lock
}

// Acquire takes the exclusive lock on the file name, which must exist: a lock
// file that somebody deleted must not be created anew beside the one that others
// still hold. With wait it waits until the lock is free;
// otherwise it returns nil and no error when somebody else holds it. Two
// acquisitions in one process exclude each other like those of two processes. A
// nil pool keeps no files open.
func (p *Pool) Acquire(name string, wait bool) (*Lock, error) {
	f, err := p.take(name)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	got, err := flock(f, wait)
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", name, errors.Join(err, f.Close()))
	case !got:
		return nil, f.Close()
	}
	return &Lock{f, name, p}, nil
}

// take returns an open file that nobody else uses.
func (p *Pool) take(name string) (*os.File, error) {
	if p != nil {
		p.mu.Lock()
		f := p.idle[name]
		delete(p.idle, name)
		p.mu.Unlock()
		if f != nil {
			return f, nil
		}
	}
	return osfile.Open(name, os.O_RDWR|osfile.NoFollow, 0)
}

// Unlock releases the lock. If that fails the file is closed, which releases it
// too. It is idempotent, but not safe for concurrent use.
func (l *Lock) Unlock() error {
	f := l.file
	if l.file = nil; f == nil {
		return nil
	}
	if l.pool == nil {
		return f.Close()
	}
	if err := funlock(f); err != nil {
		return errors.Join(err, f.Close())
	}
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	if l.pool.idle == nil {
		l.pool.idle = map[string]*os.File{}
	}
	if l.pool.idle[l.name] != nil { // another goroutine was waiting with a file of its own
		return f.Close()
	}
	l.pool.idle[l.name] = f
	return nil
}

// Close closes the files of locks that are not held. The pool can be used again.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	for _, f := range p.idle {
		err = errors.Join(err, f.Close())
	}
	p.idle = nil
	return err
}

// File takes the exclusive lock on an open file, and waits for it. Two open files
// of the same name exclude each other, also in one process; the lock ends with
// [ReleaseFile], and when the file is closed.
func File(f *os.File) error {
	if _, err := flock(f, true); err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// ReleaseFile releases the lock that [File] took.
func ReleaseFile(f *os.File) error { return funlock(f) }
