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
	"io/fs"
	"os"
	"sync"
)

// Pool takes locks, and keeps the files of those that were released open for the
// next time. The zero value is ready. It is safe for concurrent use.
type Pool struct {
	mu   sync.Mutex
	idle map[string]*handle
}

// handle is an open lock file.
type handle struct {
	file *os.File
	info fs.FileInfo
}

// Lock is a held lock.
type Lock struct {
	h    *handle
	name string
	pool *Pool // nil: the file is closed with the lock
}

// Acquire takes the exclusive lock on the file name, which must exist: a lock
// file that somebody deleted must be noticed, not created anew beside the
// one that others still hold. With wait it waits until the lock is free;
// otherwise it returns nil and no error when somebody else holds it. Two
// acquisitions in one process exclude each other like those of two processes. A
// nil pool keeps no files open.
func (p *Pool) Acquire(name string, wait bool) (*Lock, error) {
	h, err := p.take(name)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	got, err := flock(h.file, wait)
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", name, errors.Join(err, h.file.Close()))
	case !got:
		return nil, h.file.Close()
	}
	return &Lock{h, name, p}, nil
}

// take returns an open file that is the one under name.
func (p *Pool) take(name string) (*handle, error) {
	if p != nil {
		p.mu.Lock()
		h := p.idle[name]
		delete(p.idle, name)
		p.mu.Unlock()
		if h != nil {
			if info, err := os.Stat(name); err == nil && os.SameFile(info, h.info) {
				return h, nil
			}
			_ = h.file.Close() // it was removed or replaced
		}
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &handle{f, info}, nil
}

// Unlock releases the lock. If that fails the file is closed, which releases it
// too. It is idempotent, but not safe for concurrent use.
func (l *Lock) Unlock() error {
	h := l.h
	if l.h = nil; h == nil {
		return nil
	}
	if l.pool == nil {
		return h.file.Close()
	}
	if err := funlock(h.file); err != nil {
		return errors.Join(err, h.file.Close())
	}
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	if l.pool.idle == nil {
		l.pool.idle = map[string]*handle{}
	}
	if l.pool.idle[l.name] != nil { // another goroutine was waiting with a file of its own
		return h.file.Close()
	}
	l.pool.idle[l.name] = h
	return nil
}

// Close closes the files of locks that are not held. The pool can be used again.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	for _, h := range p.idle {
		err = errors.Join(err, h.file.Close())
	}
	p.idle = nil
	return err
}
