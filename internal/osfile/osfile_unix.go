//go:build !windows

package osfile

import (
	"io/fs"
	"os"
	"syscall"
)

// open adds O_NONBLOCK, which means nothing for a file.
func open(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag|syscall.O_NONBLOCK, perm)
}

func rename(from, to string) error { return os.Rename(from, to) }
