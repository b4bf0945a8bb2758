package ledger

import (
	"context"
	"errors"
	"fmt"
)

// Durable returns the newest checkpoint whose records are known to be on disk.
// It is the watermark beyond which nothing may be sent, indexed or proven.
func (l *Log) Durable() Checkpoint {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	return l.durable
}

// Sync returns once the log's first size records, which must have been
// appended, are on disk. One sync serves all who wait. ctx ends only the
// waiting for the sync of another goroutine.
//
// A failure is an [*AppendError] of unknown outcome: what a failed sync left
// on disk cannot be told, and the kernel does not try again.
func (l *Log) Sync(ctx context.Context, size uint64) error {
	for {
		l.syncMu.Lock()
		switch {
		case l.durable.Size >= size:
			l.syncMu.Unlock()
			return nil
		case l.broken != nil:
			err := l.broken
			l.syncMu.Unlock()
			return l.writer.failed(Unknown, err)
		case l.syncing != nil:
			done := l.syncing
			l.syncMu.Unlock()
			select {
			case <-done:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			continue
		}
		done := make(chan struct{})
		l.syncing = done
		l.syncMu.Unlock()

		l.syncTurn.Lock()
		reached, err := l.syncWritten()
		l.syncTurn.Unlock()

		l.syncMu.Lock()
		l.syncing = nil
		l.syncMu.Unlock()
		close(done)
		if err != nil {
			l.breakWith(err)
		} else if reached < size {
			return l.writer.failed(Unknown, fmt.Errorf("only %d of %d records are left after a failed write", reached, size))
		}
	}
}

// syncWritten syncs all that was written and moves the watermark there. The
// caller holds syncTurn.
func (l *Log) syncWritten() (reached uint64, err error) {
	if err := l.brokenErr(); err != nil {
		return 0, err
	}
	var m *mark
	for m == nil || m.seg != nil && !m.seg.hold() {
		m = l.written.Load() // a segment is closed only after it was synced and left behind
	}
	if m.seg != nil {
		err = errors.Join(l.syncFile(m.seg), m.seg.release())
	}
	if err != nil {
		return 0, err
	}
	l.advance(m.checkpoint)
	return m.checkpoint.Size, nil
}

// syncFile syncs a segment and checks that it is still the file under its name:
// a write into a file that somebody removed would succeed for ever.
func (l *Log) syncFile(s *openSegment) error {
	if err := s.file.Sync(); err != nil {
		return err
	}
	_, err := s.check(l.opts.FS)
	return err
}

// advance moves the durable watermark, and publishes it before anybody is told:
// what was acknowledged is covered by the checkpoint file. The caller holds
// syncTurn.
func (l *Log) advance(cp Checkpoint) {
	if cp.Size == 0 || cp.Size <= l.Durable().Size {
		return
	}
	if err := l.publish.put(l.opts.FS, l.dir, cp); err != nil {
		// Derived, and a log that cannot tell outsiders its size still stands.
		l.opts.Logger.Warn("ledger: the checkpoint file could not be written", "dir", l.dir, "err", err)
	}
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	if cp.Size > l.durable.Size {
		l.durable = cp
	}
}

// brokenErr returns the failure after which nothing may be acknowledged until
// the log was reopened.
func (l *Log) brokenErr() error {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	return l.broken
}

// breakWith notes a failed write or sync.
func (l *Log) breakWith(err error) {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	if l.broken == nil {
		l.broken = err
		l.opts.Logger.Error("ledger: a write failed; nothing is acknowledged until the log was reopened", "dir", l.dir, "err", err)
	}
}

// Flush returns once everything that was appended before is on disk.
func (l *Log) Flush(ctx context.Context) error {
	m := l.written.Load()
	return l.Sync(ctx, m.checkpoint.Size)
}
