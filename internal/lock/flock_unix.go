//go:build !windows

package lock

import (
	"errors"
	"os"
	"syscall"
)

// flock locks a whole file. got is false if somebody else holds the lock and
// wait is not set.
func flock(f *os.File, wait bool) (got bool, err error) {
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	err = control(f, how)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func funlock(f *os.File) error { return control(f, syscall.LOCK_UN) }

// control calls flock until no signal interrupts it.
func control(f *os.File, how int) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var ferr error
	if err := conn.Control(func(fd uintptr) {
		for {
			if ferr = syscall.Flock(int(fd), how); ferr != syscall.EINTR {
				return
			}
		}
	}); err != nil {
		return err
	}
	return ferr
}
