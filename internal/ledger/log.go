package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

const (
	// MaxLine is the size in bytes that no line of a record exceeds.
	MaxLine = 1 << 20
	// maxBatch bounds the bytes of records in one commit.
	maxBatch = 4 << 20

	// saltField is added to each record behind its own members.
	saltField = `"salt":"`
	saltSize  = 16
	// SaltOverhead is by how many bytes a stored line is longer than its record.
	SaltOverhead = len(`,`) + len(saltField) + 22 + len(`"`)
)

// Options are the settings of a [Log]. The zero value works but for Signer.
type Options struct {
	// Signer signs checkpoints; its name is the ledger's origin. Required.
	Signer Signer
	// FS is the file system; nil: the host's.
	FS durable.FS
	// Now tells the time, of which only the UTC day is used; nil: time.Now.
	Now func() time.Time
	// Window is how long a record appended without Sync may stay off the disk.
	// 0: 10 ms.
	Window time.Duration
	// MaxSegment is the size at which segments are finished; 0: [MaxSegment].
	MaxSegment int
	// NoPadding keeps segments free of zero bytes behind the last commit. Only
	// tests want it: padding makes a sync cheaper.
	NoPadding bool
	// Logger receives what recovery did and what failed in the background; nil: nothing.
	Logger *slog.Logger
}

// Signer signs the checkpoints of one ledger. Implementations may keep the key
// outside this process; they must be safe for concurrent use.
type Signer interface {
	note.Signer
	// VerifierKey returns the public key as a C2SP signed-note verifier key.
	VerifierKey() string
}

