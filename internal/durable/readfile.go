package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/flexorhq/flexor-go/internal/osfile"
)

// ReadFile returns the content of a file of at most limit bytes; a larger one is
// [ErrTooLarge].
func ReadFile(fsys FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() // opened for reading: nothing to lose
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrTooLarge}
	}
	data := make([]byte, info.Size)
	n, err := f.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return data[:n], nil
}

// ReadChecked is [ReadFile] of the host's file system for a file that counts only if it is
// kept as it must be: check is told what was opened, not what has the name, which may be
// another file by then. A pipe is read if it is this user's own, as a shell makes them to
// hand over a secret; one of somebody else would have the reader wait for ever.
func ReadChecked(name string, limit int64, check func(fs.FileInfo) error) ([]byte, error) {
	f, err := osfile.Open(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() // opened for reading: nothing to lose
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() && IsOthers(info):
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is not a file, and belongs to somebody else")}
	case info.Size() > limit:
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrTooLarge}
	}
	if err := check(info); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, limit))
}
