package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// writersDir holds a file for each live writer of the log, locked by it for as
// long as it lives. A file that is not locked belongs to one that died.
const (
	writersDir = "writers"
	writerExt  = ".json"
)

// Presence is the sign of life of one writer of a log.
type Presence struct {
	ID    string `json:"writer"`
	First uint64 `json:"first"` // records of this writer stand at this index or later
	PID   int    `json:"pid"`   // for people; it may be used again by another process

	path string
	lock durable.Unlocker
}

// Enter leaves a sign of life for the writer id, whose records will stand at
// index first or later. It is on disk when Enter returns.
func Enter(fsys durable.FS, dir, id string, first uint64) (*Presence, error) {
	if id == "" || strings.ContainsAny(id, `/\.`) {
		return nil, fmt.Errorf("ledger: writer id %q is no file name", id)
	}
	p := &Presence{ID: id, First: first, PID: os.Getpid(), path: filepath.Join(dir, writersDir, id+writerExt)}
	data, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(fsys, filepath.Dir(p.path), 0o755); err != nil {
		return nil, err
	}
	// Locked under another name first: a file that others can see is locked.
	tmp := p.path + ".new"
	f, err := fsys.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteAt(append(data, '\n'), 0)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if p.lock, err = fsys.Lock(tmp, true); err != nil {
		return nil, err
	}
	if err := fsys.Rename(tmp, p.path); err != nil {
		return nil, errors.Join(err, p.lock.Unlock())
	}
	if err := fsys.SyncDir(filepath.Dir(p.path)); err != nil {
		return nil, errors.Join(err, p.lock.Unlock())
	}
	return p, nil
}

// Leave removes the sign of life.
func (p *Presence) Leave(fsys durable.FS) error {
	return errors.Join(fsys.Remove(p.path), p.lock.Unlock())
}

// Abandon lets go of the sign of life without removing it, so that the next one
// who looks finds a writer that died.
func (p *Presence) Abandon() error { return p.lock.Unlock() }

// Writers returns the signs of life found in a ledger. Those of dead writers
// are locked by the caller when adopt is set, so that only one process looks after
// them: it ends with Leave or Abandon.
func Writers(fsys durable.FS, dir string, adopt bool) (live, dead []*Presence, err error) {
	root := filepath.Join(dir, writersDir)
	files, err := fsys.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), writerExt)
		if !ok {
			continue
		}
		p := &Presence{path: filepath.Join(root, f.Name())}
		data, err := durable.ReadFile(fsys, p.path, 1<<16)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it left meanwhile
		}
		if err != nil {
			return nil, nil, err
		}
		if json.Unmarshal(data, p) != nil || p.ID != id {
			// Damaged, so it says nothing about where to look: look everywhere.
			p.ID, p.First = id, 0
		}
		p.lock, err = fsys.Lock(p.path, false)
		switch {
		case errors.Is(err, durable.ErrLocked):
			live = append(live, p)
			continue
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, nil, err
		}
		if _, err := fsys.Stat(p.path); err != nil {
			_ = p.lock.Unlock() // another process looked after it and removed it
			continue
		}
		if !adopt {
			if err := p.lock.Unlock(); err != nil {
				return nil, nil, err
			}
		}
		dead = append(dead, p)
	}
	return live, dead, nil
}