// withDefaults returns a copy without zero values.
func (o *Options) withDefaults() Options {
	out := *o
	if out.FS == nil {
		out.FS = durable.Disk{}
	}
	if out.Now == nil {
		out.Now = time.Now
	}
	if out.Window == 0 {
		out.Window = 10 * time.Millisecond
	}
	if out.MaxSegment == 0 || out.MaxSegment > MaxSegment {
		out.MaxSegment = MaxSegment
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	return out
}

// Log appends to a ledger. Any number of processes may have the same one open,
// each through one Log or several; all methods may be called from any
// goroutine.
//
// An append has two steps with a leader each: one goroutine writes the queued
// records of all in one commit under the ledger's lock, one, after the lock is
// released, syncs what was written. While the disk is busy with a sync, records
// that wait for the next one are gathered and written in one commit; those
// that need not wait for the disk are written at once.
type Log struct {
	opts     Options
	dir      string
	verifier note.Verifier
	disk     durable.Disk // this log's own, if it was not given another file system

	queueMu sync.Mutex
	queue   *batch         // records waiting for a leader; guarded by queueMu
	leading bool           // a goroutine is writing; guarded by queueMu
	closed  bool           // guarded by queueMu
	timer   *time.Timer    // runs flush; guarded by queueMu
	busy    sync.WaitGroup // appends and flushes that must end before Close does; Add under queueMu and only while not closed

	writer writer // owned by the leader
	spare  salted // buffers for the batch after the next; owned by the leader

	written atomic.Pointer[mark] // the newest commit that left this process

	syncMu  sync.Mutex
	durable Checkpoint    // the newest commit known to be on disk; guarded by syncMu
	syncing chan struct{} // closed when the running sync ends; nil: none runs; guarded by syncMu
	broken  error         // the write or sync that failed; the next leader reopens; guarded by syncMu

	// syncTurn is held by whoever syncs a segment. The kernel reports a failed
	// write-back once for each open file: of two syncs at a time, one would be
	// told that all is well.
	syncTurn sync.Mutex
	publish  publisher // guarded by syncTurn
}

// mark is a commit and the file that must be synced for it to be durable. All
// segments before that one are on disk already.
type mark struct {
	checkpoint Checkpoint
	seg        *openSegment
}

// batch is records that one leader writes together.
type batch struct {
	salted
	hurried bool // somebody does not wait for the disk: hurry is closed
	hurry   chan struct{}
	lead    chan struct{} // receives once if a goroutine of this batch must lead
	done    chan struct{} // closed when the records are written, or are not
	first   uint64        // set when done
	err     error         // set when done
}

// salted is records as they will stand in a segment. The goroutine that appends
// makes them, so that the leader, whom all wait for, has only to copy.
type salted struct {
	lines  []byte      // whole lines
	leaves []tlog.Hash // the leaf hash of each
}

func newBatch() *batch {
	return &batch{hurry: make(chan struct{}), lead: make(chan struct{}, 1), done: make(chan struct{})}
}

// Create makes a new, empty ledger in dir, which is created if it is missing.
// Another process may do the same at the same time: both then find one ledger.
func Create(dir string, o *Options) error {
	opts := o.withDefaults()
	if name := opts.Signer.Name(); strings.ContainsAny(name, "\"\\") {
		return fmt.Errorf("ledger: the origin %q holds a quote or a backslash", name)
	}
	if err := durable.MkdirAll(opts.FS, dir, 0o755); err != nil {
		return err
	}
	return create(opts.FS, dir, Info{Format, opts.Signer.Name(), opts.Signer.VerifierKey()})
}

// Open opens the ledger in dir for appending, and repairs what a process that
// died left unfinished: see [Recovery].
func Open(dir string, o *Options) (*Log, Recovery, error) {
	opts := o.withDefaults()
	info, v, err := ReadInfo(opts.FS, dir)
	if err != nil {
		return nil, Recovery{}, err
	}
	if s := opts.Signer; s.Name() != v.Name() || s.KeyHash() != v.KeyHash() {
		return nil, Recovery{}, fmt.Errorf("ledger: the signing key is %s+%08x, but the ledger in %s belongs to %s+%08x", s.Name(), s.KeyHash(), dir, info.Origin, v.KeyHash())
	}
	l := &Log{opts: opts, dir: dir, verifier: v, queue: newBatch()}
	if o.FS == nil {
		l.disk = durable.NewDisk()
		l.opts.FS = l.disk
	}
	l.writer.log = l
	rec, err := l.writer.open()
	if err != nil {
		return nil, rec, err
	}
	return l, rec, nil
}

// Origin returns the name that the ledger's checkpoints carry.
func (l *Log) Origin() string { return l.verifier.Name() }

// Append writes records, each one valid JSON object on one line, in order and
// without others between them, and returns the index of the first. Each gets
// a random salt as its last member. The records have then left the process:
// they survive its death, and with [Log.Sync] that of the machine. The slices
// are not kept.
//
// A failure is an [*AppendError], a [*CorruptionError], [ErrInvalidRecord] or
// [ErrClosed]; but for an AppendError of unknown outcome nothing was stored.
func (l *Log) Append(records ...[]byte) (first uint64, err error) {
	return l.append(records, false)
}

// AppendSync is Append and Sync in one: the records are on disk when it returns
// without an error. It is faster than the two.
func (l *Log) AppendSync(records ...[]byte) (first uint64, err error) {
	first, err = l.append(records, true)
	if err != nil {
		return 0, err
	}
	return first, l.Sync(context.Background(), first+uint64(len(records)))
}

// append is Append; wait says that the caller will wait for the disk.
func (l *Log) append(records [][]byte, wait bool) (first uint64, err error) {
	if len(records) == 0 {
		return 0, fmt.Errorf("%w: no records", ErrInvalidRecord)
	}
	size := 0
	for _, r := range records {
		if err := checkRecord(r); err != nil {
			return 0, err
		}
		size += len(r) + SaltOverhead + 1
	}
	if size > maxBatch {
		return 0, fmt.Errorf("%w: %d bytes in one append, more than %d", ErrInvalidRecord, size, maxBatch)
	}
	b, index, lead, err := l.enqueue(addSalt(records, size), wait)
	if err != nil {
		return 0, err
	}
	defer l.busy.Done()
	if lead {
		l.lead(b, wait)
	} else {
		select {
		case <-b.done:
		case <-b.lead:
			l.lead(b, wait)
		}
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.first + uint64(index), nil
}

// enqueue adds records to the batch that waits to be written. lead says that
// the caller must write it.
func (l *Log) enqueue(r salted, wait bool) (b *batch, index int, lead bool, err error) {
	l.queueMu.Lock()
	defer l.queueMu.Unlock()
	for {
		if l.closed {
			return nil, 0, false, ErrClosed
		}
		if b = l.queue; len(b.lines) == 0 || len(b.lines)+len(r.lines) <= maxBatch {
			break
		}
		// The batch is full: wait until its leader took it.
		l.queueMu.Unlock()
		<-b.done
		l.queueMu.Lock()
	}
	index = len(b.leaves)
	b.lines = append(b.lines, r.lines...)
	b.leaves = append(b.leaves, r.leaves...)
	if !wait && !b.hurried {
		b.hurried = true
		close(b.hurry)
	}
	lead = !l.leading
	l.leading = true
	l.busy.Add(1)
	return b, index, lead, nil
}

// lead writes the queued batch, which is b, and hands leadership on. If the
// leader waits for the disk it syncs the batch too.
func (l *Log) lead(b *batch, wait bool) {
	l.gather(b)
	next := newBatch()
	next.salted, l.spare = l.spare, salted{}
	l.queueMu.Lock()
	l.queue = next
	l.queueMu.Unlock()
	// A signer is foreign code: if it panics, nobody else may hang for it.
	b.err = &AppendError{Unknown, l.dir, errors.New("the goroutine that wrote them panicked")}
	var claimed chan struct{}
	defer func() {
		l.spare = salted{b.lines[:0], b.leaves[:0]}
		l.handOn(b)
		if claimed != nil {
			_, _ = l.runSync(claimed) // whoever waits for it learns the outcome from Sync
		}
	}()
	b.first, b.err = l.writer.commit(b)
	if wait && b.err == nil {
		claimed = l.claimSync() // before the next leader looks whether one is running
	}
}

// gather waits while the disk is busy and nobody in the batch is in a hurry: all
// in it wait for the next sync, and share its commit.
func (l *Log) gather(b *batch) {
	l.syncMu.Lock()
	running := l.syncing
	l.syncMu.Unlock()
	if running != nil {
		select {
		case <-running:
		case <-b.hurry:
		}
	}
	runtime.Gosched() // lets those that the sync woke join
}

// handOn tells everybody in b what became of it and lets another goroutine
// lead.
func (l *Log) handOn(b *batch) {
	close(b.done)
	l.queueMu.Lock()
	defer l.queueMu.Unlock()
	if len(l.queue.leaves) == 0 {
		l.leading = false
	} else {
		l.queue.lead <- struct{}{}
	}
	if b.err == nil && b.hurried && l.timer == nil && !l.closed {
		l.busy.Add(1)
		l.timer = time.AfterFunc(l.opts.Window, l.flush)
	}
}

// flush syncs what appends without Sync left behind.
func (l *Log) flush() {
	defer l.busy.Done()
	l.queueMu.Lock()
	l.timer = nil
	l.queueMu.Unlock()
	if err := l.Sync(context.Background(), l.written.Load().checkpoint.Size); err != nil {
		l.opts.Logger.Error("ledger: sync in the background failed", "dir", l.dir, "err", err)
	}
}

// Close syncs and closes the log. Appends under way finish first. It is
// idempotent; later calls of other methods fail with [ErrClosed].
func (l *Log) Close() error {
	l.queueMu.Lock()
	if l.closed {
		l.queueMu.Unlock()
		return nil
	}
	l.closed = true
	if l.timer != nil && l.timer.Stop() {
		l.busy.Done() // it will not flush
	}
	l.queueMu.Unlock()
	l.busy.Wait()
	err := l.Sync(context.Background(), l.written.Load().checkpoint.Size)
	return errors.Join(err, l.writer.close())
}

// checkRecord checks what the format rests on. That a record is valid JSON
// inside its braces is its writer's promise: to check it again would cost more
// than all the rest of an append.
func checkRecord(r []byte) error {
	switch {
	case len(r)+SaltOverhead > MaxLine:
		return fmt.Errorf("%w: %d bytes, more than %d", ErrInvalidRecord, len(r), MaxLine-SaltOverhead)
	case len(r) < 2 || r[0] != '{' || r[len(r)-1] != '}':
		return fmt.Errorf("%w: not one JSON object", ErrInvalidRecord)
	case bytes.IndexByte(r, '\n') >= 0 || bytes.IndexByte(r, 0) >= 0:
		return fmt.Errorf("%w: not on one line", ErrInvalidRecord)
	case bytes.HasPrefix(r, []byte(commitPrefix)):
		return fmt.Errorf("%w: starts like a commit line", ErrInvalidRecord)
	}
	return nil
}

// addSalt returns the lines of records, size bytes in all: each record with a salt
// as its last member, and a newline.
func addSalt(records [][]byte, size int) salted {
	salts := make([]byte, saltSize*len(records))
	_, _ = rand.Read(salts) // never fails
	out := salted{leaves: make([]tlog.Hash, len(records))}
	buf := make([]byte, 1, 1+size)
	for i, r := range records {
		start := len(buf)
		buf = append(buf, r[:len(r)-1]...)
		if len(bytes.TrimSpace(r[1:len(r)-1])) > 0 {
			buf = append(buf, ',')
		}
		buf = append(buf, saltField...)
		buf = base64.RawURLEncoding.AppendEncode(buf, salts[i*saltSize:(i+1)*saltSize])
		buf = append(buf, `"}`...)
		// The prefix of a leaf stands for a moment where the newline before is.
		before := buf[start-1]
		buf[start-1] = leafPrefix[0]
		out.leaves[i] = sha256.Sum256(buf[start-1:])
		buf[start-1] = before
		buf = append(buf, '\n')
	}
	out.lines = buf[1:]
	return out
}

// lockName is the file whose lock writers hold while they write.
func lockName(dir string) string { return filepath.Join(dir, "lock") }
