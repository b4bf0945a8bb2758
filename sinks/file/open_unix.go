//go:build !windows

package file

import (
	"os"
	"syscall"
)

// removed reports whether an open file has no name any more.
func removed(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 0
}

// truncate cuts an open file.
func truncate(f *os.File, size int64) error { return f.Truncate(size) }
