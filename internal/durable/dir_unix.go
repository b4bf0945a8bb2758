//go:build !windows

package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Flags of open(2) that mean nothing for a file.
const (
	noWait   = unix.O_NONBLOCK
	noFollow = unix.O_NOFOLLOW
)

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
