package ledger

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
)

const (
	// MaxLine is the size in bytes that no line of a record exceeds.
	MaxLine = 1 << 20
	// maxBatch bounds the bytes of records in one commit.
	maxBatch = 4 << 20
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
// outside this process; they must be safe for concurrent use, and give one signature
// only for a text, as Ed25519 does by RFC 8032.
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
// An append has two steps with somebody who does each: one goroutine writes the queued
// records of all in one commit under the ledger's lock, one, after the lock is
// released, syncs what was written, and has it signed meanwhile. While the disk is busy with a sync, records
// that wait for the next one are gathered and written in one commit; those
// that need not wait for the disk are written at once.
type Log struct {
	opts     Options
	dir      string
	lockPath string
	panicked error // for those who wait for somebody who panicked
	trust    authority
	disk     durable.Disk // this log's own, if it was not given another file system

	queueMu sync.Mutex
	queue   *batch         // records waiting for their leader; guarded by queueMu
	leading bool           // a goroutine is writing; guarded by queueMu
	closed  bool           // guarded by queueMu
	timer   *time.Timer    // runs flush; guarded by queueMu
	busy    sync.WaitGroup // appends and flushes that must end before Close does; Add under queueMu and only while not closed

	writer writer   // owned by the leader
	day    struct { // that of the newest commit, owned by the leader
		days int64 // since 1970
		text string
	}
	spare   salted    // buffers for the batch after the next; owned by the leader
	scratch sync.Pool // of *salted, for records on their way into the queue
	// How many appends wait for the disk, and how many of them are written. They
	// only tell when to write; nothing is wrong if one is a little late.
	waiting, unsynced atomic.Int64

	written atomic.Pointer[mark] // the newest commit that left this process

	syncMu  sync.Mutex
	durable Checkpoint    // the newest commit known to be on disk; guarded by syncMu
	syncing chan struct{} // closed when the running sync ends; nil: none runs; guarded by syncMu
	cohort  int64         // how many waited for the disk when the newest sync ended; guarded by syncMu
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

// openPatience is for how long the opening of a log waits for its lock, if nobody says
// otherwise: who has it may be making the tree of a large log anew.
const openPatience = time.Minute

// Open opens the ledger in dir for appending, and repairs what a process that
// died left unfinished: see [Recovery]. It waits for the ledger's lock until ctx
// ends or, if that has no deadline, for a minute; the error is a
// [*durable.LockedError].
func Open(ctx context.Context, dir string, o *Options) (*Log, Recovery, error) {
	opts := o.withDefaults()
	info, v, err := ReadInfo(opts.FS, dir)
	if err != nil {
		return nil, Recovery{}, err
	}
	if err := info.signedBy(opts.Signer, v, dir); err != nil {
		return nil, Recovery{}, err
	}
	l := &Log{opts: opts, dir: dir, lockPath: lockName(dir), panicked: &AppendError{Unknown, dir, errPanicked}, trust: authority{Verifier: v, v1: info.Format == formatV1}, queue: newBatch()}
	if !l.trust.v1 {
		if l.trust.key, err = newMACKey(opts.Signer); err != nil {
			return nil, Recovery{}, err
		}
	}
	l.scratch.New = func() any { return new(salted) }
	if o.FS == nil {
		l.disk = durable.NewDisk()
		l.opts.FS = l.disk
	}
	l.writer.log = l
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, openPatience)
		defer cancel()
	}
	rec, err := l.writer.open(ctx)
	if err != nil {
		return nil, rec, err
	}
	return l, rec, nil
}

// Origin returns the name that the ledger's checkpoints carry.
func (l *Log) Origin() string { return l.trust.Name() }

// Append writes records, each one valid JSON object on one line, in order and
// without others between them, and returns the index of the first. Each gets
// a random salt as its last member. The records have then left the process:
// they survive its death, and with [Log.Sync] that of the machine. The slices
// are not kept.
//
// A failure is an [*AppendError], a [*CorruptionError], [ErrInvalidRecord] or
// [ErrClosed]; but for an AppendError of unknown outcome nothing was stored.
//
// While another process holds the ledger's lock Append waits, for as long as that takes:
// an agent that goes on unrecorded is worse than one that stands still. The logger
// hears of it after five seconds.
func (l *Log) Append(records ...[]byte) (first uint64, err error) {
	return l.append(records, false)
}

// AppendSync is Append and Sync in one: the records are on disk when it returns
// without an error. It is faster than the two.
func (l *Log) AppendSync(records ...[]byte) (first uint64, err error) {
	return l.append(records, true)
}

// AppendIf appends what decide returns once it was told how many records the log
// has, of which all that are not its own caller's may be read meanwhile: no record
// comes between, of this process or another, because decide runs under the ledger's
// lock. So it must be short, and must not append to the log, or close it. With no
// records nothing is appended, and an error of decide is returned as it is. What was
// appended is on disk when AppendIf returns without an error; so is everything that
// decide was told of.
//
// It waits for the ledger's lock, and for the disk, until ctx ends: decide is not
// called later than that. If the lock was not free the error wraps a
// [*durable.LockedError], and nothing was stored. Other failures are those of [Log.Append].
func (l *Log) AppendIf(ctx context.Context, decide func(size uint64) ([][]byte, error)) (first uint64, err error) {
	return l.join(ctx, &salted{}, decide, true)
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
	return l.writer.close()
}

// today is the UTC day. Only the leader may call it.
func (l *Log) today() string {
	now := l.opts.Now().UTC()
	if days := now.Unix() / (24 * 60 * 60); l.day.text == "" || l.day.days != days {
		l.day.days, l.day.text = days, now.Format(dayLayout)
	}
	return l.day.text
}
