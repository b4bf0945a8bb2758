package ledger

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// publishLock is the file whose lock is held while the checkpoint file is
// replaced. It is not the ledger's, for which writers queue.
const publishLock = "checkpoint.lock"

// publisher keeps the checkpoint file: the newest signed note whose records are
// on disk. It is written in place, because a rename for each commit costs
// several times as much, and never synced, because it must not be ahead of the
// records after a power cut.
type publisher struct {
	file durable.File
	id   durable.FileID // of file
	buf  []byte
}

// put writes cp unless a newer one stands there.
func (p *publisher) put(fsys durable.FS, dir string, cp Checkpoint, v note.Verifier) (err error) {
	name, lock := filepath.Join(dir, checkpointName), filepath.Join(dir, publishLock)
	info, err := fsys.Stat(name)
	fresh := p.file == nil || err != nil || info.ID != p.id
	if fresh {
		p.close()
		if err := durable.Touch(fsys, lock, lockPerm); err != nil {
			return err
		}
	}
	// Without a lock, a process that was held up between its look and its write
	// would put an older checkpoint over a newer one.
	unlock, err := fsys.Lock(lock, true)
	if err != nil {
		p.close() // the next one makes the lock file anew
		return err
	}
	defer func() { err = errors.Join(err, unlock.Unlock()) }()
	if fresh {
		err := p.open(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			return durable.PutFile(fsys, name, cp.Note, 0o644) // readers must not meet it empty
		}
		if err != nil {
			return err
		}
	}
	// No more than is expected: a read that meets the end of the file costs two
	// calls. A longer one is damaged, and its beginning tells its size.
	p.buf = slices.Grow(p.buf[:0], len(cp.Note))
	there := p.buf[:len(cp.Note)]
	n, err := p.file.ReadAt(there, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	there = there[:n]
	if statedSize(there) > cp.Size {
		if !fresh {
			return nil
		}
		// A file that is met anew may be damaged; its size alone says nothing.
		if _, err := readPublished(fsys, dir, v); err == nil {
			return nil
		}
	}
	if _, err := p.file.WriteAt(cp.Note, 0); err != nil {
		return err
	}
	if fresh || info.Size > int64(len(cp.Note)) {
		return p.file.Truncate(int64(len(cp.Note)))
	}
	return nil
}

// statedSize is the size in a note, unverified; 0 if it has none.
func statedSize(signed []byte) uint64 {
	_, rest, _ := bytes.Cut(signed, []byte("\n"))
	digits, _, _ := bytes.Cut(rest, []byte("\n"))
	size, _ := plainDecimal(digits)
	return size
}

// open opens the file.
func (p *publisher) open(fsys durable.FS, name string) error {
	f, err := fsys.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	p.file, p.id = f, info.ID
	return nil
}

// close closes the file; what it holds is derived.
func (p *publisher) close() {
	if p.file != nil {
		_ = p.file.Close()
		p.file = nil
	}
}
