//go:build !windows

package file

import (
	"io/fs"
	"syscall"
)

// removed reports whether an open file has no name any more.
func removed(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 0
}
