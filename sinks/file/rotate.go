package file

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// stampLayout is the time in the name of a rotated file. Such names sort by time.
const stampLayout = "20060102T150405.000000Z"

// due reports whether a new file has to be begun before n bytes more are written.
func (f *File) due(info fs.FileInfo, n int) bool {
	switch {
	case info.Size() == 0:
		return false
	case f.cfg.MaxSize > 0 && info.Size()+int64(n) > f.cfg.MaxSize:
		return true
	}
	// The day of the last line is that of the file's time, which all processes see.
	return f.cfg.Daily && day(info.ModTime()).Before(day(time.Now()))
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// rotate renames the locked file of a size and closes it. That it cannot be renamed is
// no error: then the file grows on, and the logger hears of it. The caller holds f.mu.
func (f *File) rotate(size int64) error {
	if _, err := f.mend(size); err != nil {
		return err
	}
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	to := f.rotatedName(info.ModTime())
	// What is in the file must be on disk before another takes its name: a later sync
	// of that one promises all that came before.
	if err := f.noteSync(f.written, f.file.Sync()); err != nil {
		return err
	}
	err = os.Rename(f.name, to)
	if err == nil {
		err = durable.Disk{}.SyncDir(filepath.Dir(f.name))
	}
	if err != nil {
		if !f.stuck {
			f.cfg.Logger.Warn("file: cannot rotate; the file grows on", "file", f.name, "err", err)
		}
		f.stuck = true
	} else {
		f.stuck = false
		if f.cfg.Compress != "" {
			f.packing.Go(func() { f.pack(to) })
		}
	}
	return f.leave()
}

// rotatedName returns the name for a file whose last line is of the given time: one
// that no file has.
func (f *File) rotatedName(last time.Time) string {
	for {
		name := f.stamped(last)
		if free(name) && !compressed(name) {
			return name
		}
		last = last.Add(time.Microsecond)
	}
}

// stamped returns the first name to try for a file whose last line is of the given time.
func (f *File) stamped(last time.Time) string {
	ext := filepath.Ext(f.name)
	return strings.TrimSuffix(f.name, ext) + "-" + last.UTC().Format(stampLayout) + ext
}

// wasRotated reports whether another sink rotated a file that has no name any more: then
// what was in it is in its compressed form. While the next one is rotated too, nothing
// has the name of the sink for a moment, and a file that a stranger removed looks the same.
func (f *File) wasRotated(info fs.FileInfo) bool { return compressed(f.stamped(info.ModTime())) }

// compressed reports whether a rotated file is there in a compressed form, whoever made it.
func compressed(name string) bool { return !free(name+Gzip.ext()) || !free(name+Zstd.ext()) }

// free reports whether no file has the name, as far as can be seen: that a name is
// impossible, the renaming says.
func free(name string) bool {
	_, err := os.Lstat(name)
	return err != nil
}
