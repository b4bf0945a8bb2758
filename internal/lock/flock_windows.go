package lock

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// The byte that is locked lies far behind the end of any file: on Windows others
// cannot read what is locked.
var region = windows.Overlapped{OffsetHigh: math.MaxInt32}

// flock locks a file. got is false if somebody else holds the lock and wait is
// not set.
func flock(f *os.File, wait bool) (got bool, err error) {
	flags := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK)
	if !wait {
		flags |= windows.LOCKFILE_FAIL_IMMEDIATELY
	}
	at := region
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}

func funlock(f *os.File) error {
	at := region
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at)
}
