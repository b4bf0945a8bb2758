package durable

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/internal/lock"
)

// Patience is for how long a lock is waited for that its holders have for moments only,
// where nobody said for how long.
const Patience = 10 * time.Second

// LockedError says that a lock was not free in time. It wraps [ErrLocked], and what
// ended the waiting.
type LockedError struct {
	Name   string        // of the file
	Waited time.Duration // for the lock
	PIDs   []int         // of the processes one of which holds it, as far as can be told; empty: it cannot
	Err    error         // what ended the waiting
}

// Error names the lock, who holds it, and what to do.
func (e *LockedError) Error() string {
	who := "another process holds it"
	switch len(e.PIDs) {
	case 0:
	case 1:
		who = fmt.Sprintf("process %d holds it", e.PIDs[0])
	default:
		who = fmt.Sprintf("one of the processes %s holds it", strings.Trim(fmt.Sprint(e.PIDs), "[]"))
	}
	return fmt.Sprintf("the lock %s was not free for %s: %s; if that hangs, end it, then try again", e.Name, e.Waited.Round(time.Millisecond), who)
}

// Unwrap returns [ErrLocked] and what ended the waiting.
func (e *LockedError) Unwrap() []error { return []error{ErrLocked, e.Err} }

// NewLockedError returns the error for a lock that was waited for since then, until ctx
// ended.
func NewLockedError(ctx context.Context, name string, since time.Time) *LockedError {
	e := &LockedError{Name: name, Waited: time.Since(since), Err: context.Cause(ctx)}
	if pid := lock.Holder(name); pid > 0 {
		e.PIDs = []int{pid}
	}
	return e
}

// LockWithin is [FS.Lock] that waits until ctx ends, and is a [*LockedError] then. Once
// ctx has ended it does not take even a lock that is free. Who waits looks again and
// again, so those who wait inside Lock may be served first.
func LockWithin(ctx context.Context, fsys FS, name string) (Unlocker, error) {
	const most = 10 * time.Millisecond
	since := time.Now()
	for pause := most / 100; ; pause = min(2*pause, most) {
		unlock, err := fsys.Lock(name, false)
		ended := ctx.Err() != nil
		switch {
		case err == nil && ended:
			return nil, errors.Join(context.Cause(ctx), unlock.Unlock())
		case !errors.Is(err, ErrLocked):
			return unlock, err
		case ended:
			return nil, NewLockedError(ctx, name, since)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
