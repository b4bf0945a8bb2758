package peer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/flexorhq/flexor-go/bench/internal/load"
)

// preallocated is the size of the file of zeros. It is written round and round:
// to the disk and the file system it makes no difference whether the bytes that
// are replaced are zeros.
const preallocated = 64 << 20

// raw is a file that one goroutine writes to. It is the limit of what the disk
// does: no index, no checksum, no other process.
type raw struct {
	file *os.File
	size int64 // preallocated; 0: the file grows
	end  int64
	buf  []byte
}

// openRaw opens a file of so many zeros.
func openRaw(size int64) func(context.Context, string, int) (load.Peer, error) {
	return func(_ context.Context, dir string, _ int) (load.Peer, error) {
		f, err := os.Create(filepath.Join(dir, "raw"))
		if err != nil {
			return nil, err
		}
		zeros := make([]byte, 1<<20)
		for at := int64(0); at < size; at += int64(len(zeros)) {
			if _, err := f.WriteAt(zeros, at); err != nil {
				return nil, errors.Join(err, f.Close())
			}
		}
		return &raw{file: f, size: size}, f.Sync()
	}
}

// Append implements [load.Peer] for one goroutine.
func (r *raw) Append(_ context.Context, entries []load.Entry) error {
	r.buf = r.buf[:0]
	for _, e := range entries {
		r.buf = append(append(r.buf, e.JSON...), '\n')
	}
	if r.size > 0 && r.end+int64(len(r.buf)) > r.size {
		r.end = 0
	}
	if _, err := r.file.WriteAt(r.buf, r.end); err != nil {
		return err
	}
	r.end += int64(len(r.buf))
	return syscall.Fdatasync(int(r.file.Fd()))
}

// Close implements [load.Peer].
func (r *raw) Close() error { return r.file.Close() }
