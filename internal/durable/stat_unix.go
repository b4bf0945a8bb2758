//go:build !windows

package durable

import (
	"io/fs"
	"syscall"
)

// infoOf returns what we want of what os.Stat found.
func infoOf(info fs.FileInfo) Info {
	st := info.Sys().(*syscall.Stat_t)
	return Info{FileID{uint64(st.Dev), st.Ino}, info.Size(), info.IsDir()}
}
