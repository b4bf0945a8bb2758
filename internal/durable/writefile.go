package durable

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// WriteFile puts data under name, so that whoever opens name sees all of it or
// what was there before, also after a power cut once it returned. Several may do so at
// once.
//
// The file is written beside name and renamed over it. Until then it has a name that
// nobody knows before, and is nobody else's: whoever may write the directory must not be
// able to have something else overwritten, by a link that waits there. What was left by
// those who died in the middle is removed.
func WriteFile(fsys FS, name string, data []byte, perm fs.FileMode) error {
	if err := replace(fsys, name, data, perm, File.Sync); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(name))
}

// PutFile is WriteFile for the time until the machine goes down: it does not wait for
// the disk.
func PutFile(fsys FS, name string, data []byte, perm fs.FileMode) error {
	return replace(fsys, name, data, perm, func(File) error { return nil })
}

// Touch makes an empty file if there is none.
func Touch(fsys FS, name string, perm fs.FileMode) error {
	f, err := fsys.OpenFile(name, os.O_RDWR|os.O_CREATE, perm)
	if err != nil {
		return err
	}
	return f.Close()
}

const (
	tempExt = ".tmp"
	// abandoned is after how long nobody is still writing a file, however slow the disk.
	abandoned = time.Hour
)

// replace writes a file beside name, and renames it once settled says that it may be.
func replace(fsys FS, name string, data []byte, perm fs.FileMode, settled func(File) error) error {
	sweep(fsys, name)
	temp := name + "." + rand.Text() + tempExt
	err := writeNew(fsys, temp, data, perm, settled)
	if err == nil {
		err = fsys.Rename(temp, name)
	}
	if err != nil {
		_ = fsys.Remove(temp) // or it is swept away
	}
	return err
}

// sweep removes what others left beside name. It is not worth an error.
func sweep(fsys FS, name string) {
	dir, prefix := filepath.Dir(name), filepath.Base(name)+"."
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) || !strings.HasSuffix(e.Name(), tempExt) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = fsys.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// writeNew writes a file that was not there.
func writeNew(fsys FS, name string, data []byte, perm fs.FileMode, settled func(File) error) error {
	f, err := fsys.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = settled(f)
	}
	return errors.Join(err, f.Close())
}
