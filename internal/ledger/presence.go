package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
// returns. ctx ends the waiting for the ledger's lock.
//
// The file appears and is locked, and later is unlocked and disappears, under the
// ledger's lock, so that [Writers] never takes it for that of a dead one in
// between.
func Enter(ctx context.Context, fsys durable.FS, dir, id string, first uint64) (*Presence, error) {
	if id == "" || strings.ContainsAny(id, `/\.`) {
		return nil, fmt.Errorf("ledger: writer id %q is no file name", id)
	}
	p := &Presence{ID: id, First: first, PID: os.Getpid(), dir: dir}
	if err := durable.MkdirAll(fsys, filepath.Dir(p.path()), 0o755); err != nil {
		return nil, err
	}
	unlock, err := lockFor(ctx, fsys, dir, durable.Patience)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(p.create(ctx, fsys), unlock.Unlock()); err != nil {
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
func (p *Presence) create(ctx context.Context, fsys durable.FS) error {
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
	ctx, cancel := context.WithTimeout(ctx, durable.Patience) // who may read it may be faster
	defer cancel()
	if p.lock, err = durable.LockWithin(ctx, fsys, p.path()); err != nil {
		return errors.Join(err, fsys.Remove(p.path()))
	}
	return fsys.SyncDir(filepath.Dir(p.path()))
}

// Leave removes the sign of life. If somebody hangs with the ledger's lock, it is
// abandoned.
func (p *Presence) Leave(fsys durable.FS) (err error) {
	unlock, err := lockFor(context.Background(), fsys, p.dir, durable.Patience)
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
	patience := durable.Patience
	if !adopt {
		patience = durable.Patience / 20
	}
	unlock, err := lockFor(context.Background(), fsys, dir, patience)
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
		case p == nil: // it is none's
		case lives:
			live = append(live, p)
		default:
			dead = append(dead, p)
		}
	}
	return live, dead, nil
}

// lockFor takes the ledger's lock, waiting for no longer than that.
func lockFor(ctx context.Context, fsys durable.FS, dir string, patience time.Duration) (durable.Unlocker, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	unlock, err := durable.LockWithin(ctx, fsys, lockName(dir))
	return unlock, heldBy(fsys, dir, err)
}

// writerPIDs returns the processes of those who have left a sign of life, whether they
// still live or not.
func writerPIDs(fsys durable.FS, dir string) (pids []int) {
	files, _ := fsys.ReadDir(filepath.Join(dir, writersDir)) // without it they are not known
	for _, f := range files {
		p := Presence{}
		data, err := durable.ReadFile(fsys, filepath.Join(dir, writersDir, f.Name()), 1<<16)
		if err == nil && json.Unmarshal(data, &p) == nil && p.PID > 0 && p.PID != os.Getpid() && !slices.Contains(pids, p.PID) {
			pids = append(pids, p.PID)
		}
	}
	return pids
}

// find reads the sign of life of a writer and locks it if the writer is dead. It is nil
// for a file that no writer left: who is dead has theirs removed, and nothing else.
func find(fsys durable.FS, dir, id string) (p *Presence, lives bool, err error) {
	p = &Presence{ID: id, dir: dir}
	data, rerr := durable.ReadFile(fsys, p.path(), 1<<16)
	if rerr == nil && !isPresence(data, id) {
		return nil, false, nil
	}
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

// isPresence reports whether a file is the sign of life of that writer, or what a power
// cut can have left of it.
func isPresence(data []byte, id string) bool {
	begins := fmt.Appendf(nil, `{"writer":%q`, id)
	return bytes.HasPrefix(data, begins) || bytes.HasPrefix(begins, data) || len(bytes.Trim(data, "\x00")) == 0
}

// mayNotWrite reports whether err says that this process may only read.
func mayNotWrite(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
