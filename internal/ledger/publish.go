package ledger

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// publisher keeps the checkpoint file: the newest signed note whose records are
// on disk. It is written in place, because a rename for each commit costs
// several times as much, and never synced, because it must not be ahead of the
// records after a power cut.
type publisher struct {
	file durable.File
	info fs.FileInfo
}

// put writes cp unless a newer one stands there. Several processes may do so
// at once without a lock: each looks again after it wrote, so that the newest
// stays or is put again.
func (p *publisher) put(fsys durable.FS, dir string, cp Checkpoint) error {
	name := filepath.Join(dir, checkpointName)
	info, err := fsys.Stat(name)
	if p.file == nil || err != nil || !fsys.SameFile(info, p.info) {
		if err := p.open(fsys, name); err != nil {
			return err
		}
	}
	const tries = 8 // each further one means that another process wrote meanwhile
	buf := make([]byte, 1024)
	for range tries {
		n, err := p.file.ReadAt(buf, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		there := buf[:n]
		if bytes.Equal(there, cp.Note) || statedSize(there) > cp.Size {
			return nil
		}
		if _, err := p.file.WriteAt(cp.Note, 0); err != nil {
			return err
		}
		if len(there) > len(cp.Note) {
			if err := p.file.Truncate(int64(len(cp.Note))); err != nil {
				return err
			}
		}
	}
	return nil
}

// statedSize is the size in a note, unverified; 0 if it has none.
func statedSize(signed []byte) uint64 {
	text, _, _ := strings.Cut(string(signed), "\n\n")
	cp, err := parseNoteText(text + "\n")
	if err != nil {
		return 0
	}
	return cp.Size
}

func (p *publisher) open(fsys durable.FS, name string) error {
	p.close()
	f, err := fsys.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	p.file, p.info = f, info
	return nil
}

// close closes the file; what it holds is derived.
func (p *publisher) close() {
	if p.file != nil {
		_ = p.file.Close()
		p.file = nil
	}
}
