package ledger

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// batch is records that are written in one commit.
//
// Everybody in it has a part. The first to join leads: when its turn comes, it
// writes the records of all. The first of those who wait for the disk syncs. The
// others wait for one of the two to be done, each on a single channel: with
// hundreds of writers, waiting and waking is most of what an append costs.
type batch struct {
	salted
	decide  decision        // if set, makes the records under the ledger's lock, and nobody else joins
	ctx     context.Context // ends the waiting for the lock; that of a decision, else one without an end
	joined  atomic.Int64    // appends in it; changed under queueMu
	awaited bool            // somebody waits for the disk, and so somebody syncs
	hurried bool            // somebody does not wait for the disk
	ready   chan struct{}   // closed when there is no reason to wait for a running sync; see Log.gather
	isReady bool            // ready is closed
	turn    chan struct{}   // receives once, when the leader may lead
	written chan struct{}   // closed when the records are written, or are not
	synced  chan struct{}   // closed when they are on disk, or are not
	first   uint64          // index of the first record; set when written
	err     error           // of the write; set when written
	syncErr error           // of the sync; set when synced
}

func newBatch() *batch {
	return &batch{
		ready: make(chan struct{}), turn: make(chan struct{}, 1),
		written: make(chan struct{}), synced: make(chan struct{}),
	}
}

// decision makes the records to append to a log that has size records.
type decision func(size uint64) ([][]byte, error)

// part is what somebody who joined a batch has to do for the others.
type part struct {
	index int  // of its first record in the batch
	leads bool // writes the batch
	turn  bool // must wait for its turn to lead
	syncs bool // syncs the batch
}

// append is Append, and with wait AppendSync.
func (l *Log) append(records [][]byte, wait bool) (first uint64, err error) {
	if len(records) == 0 {
		return 0, fmt.Errorf("%w: no records", ErrInvalidRecord)
	}
	if err := checkRecords(records); err != nil {
		return 0, err
	}
	s := l.scratch.Get().(*salted)
	s.add(records)
	first, err = l.join(context.Background(), s, nil, wait)
	s.reset()
	l.scratch.Put(s)
	return first, err
}

// checkRecords checks what is to be appended.
func checkRecords(records [][]byte) error {
	size := 0
	for _, r := range records {
		if err := checkRecord(r); err != nil {
			return err
		}
		size += len(r) + SaltOverhead + 1
	}
	if size > maxBatch {
		return fmt.Errorf("%w: %d bytes in one append, more than %d", ErrInvalidRecord, size, maxBatch)
	}
	return nil
}

// join puts records, or a decision, into a batch, does its part, and waits until
// they are written or, with wait, on disk. ctx ends that, but for a decision that is under
// way; only one that never ends may come without a decision. join does not keep s.
func (l *Log) join(ctx context.Context, s *salted, decide decision, wait bool) (first uint64, err error) {
	if wait {
		l.waiting.Add(1)
		defer l.waiting.Add(-1)
	}
	b, part, err := l.enqueue(ctx, s, decide, wait)
	if err != nil {
		return 0, err
	}
	defer l.busy.Done()
	if part.turn {
		since := time.Now()
		select {
		case <-b.turn:
		case <-ctx.Done():
			l.busy.Add(1)
			go l.skip(b, part.syncs)
			return 0, l.tired(ctx, since)
		}
	}
	switch {
	case part.leads:
		l.lead(b, part.syncs)
	case part.syncs:
		<-b.written
		l.syncBatch(b, nil)
	}
	if !wait {
		<-b.written
		return b.index(part, nil)
	}
	select {
	case <-b.synced:
	case <-ctx.Done():
		select {
		case <-b.synced: // in time
		default:
			return b.index(part, l.writer.failed(Unknown, fmt.Errorf("the disk has not taken it yet: %w", context.Cause(ctx))))
		}
	}
	return b.index(part, b.syncErr)
}

// skip leads a batch whose context has ended when its turn comes: it only hands on.
func (l *Log) skip(b *batch, syncs bool) {
	defer l.busy.Done()
	<-b.turn
	l.lead(b, syncs)
}

// tired is what somebody is told whom ctx did not let wait for those of this process who
// wait for the lock.
func (l *Log) tired(ctx context.Context, since time.Time) error {
	return l.writer.failed(Absent, heldBy(l.opts.FS, l.dir, durable.NewLockedError(ctx, l.lockPath, since)))
}

// index returns what somebody in b is told.
func (b *batch) index(p part, syncErr error) (first uint64, err error) {
	if b.err != nil {
		return 0, b.err
	}
	return b.first + uint64(p.index), syncErr
}

