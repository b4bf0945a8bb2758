package file

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// gzExt is what the names of compressed files end in.
const gzExt = ".gz"

// pack replaces a rotated file by a compressed one, once that is on disk. If that
// fails the file stays as it is.
func (f *File) pack(name string) {
	tmp := name + gzExt + ".tmp"
	err := compress(tmp, name, f.cfg)
	if err == nil {
		err = os.Rename(tmp, name+gzExt)
	}
	if err == nil {
		err = durable.Disk{}.SyncDir(filepath.Dir(name))
	}
	if err == nil {
		err = os.Remove(name)
	}
	if err != nil {
		_ = os.Remove(tmp) // it may not be there
		f.cfg.Logger.Warn("file: cannot compress a rotated file; it stays as it is", "file", name, "error", err)
	}
}

// compress writes a file anew as gzip, and syncs it.
func compress(to, from string, cfg Config) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() // opened for reading: nothing to lose
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, cfg.Perm)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(out)
	_, err = io.Copy(z, in)
	return errors.Join(err, z.Close(), out.Sync(), out.Close())
}
