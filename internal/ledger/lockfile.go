package ledger

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// lockName is the file whose lock writers hold while they write.
func lockName(dir string) string { return filepath.Join(dir, "lock") }

// lockPerm is the mode of files that are there to be locked: whoever may read one could
// hold up all who write.
const lockPerm = 0o600

// exclude takes the ledger's lock and checks that it is the one that this log
// has taken from the first: beside a new lock file the old one excludes nobody.
func (w *writer) exclude(ctx context.Context) (durable.Unlocker, error) {
	fsys, name := w.log.opts.FS, w.log.lockPath
	unlock, err := w.log.lock(ctx)
	if err != nil {
		return nil, err
	}
	info, err := fsys.Stat(name)
	if err == nil && w.lock == (durable.FileID{}) {
		w.lock = info.ID
	}
	if err == nil && info.ID != w.lock {
		err = &CorruptionError{File: filepath.Base(name), Reason: "the lock file was replaced while the log was open"}
	}
	if err != nil {
		return nil, errors.Join(err, unlock.Unlock())
	}
	return unlock, nil
}

// hangs is after how long somebody who still has the lock seems to hang.
const hangs = 5 * time.Second

// lock takes the ledger's lock. It waits until ctx ends; for one that does not end, for
// as long as it takes, and in turn with others who wait so.
func (l *Log) lock(ctx context.Context) (durable.Unlocker, error) {
	fsys := l.opts.FS
	if ctx.Done() != nil {
		unlock, err := durable.LockWithin(ctx, fsys, l.lockPath)
		return unlock, heldBy(fsys, l.dir, err)
	}
	unlock, err := fsys.Lock(l.lockPath, false)
	if !errors.Is(err, durable.ErrLocked) {
		return unlock, err
	}
	since := time.Now()
	warn := time.AfterFunc(hangs, func() {
		l.opts.Logger.Warn("ledger: what is to be recorded waits for another process, and so do the runs", "dir", l.dir,
			"err", heldBy(fsys, l.dir, durable.NewLockedError(ctx, l.lockPath, since)))
	})
	defer warn.Stop()
	return fsys.Lock(l.lockPath, true)
}

// heldBy adds to the error for the ledger's lock, if it is one, who may hold it where the
// system does not tell: one of those who write.
func heldBy(fsys durable.FS, dir string, err error) error {
	var locked *durable.LockedError
	if errors.As(err, &locked) && len(locked.PIDs) == 0 {
		locked.PIDs = writerPIDs(fsys, dir)
	}
	return err
}
