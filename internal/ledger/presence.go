package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

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

	dir  string
	lock durable.Unlocker
}

// path is the file of the sign of life.
func (p *Presence) path() string { return filepath.Join(p.dir, writersDir, p.ID+writerExt) }

// Enter leaves a sign of life for the writer id, which must be a new one and
// whose records will stand at index first or later. It is on disk when Enter
// returns.
//
// The file appears and is locked, and later is unlocked and disappears, under the
// ledger's lock, so that [Writers] never takes it for that of a dead one in
// between.
func Enter(fsys durable.FS, dir, id string, first uint64) (*Presence, error) {
	if id == "" || strings.ContainsAny(id, `/\.`) {
		return nil, fmt.Errorf("ledger: writer id %q is no file name", id)
	}
	p := &Presence{ID: id, First: first, PID: os.Getpid(), dir: dir}
	if err := durable.MkdirAll(fsys, filepath.Dir(p.path()), 0o755); err != nil {
		return nil, err
	}
	unlock, err := fsys.Lock(lockName(dir), true)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(p.create(fsys), unlock.Unlock()); err != nil {
		return nil, errors.Join(err, p.Abandon())
	}
	return p, nil
}

// Advance notes that all records of this writer that anybody still has to look
// at, should it die, stand at index first or later. It is a hint, and is never
// synced: who finds an older one reads more of the log than necessary. So it may
// fail.
func (p *Presence) Advance(fsys durable.FS, first uint64) error {
	next := *p
	next.First = first
	data, err := json.Marshal(&next)
	if err != nil {
		return err
	}
	// Under the ledger's lock, so that nobody reads half of it: a number made of
	// two would skip records.
	unlock, err := fsys.Lock(lockName(p.dir), true)
	if err != nil {
		return err
	}
	f, err := fsys.OpenFile(p.path(), os.O_RDWR, 0)
	if err == nil {
		_, err = f.WriteAt(append(data, '\n'), 0) // never shorter than before: the number grows
		err = errors.Join(err, f.Close())
	}
	if err = errors.Join(err, unlock.Unlock()); err == nil {
		p.First = first
	}
	return err
}

// create makes the file and locks it.
func (p *Presence) create(fsys durable.FS) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	f, err := fsys.OpenFile(p.path(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(append(data, '\n'), 0)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if p.lock, err = fsys.Lock(p.path(), true); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(p.path()))
}

// Leave removes the sign of life.
func (p *Presence) Leave(fsys durable.FS) (err error) {
	unlock, err := fsys.Lock(lockName(p.dir), true)
	if err != nil {
		return errors.Join(err, p.lock.Unlock())
	}
	return errors.Join(p.lock.Unlock(), fsys.Remove(p.path()), unlock.Unlock())
}

// Abandon lets go of the sign of life without removing it, so that the next one
// who looks finds a writer that died.
func (p *Presence) Abandon() error {
	if p.lock == nil {
		return nil
	}
	return p.lock.Unlock()
}

// Writers returns the signs of life found in a ledger. Those of dead writers
// are locked by the caller when adopt is set, so that only one process looks after
// them: it ends with Leave or Abandon.
//
// Without adopt no right to write is needed: on a read-only disk every writer is
// dead, and one that may not be looked into counts as live. Nor does it wait
// for ever for a process that hangs with the ledger's lock in its hands: a writer
// that just then comes or goes may be taken for dead, but has no records to look at.
func Writers(fsys durable.FS, dir string, adopt bool) (live, dead []*Presence, err error) {
	var unlock durable.Unlocker
	if adopt {
		unlock, err = fsys.Lock(lockName(dir), true)
	} else {
		unlock, err = tryLock(fsys, lockName(dir))
	}
	if err != nil && (adopt || !mayNotWrite(err) && !errors.Is(err, durable.ErrLocked)) {
		return nil, nil, err
	}
	defer func() {
		if unlock != nil {
			err = errors.Join(err, unlock.Unlock())
		}
		if adopt && err == nil {
			return
		}
		for _, p := range dead {
			err = errors.Join(err, p.Abandon())
		}
		if err != nil {
			live, dead = nil, nil
		}
	}()
	files, err := fsys.ReadDir(filepath.Join(dir, writersDir))
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
		p, lives, err := find(fsys, dir, id)
		switch {
		case errors.Is(err, fs.ErrNotExist) && unlock == nil:
			// It left meanwhile.
		case err != nil:
			return live, dead, err
		case lives:
			live = append(live, p)
		default:
			dead = append(dead, p)
		}
	}
	return live, dead, nil
}

// tryLock takes a lock, or fails with [durable.ErrLocked] in the end.
func tryLock(fsys durable.FS, name string) (unlock durable.Unlocker, err error) {
	const tries, pause = 50, 10 * time.Millisecond
	for range tries {
		if unlock, err = fsys.Lock(name, false); !errors.Is(err, durable.ErrLocked) {
			return unlock, err
		}
		time.Sleep(pause)
	}
	return nil, err
}

// find reads the sign of life of a writer and locks it if the writer is dead.
func find(fsys durable.FS, dir, id string) (p *Presence, lives bool, err error) {
	p = &Presence{ID: id, dir: dir}
	data, rerr := durable.ReadFile(fsys, p.path(), 1<<16)
	if rerr == nil && (json.Unmarshal(data, p) != nil || p.ID != id) {
		// Damaged, so it says nothing about where to look: look everywhere.
		p.ID, p.First, p.PID = id, 0, 0
	}
	p.lock, err = fsys.Lock(p.path(), false)
	switch {
	case errors.Is(err, durable.ErrLocked):
		return p, true, nil
	case mayNotWrite(err):
		return p, !errors.Is(err, syscall.EROFS), nil
	case err == nil && rerr != nil:
		return nil, false, errors.Join(rerr, p.lock.Unlock())
	}
	return p, false, err
}

// mayNotWrite reports whether err says that this process may only read.
func mayNotWrite(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
