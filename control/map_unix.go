//go:build linux || darwin || freebsd

package control

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the beginning of a file into memory, for reading. On these systems
// what another process writes to the file is there at once.
func mapFile(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
}

func unmapFile(mapped []byte) error { return unix.Munmap(mapped) }
