package durable

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// stat and statFile do not ask for times. Since Linux 6.13, where a file system has
// multigrain timestamps, a write after somebody asked for the times of its file must
// take a new one of them, which makes the next fdatasync write the inode as well. With
// a look at the segment for each commit, a commit took 155 µs in place of 95 µs.
const statMask = unix.STATX_TYPE | unix.STATX_INO | unix.STATX_SIZE

func stat(name string) (Info, error) {
	i, err := statx(unix.AT_FDCWD, name, 0)
	if unavailable(err) {
		info, err := os.Stat(name)
		if err != nil {
			return Info{}, err
		}
		return infoOf(info), nil
	}
	if err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return i, nil
}

func statFile(f *os.File) (i Info, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return Info{}, err
	}
	if cerr := conn.Control(func(fd uintptr) { i, err = statx(int(fd), "", unix.AT_EMPTY_PATH) }); cerr != nil {
		return Info{}, cerr
	}
	if unavailable(err) {
		info, err := f.Stat()
		if err != nil {
			return Info{}, err
		}
		return infoOf(info), nil
	}
	if err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return i, nil
}

// statx is statx(2), until no signal interrupts it.
func statx(dir int, name string, flags int) (Info, error) {
	var st unix.Statx_t
	for {
		err := unix.Statx(dir, name, flags, statMask, &st)
		switch {
		case err == nil:
			return Info{FileID{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino}, int64(st.Size), st.Mode&unix.S_IFMT == unix.S_IFDIR}, nil
		case !errors.Is(err, unix.EINTR):
			return Info{}, err
		}
	}
}

// unavailable reports whether err says that there is no statx: Linux has it since
// 4.11, and a sandbox that does not know it answers EPERM, as a file never does.
func unavailable(err error) bool {
	return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM)
}
