package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/lock"
)

// attempts is how often take looks for a file that keeps its name while it is
// locked. Each further one means that somebody renamed the file in a moment of microseconds.
const attempts = 100

// take locks the file that has the name now, opening or rotating it first where that
// is due, and returns its size. It then ends with a whole line and has room for n bytes
// more. The caller holds f.mu, and releases the lock.
func (f *File) take(n int) (int64, error) {
	rotated := false // or tried to
	for range attempts {
		size, again, err := f.tryTake(n, &rotated)
		if err != nil && f.file != nil {
			err = errors.Join(err, lock.ReleaseFile(f.file))
		}
		if err != nil || !again {
			return size, err
		}
	}
	return 0, fmt.Errorf("somebody renames it again and again; found another file under the name %d times", attempts)
}

// tryTake is one attempt of take. After an error the lock may still be held.
func (f *File) tryTake(n int, rotated *bool) (size int64, again bool, err error) {
	if f.file == nil {
		if err := f.open(); err != nil {
			return 0, false, err
		}
	}
	if err := lock.File(f.file); err != nil {
		return 0, false, err
	}
	info, err := f.look()
	switch {
	case err != nil:
		return 0, false, err
	case info == nil: // it was renamed
		return 0, true, f.leave()
	case !*rotated && f.due(info, n):
		*rotated = true
		return 0, true, f.rotate(info.Size())
	}
	size, err = f.mend(info.Size())
	return size, false, err
}

// look returns what the locked file is, and nil if another file has its name or it
// has another name. A file that was removed is an error, unless another is in its place.
func (f *File) look() (fs.FileInfo, error) {
	ours, err := f.file.Stat()
	if err != nil {
		return nil, err
	}
	named, err := os.Stat(f.name)
	switch {
	case err == nil && os.SameFile(ours, named):
		return ours, nil
	case err == nil:
		return nil, nil
	case removed(f.file) && !f.wasRotated(ours):
		return nil, fmt.Errorf("%w: put it back from a backup, or create an empty one to begin anew; "+
			"a logrotate that compresses at once needs create or delaycompress", ErrRemoved)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return nil, nil
}

// mend makes the locked file of a size end with a whole line, and returns its size
// then. A process that was killed may have left a line unfinished.
func (f *File) mend(size int64) (int64, error) {
	if size == 0 {
		return 0, nil
	}
	last := make([]byte, 1)
	if _, err := f.file.ReadAt(last, size-1); err != nil {
		return 0, err
	}
	if last[0] == '\n' {
		return size, nil
	}
	tail := make([]byte, min(size, audit.MaxRecord+1))
	if _, err := f.file.ReadAt(tail, size-int64(len(tail))); err != nil {
		return 0, err
	}
	end := bytes.LastIndexByte(tail, '\n')
	line := tail[end+1:]
	switch {
	case line[0] != '{' || end < 0 && int64(len(tail)) < size:
		// Somebody's file. Nothing of it is cut off.
		return 0, errors.New("it does not end as a file of JSON lines does: choose another name, or end its last line with a newline")
	case json.Valid(line):
		n, err := f.file.Write([]byte("\n"))
		return size + int64(n), err
	}
	f.cfg.Logger.Warn("file: cut off a line that a process left unfinished when it died", "file", f.name, "bytes", len(line))
	size -= int64(len(line))
	return size, truncate(f.file, size)
}
