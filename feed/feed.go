package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/lock"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// Config is what [Start] is told.
type Config struct {
	// Log is read. Required.
	Log *vault.Reader
	// Open opens the sink. It is called by the process whose turn it is, and again after
	// a failure. Required.
	Open func(ctx context.Context) (audit.Sink, error)
	// State is the directory in which it is kept how far the sink is; it is made if it is
	// not there. It must be the same for all processes that feed the sink from this log,
	// and no other's. Required.
	State string
	// Name is the sink's, for people. It must not hold a secret.
	Name string
	// MinBackoff and MaxBackoff bound how long a sink that failed is left in peace: twice
	// as long each time. Zero: 1 s, 5 min.
	MinBackoff, MaxBackoff time.Duration
	// Turn is how often it is looked whether the process whose turn it is has ended. Zero:
	// 1 s.
	Turn time.Duration
	// CloseWait is how long Close waits at most for what is not sent yet. It does not wait
	// for a sink that fails. Zero: 5 s; negative: it does not wait.
	CloseWait time.Duration
	// Logger hears of failures, each once, and of recoveries. Zero: nobody.
	Logger *slog.Logger
}

func (c *Config) withDefaults() Config {
	out := *c
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&out.MinBackoff, time.Second}, {&out.MaxBackoff, 5 * time.Minute}, {&out.Turn, time.Second}, {&out.CloseWait, 5 * time.Second}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	return out
}

// ErrClosed is wrapped by what [Feed.Flush] returns on a closed Feed.
var ErrClosed = errors.New("feed: closed")

// Feed sends a log on to a sink, in a goroutine of its own. It is safe for concurrent
// use.
type Feed struct {
	cfg    Config
	cancel context.CancelFunc
	done   chan struct{} // closed when nothing is sent any more
	close  func() error

	mu      sync.Mutex    // guards what follows
	works   bool          // it is this one's turn
	at      uint64        // index of the next record to send, as far as this one knows
	err     error         // of the last attempt
	changed chan struct{} // closed at the next change
}

// Start starts to send. A sink that cannot be opened is tried again later. ctx bounds the
// start only.
func Start(ctx context.Context, cfg *Config) (*Feed, error) {
	f := &Feed{cfg: cfg.withDefaults(), done: make(chan struct{}), changed: make(chan struct{})}
	if err := durable.MkdirAll(durable.Disk{}, f.cfg.State, 0o755); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	l, err := os.OpenFile(f.lockPath(), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	if err := l.Close(); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	f.close = sync.OnceValue(f.end)
	go f.run(run)
	return f, nil
}

func (f *Feed) lockPath() string { return filepath.Join(f.cfg.State, "lock") }

// run waits for this one's turn, sends, and after a failure waits and sends again, until
// ctx ends.
func (f *Feed) run(ctx context.Context) {
	defer close(f.done)
	turn := f.take(ctx)
	if turn == nil {
		return
	}
	f.set(func() { f.works = true })
	for failures := 0; ; failures++ {
		before := f.position()
		err := f.send(ctx)
		if ctx.Err() != nil {
			break
		}
		if f.position() > before {
			failures = 0
		}
		f.failed(err)
		if !pause(ctx, f.wait(failures)) {
			break
		}
	}
	f.set(func() { f.works = false })
	if err := turn.Unlock(); err != nil {
		f.cfg.Logger.Warn("feed: the lock could not be released", "dir", f.cfg.State, "err", err)
	}
}

// take waits until no other process has the turn, or ctx ends; then it returns nil.
func (f *Feed) take(ctx context.Context) *lock.Lock {
	for {
		l, err := (*lock.Pool)(nil).Acquire(f.lockPath(), false)
		if l != nil {
			return l
		}
		if err != nil {
			f.failed(err)
		}
		if !pause(ctx, f.cfg.Turn) {
			return nil
		}
	}
}

// wait is how long to leave the sink in peace after so many failures.
func (f *Feed) wait(failures int) time.Duration {
	wait := f.cfg.MinBackoff << min(failures, 30)
	if wait <= 0 || wait > f.cfg.MaxBackoff {
		wait = f.cfg.MaxBackoff
	}
	return wait/2 + rand.N(wait/2+1) // so that many do not come back at once
}

// pause returns false if ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

const (
	// maxBatch is how many records are appended at once at most, and maxBytes how many
	// bytes of them, but for one that is larger by itself.
	maxBatch = 1024
	maxBytes = 1 << 20
)

// send sends what the log holds and goes on with what comes, until ctx ends or
// something fails.
func (f *Feed) send(ctx context.Context) (err error) {
	at, err := f.load()
	if err != nil {
		return err
	}
	first, err := f.cfg.Log.First()
	if err != nil {
		return err
	}
	if at < first {
		f.cfg.Logger.Error("feed: records were removed from the log before they were sent", "to", f.cfg.Name, "from", at, "before", first)
		at = first
	}
	f.set(func() { f.at = at })
	sink, err := f.cfg.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	next, stop := f.read(ctx, at)
	defer stop()
	var b batch
	for {
		rec, ok := <-next
		for ; ok; rec, ok = more(next) {
			if rec.err != nil {
				return errors.Join(f.flush(ctx, sink, &b), rec.err)
			}
			b.add(rec)
			if len(b.records) == maxBatch || b.bytes >= maxBytes {
				break
			}
		}
		if err := f.flush(ctx, sink, &b); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// one is a record of the log, or why there is none.
type one struct {
	audit.Record
	index uint64
	err   error
}

// read returns the records of the log from at on, those that there are and those that
// come, until stop is called or ctx ends; then the channel is closed.
func (f *Feed) read(ctx context.Context, at uint64) (next <-chan one, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out, ended := make(chan one, maxBatch), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(out)
		for rec, err := range f.cfg.Log.Tail(ctx, at) {
			o := one{index: rec.Index, err: err}
			if err == nil {
				o.Record, o.err = vault.RecordOf(rec)
			}
			select {
			case out <- o:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, func() { cancel(); <-ended }
}

// more returns the next record if there is one already.
func more(next <-chan one) (rec one, ok bool) {
	select {
	case rec, ok = <-next:
	default:
	}
	return rec, ok
}

// batch is records on their way.
type batch struct {
	records []audit.Record
	bytes   int
	end     uint64 // index behind the last of them
}

func (b *batch) add(rec one) {
	b.records = append(b.records, rec.Record)
	b.bytes += len(rec.JSON)
	b.end = rec.index + 1
}

// flush sends a batch, and notes that it was sent.
func (f *Feed) flush(ctx context.Context, sink audit.Sink, b *batch) error {
	if len(b.records) == 0 {
		return nil
	}
	if err := sink.Append(ctx, audit.Batch{Records: b.records, Sync: true}); err != nil {
		return err
	}
	if err := f.store(b.end); err != nil {
		return err
	}
	f.recovered(b.end)
	*b = batch{records: b.records[:0]}
	return nil
}

// failed notes why an attempt failed.
func (f *Feed) failed(err error) {
	if before := f.lastErr(); before == nil || before.Error() != err.Error() {
		f.cfg.Logger.Warn("feed: sending failed; it is tried again, and the log keeps what was not sent", "to", f.cfg.Name, "err", err)
	}
	f.set(func() { f.err = err })
}

// recovered notes that the sink has the records before at.
func (f *Feed) recovered(at uint64) {
	if f.lastErr() != nil {
		f.cfg.Logger.Info("feed: sending goes on", "to", f.cfg.Name)
	}
	f.set(func() { f.at, f.err = at, nil })
}

// set changes what others see.
func (f *Feed) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *Feed) lastErr() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *Feed) position() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}
