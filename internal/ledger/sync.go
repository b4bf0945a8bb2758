package ledger

import (
	"context"
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

		reached, err := l.runSync(done)
		if err == nil && reached < size {
			return l.writer.failed(Unknown, fmt.Errorf("only %d of %d records are left after a failed write", reached, size))
		}
	}
}

// claimSync makes the caller the one who syncs next: it must call runSync with
// what is returned. It returns nil if a sync is running or nothing can be synced.
func (l *Log) claimSync() chan struct{} {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	if l.syncing != nil || l.broken != nil {
		return nil
	}
	l.syncing = make(chan struct{})
	return l.syncing
}

// runSync syncs what was written, and ends the sync that others wait for.
func (l *Log) runSync(done chan struct{}) (reached uint64, err error) {
	defer func() {
		l.syncMu.Lock()
		l.syncing, l.cohort = nil, l.waiting.Load()
		l.syncMu.Unlock()
		close(done)
	}()
	l.syncTurn.Lock()
	defer l.syncTurn.Unlock()
	return l.syncWritten()
}

// Flush returns once all that this log appended is on disk; see [Log.Sync].
func (l *Log) Flush(ctx context.Context) error {
	return l.Sync(ctx, l.written.Load().checkpoint.Size)
}

// syncWritten syncs all that was written and moves the watermark there. The
// caller holds syncTurn.
func (l *Log) syncWritten() (reached uint64, err error) {
	if err := l.brokenErr(); err != nil {
		return 0, err
	}
	m := l.written.Load()
	for m.seg != nil && !m.seg.hold() {
		m = l.written.Load() // the writer lets go of a segment only after it moved the mark
	}
	signed := l.signMeanwhile(m.checkpoint)
	if m.seg != nil {
		err = l.syncFile(m.seg)
		_ = m.seg.release() // what counts was synced, or not
	}
	s := <-signed
	if err == nil {
		err = s.err
	}
	if err == nil {
		err = l.advance(s.checkpoint)
	}
	if err != nil {
		l.breakWith(err)
		return 0, err
	}
	return m.checkpoint.Size, nil
}

// signature is what came of signing a checkpoint.
type signature struct {
	checkpoint Checkpoint
	err        error
}

// signMeanwhile signs cp while the caller syncs its records.
func (l *Log) signMeanwhile(cp Checkpoint) <-chan signature {
	out := make(chan signature, 1)
	if cp.Note != nil || cp.Size <= l.Durable().Size {
		out <- signature{cp, nil}
		return out
	}
	go func() {
		signed, err := l.sign(cp)
		out <- signature{signed, err}
	}()
	return out
}

// sign signs a checkpoint, unless it is signed or of an empty log. A signer is
// foreign code: if it panics, nobody else may hang for it.
func (l *Log) sign(cp Checkpoint) (signed Checkpoint, err error) {
	if cp.Note != nil || cp.Size == 0 {
		return cp, nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("ledger: sign checkpoint: the signer panicked: %v", r)
		}
	}()
	return signCheckpoint(l.Origin(), cp.Size, cp.Root, l.opts.Signer)
}

// syncFile syncs a segment and checks that it is still the file under its name:
// a write into a file that somebody removed would succeed for ever. The caller
// holds syncTurn, and a failure is noted before the turn ends: the kernel would
// tell the next one that all is well.
func (l *Log) syncFile(s *openSegment) error {
	err := s.file.Sync()
	if err == nil {
		_, err = s.check(l.opts.FS)
	}
	if err != nil {
		l.breakWith(err)
	}
	return err
}

// advance moves the durable watermark to cp, which is signed, and publishes it
// before anybody is told: what was acknowledged is covered by the checkpoint file. The
// caller holds syncTurn.
func (l *Log) advance(cp Checkpoint) error {
	if cp.Size == 0 || cp.Size <= l.Durable().Size {
		return nil
	}
	if err := l.publish.put(l.opts.FS, l.dir, cp, l.trust); err != nil {
		return fmt.Errorf("publish the checkpoint: %w", err)
	}
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	if cp.Size > l.durable.Size {
		l.durable = cp
	}
	return nil
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

// mend ends what breakWith began. The caller holds syncTurn, so that no sync of
// the old state can still acknowledge.
func (l *Log) mend() {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	l.broken = nil
}

// end makes every later sync fail.
func (l *Log) end() {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	l.broken = ErrClosed
}
