//go:build !windows

package durable

import (
	"io/fs"
	"os"
	"syscall"
)

// IsOthers reports whether what os.Stat found belongs to another user than this process
// and the system's: they can write it whatever its mode.
func IsOthers(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return !ok || st.Uid != 0 && int(st.Uid) != os.Geteuid()
}

// infoOf returns what we want of what os.Stat found.
func infoOf(info fs.FileInfo) Info {
	st := info.Sys().(*syscall.Stat_t)
	return Info{FileID{uint64(st.Dev), st.Ino}, info.Size(), info.IsDir()}
}
