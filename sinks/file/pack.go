package file

import (
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// pack replaces a rotated file by a compressed one, once that is on disk. If that
// fails the file stays as it is.
func (f *File) pack(name string) {
	packed := name + f.cfg.Compress.ext()
	tmp := packed + ".tmp"
	err := compress(tmp, name, f.cfg)
	if err == nil {
		err = os.Rename(tmp, packed)
	}
	if err == nil {
		err = durable.Disk{}.SyncDir(filepath.Dir(name))
	}
	if err == nil {
		err = os.Remove(name)
	}
	if err != nil {
		_ = os.Remove(tmp) // it may not be there
		f.cfg.Logger.Warn("file: cannot compress a rotated file; it stays as it is", "file", name, "err", err)
	}
}

// compress writes a file anew, compressed, and syncs it. What a process left there that
// died goes away first, and so does a link that somebody laid: the file is a new one.
func compress(to, from string, cfg Config) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() // opened for reading: nothing to lose
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, cfg.Perm)
	if err != nil {
		return err
	}
	z, err := cfg.Compress.writer(out)
	if err == nil {
		_, err = io.Copy(z, in)
		err = errors.Join(err, z.Close())
	}
	return errors.Join(err, out.Sync(), out.Close())
}

// writer returns a writer that compresses what goes to out.
func (c Compression) writer(out io.Writer) (io.WriteCloser, error) {
	if c == Gzip {
		return gzip.NewWriter(out), nil
	}
	// Beside the agent: on one core, and in little memory.
	return zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
}