// enqueue adds records to the batch that waits to be written. A decision gets a batch
// of its own.
func (l *Log) enqueue(ctx context.Context, s *salted, decide decision, wait bool) (b *batch, p part, err error) {
	l.queueMu.Lock()
	defer l.queueMu.Unlock()
	var since time.Time // it waits
	for {
		if l.closed {
			return nil, part{}, ErrClosed
		}
		b = l.queue
		fits := decide == nil && b.decide == nil && len(b.lines)+len(s.lines) <= maxBatch
		if fits || b.joined.Load() == 0 {
			break
		}
		// The batch is full, or somebody must be alone: wait until its leader took it.
		l.queueMu.Unlock()
		if since.IsZero() {
			since = time.Now()
		}
		select {
		case <-b.written:
		case <-ctx.Done():
			err = l.tired(ctx, since)
		}
		l.queueMu.Lock()
		if err != nil {
			return nil, part{}, err
		}
	}
	b.decide, b.ctx = decide, ctx
	p.index = len(b.leaves)
	p.leads = b.joined.Load() == 0
	p.turn = p.leads && l.leading
	l.leading = true
	p.syncs = wait && !b.awaited
	b.awaited = b.awaited || wait
	b.lines = append(b.lines, s.lines...)
	b.leaves = append(b.leaves, s.leaves...)
	joined := b.joined.Add(1)
	b.hurried = b.hurried || !wait
	if !b.isReady && (!wait || decide != nil || l.isHalf(joined)) {
		b.isReady = true
		close(b.ready)
	}
	l.busy.Add(1)
	return b, p, nil
}

// lead writes the queued batch, which is b, and lets the next one be written.
// With syncs it then syncs b.
func (l *Log) lead(b *batch, syncs bool) {
	l.gather(b)
	next := newBatch()
	next.salted, l.spare = l.spare, salted{}
	l.queueMu.Lock()
	l.queue = next
	l.queueMu.Unlock()
	// A decision is foreign code: if it panics, nobody else may hang for it.
	b.err = l.panicked
	var claimed chan struct{}
	defer func() {
		l.spare = salted{b.lines[:0], b.leaves[:0]}
		l.handOn(b)
		switch {
		case !syncs:
		case b.ctx.Done() == nil:
			l.syncBatch(b, claimed)
		default: // whoever waits for it may give up
			l.busy.Add(1)
			go l.syncBeside(b, claimed)
		}
	}()
	b.first, b.err = l.writer.commit(b)
	if b.awaited {
		l.unsynced.Add(b.joined.Load())
	}
	if syncs && b.err == nil {
		claimed = l.claimSync() // before the next leader looks whether one is running
	}
}

const (
	// quiet is for how long nobody may have joined a batch for it to be written.
	quiet = 10 * time.Microsecond
	// many is how many must wait for the disk for a batch to be written while
	// another is synced.
	many = 100
)

// isHalf reports whether a batch with so many appends is better written than left
// to grow while a sync is running.
func (l *Log) isHalf(joined int64) bool {
	waiting := l.waiting.Load()
	return waiting >= many && (2*joined >= waiting || 4*joined >= waiting && joined+l.unsynced.Load() >= waiting)
}

// gather waits while the disk is busy and all in the batch wait for the disk:
// they share the next commit and its sync. Those whom a sync woke
// are likely to append again at once; they are waited for as long as some do.
//
// Where many wait, what they do between two syncs takes longer than a sync. A batch
// is then written as soon as half of them are in it, or all whom the disk does
// not keep, while the disk is busy with the others.
func (l *Log) gather(b *batch) {
	l.syncMu.Lock()
	running := l.syncing
	l.syncMu.Unlock()
	if running != nil {
		select {
		case <-running:
		case <-b.ready:
			return
		}
	}
	l.syncMu.Lock()
	cohort := l.cohort
	l.syncMu.Unlock()
	if cohort >= many {
		cohort = (cohort + 1) / 2
	}
	joined, since := b.joined.Load(), time.Now()
	for joined < cohort {
		runtime.Gosched()
		now := time.Now()
		if n := b.joined.Load(); n > joined {
			joined, since = n, now
		} else if now.Sub(since) > quiet {
			return
		}
	}
}

// handOn tells everybody in b what became of it and lets another goroutine
// lead.
func (l *Log) handOn(b *batch) {
	close(b.written)
	l.queueMu.Lock()
	defer l.queueMu.Unlock()
	if l.queue.joined.Load() == 0 {
		l.leading = false
	} else {
		l.queue.turn <- struct{}{}
	}
	if b.err == nil && b.hurried && l.timer == nil && !l.closed {
		l.busy.Add(1)
		l.timer = time.AfterFunc(l.opts.Window, l.flush)
	}
}

// syncBeside is syncBatch beside who waits for it. Close waits for both.
func (l *Log) syncBeside(b *batch, claimed chan struct{}) {
	defer l.busy.Done()
	l.syncBatch(b, claimed)
}

// syncBatch returns once b, which was written or failed to be, is on disk, and
// tells the others. claimed is a sync that was claimed for it, if not nil.
func (l *Log) syncBatch(b *batch, claimed chan struct{}) {
	b.syncErr = l.panicked
	defer close(b.synced)
	defer func() { l.unsynced.Add(-b.joined.Load()) }()
	if b.err != nil {
		return
	}
	if claimed != nil {
		_, _ = l.runSync(claimed) // Sync says what came of it
	}
	b.syncErr = l.Sync(context.Background(), b.first+uint64(len(b.leaves)))
}
