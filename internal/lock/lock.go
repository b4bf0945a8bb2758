// Package lock takes advisory locks that the operating system releases when
// their holder dies, however it dies.
package lock

import (
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

// Lock is a held lock.
type Lock struct{ f *flock.Flock }

// Acquire takes the exclusive lock on the file name, which must exist: a lock
// file that somebody deleted must be noticed, not created anew beside the
// one that others still hold. With wait it waits until the lock is free;
// otherwise it returns nil and no error when somebody else holds it. Two
// acquisitions in one process exclude each other like those of two processes.
func Acquire(name string, wait bool) (*Lock, error) {
	// Opened anew each time and without O_CREATE, so that a replaced lock file
	// is met under its name.
	f := flock.New(name, flock.SetFlag(os.O_RDWR))
	if wait {
		if err := f.Lock(); err != nil {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		return &Lock{f}, nil
	}
	ok, err := f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	if !ok {
		return nil, nil
	}
	return &Lock{f}, nil
}

// Unlock releases the lock.
func (l *Lock) Unlock() error { return l.f.Unlock() }
