//go:build !windows

package osfile

import (
	"io/fs"
	"os"
	"syscall"
)

// NoFollow is a flag of [Open] with which a symbolic link in the place of the file is an error.
// On Windows it is nothing: to make a link takes a privilege there.
const NoFollow = syscall.O_NOFOLLOW

// open adds O_NONBLOCK, which means nothing for a file.
func open(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag|syscall.O_NONBLOCK, perm)
}

func rename(from, to string) error { return os.Rename(from, to) }
