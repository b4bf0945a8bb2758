package control

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dirName is the name of a directory in the form that the system takes, ended by a zero:
// packages os and unix make that anew each time they ask.
type dirName []byte

func newDirName(dir string) dirName { return append([]byte(dir), 0) }

// dirStamp tells a directory from another one, and from itself with other entries. The
// zero value is of none.
type dirStamp struct {
	major, minor uint32
	inode        uint64
	modified     unix.StatxTimestamp
	changed      changeTime
}

// changeTime is when a directory was last changed.
type changeTime unix.StatxTimestamp

// After reports whether c is after t.
func (c changeTime) After(t time.Time) bool { return time.Unix(c.Sec, int64(c.Nsec)).After(t) }

// stamp returns the stamp of the directory by now, and false if the system does not say.
// It does not allocate.
func (d dirName) stamp() (s dirStamp, ok bool) {
	var st unix.Statx_t
	at := unix.AT_FDCWD
	_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(at), uintptr(unsafe.Pointer(&d[0])), 0,
		unix.STATX_INO|unix.STATX_MTIME|unix.STATX_CTIME, uintptr(unsafe.Pointer(&st)), 0)
	switch errno {
	case 0:
		return dirStamp{st.Dev_major, st.Dev_minor, st.Ino, st.Mtime, changeTime(st.Ctime)}, true
	case unix.ENOENT:
		return dirStamp{}, true
	}
	return dirStamp{}, false
}
