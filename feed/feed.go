package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"path/filepath"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/lock"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// Config is what [Start] is told.
type Config struct {
	// Log is read. Required.
	Log *vault.Reader
	// Open opens the target; ctx bounds the opening only. It is called by the process whose
	// turn it is, and again after a failure; its errors are like those of [Target.Send]. Required.
	Open func(ctx context.Context) (Target, error)
	// State is the directory in which it is kept how far the target is; it is made if it is
	// not there. It must be the same for all processes that send to the target from this
	// log, and no other's. Required.
	State string
	// Name is the target's, for people. It must not hold a secret.
	Name string
	// MinBackoff and MaxBackoff bound how long a target that failed is left in peace: twice
	// as long each time. Zero: 1 s, 5 min.
	MinBackoff, MaxBackoff time.Duration
	// Turn is how often it is looked whether the process whose turn it is has ended, and
	// whether somebody waits for a target that is left in peace. Zero: 1 s.
	Turn time.Duration
	// CloseWait is how long Close waits at most for what is not sent yet. It does not wait
	// for a target that fails. Zero: 5 s; negative: it does not wait.
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

// Feed sends a log on to a target, in a goroutine of its own. It is safe for concurrent
// use.
type Feed struct {
	cfg    Config
	cancel context.CancelFunc
	done   chan struct{} // closed when nothing is sent any more
	close  func() error

	state state     // of the goroutine that sends
	kept  time.Time // when it was written
	told  string    // what the logger was told of failures

	mu      sync.Mutex    // guards what follows
	works   bool          // it is this one's turn
	at      uint64        // index of the next record to send, as far as this one knows
	attempt int           // the number of the last one that began
	err     error         // why it, or the one before it, failed
	failure int           // the number of that one
	changed chan struct{} // closed at the next change
}

// Start starts to send. A target that cannot be opened is tried again later. ctx bounds the
// start only.
func Start(ctx context.Context, cfg *Config) (*Feed, error) {
	f := &Feed{cfg: cfg.withDefaults(), done: make(chan struct{}), changed: make(chan struct{})}
	if err := durable.MkdirAll(durable.Disk{}, f.cfg.State, 0o755); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	if err := durable.Touch(durable.Disk{}, f.path(lockFile), 0o600); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	f.close = sync.OnceValue(f.end)
	turn := f.take()
	go f.run(run, turn)
	return f, nil
}

// path returns a file of the state.
func (f *Feed) path(name string) string { return filepath.Join(f.cfg.State, name) }

// run waits for this one's turn, sends, and after a failure waits and sends again, until
// ctx ends.
func (f *Feed) run(ctx context.Context, turn *lock.Lock) {
	defer close(f.done)
	for ; turn == nil; turn = f.take() {
		if !pause(ctx, f.cfg.Turn) {
			return
		}
	}
	for f.rest(ctx) {
		f.set(func() { f.attempt++ })
		if err := f.send(ctx); ctx.Err() == nil {
			f.failed(err)
		}
	}
	f.set(func() { f.works = false })
	if err := turn.Unlock(); err != nil {
		f.cfg.Logger.Warn("feed: the lock could not be released", "dir", f.cfg.State, "err", err)
	}
}

// take takes the turn, and finds out how far the target is; nil: another process has it, or
// that cannot be told.
func (f *Feed) take() *lock.Lock {
	l, err := (*lock.Pool)(nil).Acquire(f.path(lockFile), false)
	if l == nil {
		if err != nil {
			f.stuck(err)
		}
		return nil
	}
	if f.state, err = f.load(); err != nil {
		f.stuck(err)
		_ = l.Unlock() // it is taken again
		return nil
	}
	f.set(func() {
		f.works, f.at, f.err = true, f.state.Next, nil
		if f.state.Error != "" {
			f.err = errors.New(f.state.Error)
		}
	})
	return l
}

// stuck notes why it cannot be told whose turn it is, or how far the target is.
func (f *Feed) stuck(err error) {
	const text = "feed: nothing can be sent while its state cannot be read; it is tried again, and the log keeps what was not sent"
	if f.told != text {
		f.cfg.Logger.Error(text, "destination", f.cfg.Name, "dir", f.cfg.State, "err", err)
		f.told = text
	}
	f.set(func() { f.err = err })
}

const (
	// keepEvery is how often the state is written while all goes well; keepFirst how long
	// after the first time, and twice as long each time, so that processes that are killed
	// young leave something behind. What was sent since may be sent again by the next one.
	keepEvery, keepFirst = time.Second, 10 * time.Millisecond
)

// send sends what the log holds and goes on with what comes, until ctx ends or
// something fails.
func (f *Feed) send(ctx context.Context) (err error) {
	if err := f.meet(); err != nil {
		return err
	}
	target, err := f.cfg.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close(), f.keep()) }()
	next, stop := f.read(ctx)
	defer stop()
	var b batch
	every := time.Duration(0)
	late := time.NewTimer(0)
	defer late.Stop()
	for {
		rec, ok := one{}, false
		select {
		case rec, ok = <-next:
		case <-late.C:
			if err := f.keep(); err != nil {
				return err
			}
			every = min(max(2*every, keepFirst), keepEvery)
			continue
		}
		for ; ok; rec, ok = more(next) {
			if rec.err != nil {
				return errors.Join(f.flush(ctx, target, &b), rec.err)
			}
			if b.add(rec.Record); len(b.records) == maxBatch || b.bytes >= maxBytes {
				break
			}
		}
		if err := f.flush(ctx, target, &b); err != nil || ctx.Err() != nil {
			return err
		}
		late.Reset(max(0, every-time.Since(f.kept)))
	}
}

// meet moves the position to where the log has records. It may have let go of some before
// they were sent, or have been put back from a copy that ends before what was sent: those
// that it gets from there on are new.
func (f *Feed) meet() error {
	first, err := f.cfg.Log.First()
	if err != nil {
		return err
	}
	head, err := f.cfg.Log.Head()
	if err != nil {
		return err
	}
	at := f.state.Next
	switch {
	case at < first:
		f.cfg.Logger.Error("feed: records were removed from the log before they were sent", "destination", f.cfg.Name, "from", at, "before", first)
		at = first
	case at > head.Size:
		f.cfg.Logger.Error("feed: the log ends before what was sent: it was put back from a copy; what it gets from now on is sent", "destination", f.cfg.Name, "sent", at, "end", head.Size)
		at = head.Size
	}
	f.state.Next = at
	f.set(func() { f.at = at })
	return nil
}

// flush sends a batch, and notes how much of it was sent.
func (f *Feed) flush(ctx context.Context, target Target, b *batch) error {
	if len(b.records) == 0 {
		return nil
	}
	n, err := target.Send(ctx, b.records)
	var aside *Aside
	if errors.As(err, &aside) {
		f.leaveOut(aside)
		err = aside.Then
	}
	if n > 0 {
		f.sent(b.records[n-1].Index + 1)
	}
	last := b.records[len(b.records)-1].Index
	*b = batch{records: b.records[:0]}
	if errors.Is(err, ErrRefused) {
		if head, herr := f.cfg.Log.Head(); herr == nil && head.Size > last+1 {
			return nil // what comes then shows whether it takes that
		}
	}
	return err
}

// leaveOut notes records that the target will not take for what they are. It tells of the
// first, and then each time that they are twice as many.
func (f *Feed) leaveOut(a *Aside) {
	before, last := f.state.Refused, a.Records[len(a.Records)-1]
	f.state.Refused += uint64(len(a.Records))
	f.state.LastRefused, f.state.RefusedAt, f.state.Refusal = last, time.Now().UTC(), a.Why.Error()
	if bits.Len64(f.state.Refused) > bits.Len64(before) {
		f.cfg.Logger.Error("feed: records are refused for what they are, and left out; the others go on", "destination", f.cfg.Name, "refused", f.state.Refused, "last", last, "err", a.Why)
	}
}

// sent notes that the target has the records before next.
func (f *Feed) sent(next uint64) {
	if f.told != "" {
		f.cfg.Logger.Info("feed: sending goes on", "destination", f.cfg.Name)
	}
	f.told = ""
	f.state.Next, f.state.SentAt = next, time.Now().UTC()
	f.state.Error, f.state.Failures, f.state.NextTry = "", 0, time.Time{}
	f.set(func() { f.at, f.err = next, nil })
}

// failed notes why an attempt failed, and when to try again.
func (f *Feed) failed(err error) {
	level, text := slog.LevelWarn, "feed: sending failed; it is tried again, and the log keeps what was not sent"
	switch {
	case errors.Is(err, ErrRefused):
		level, text = slog.LevelError, "feed: a record is refused for what it is; it is left out once the target takes a later one, and the log keeps it"
	case errors.Is(err, ErrPermanent):
		level, text = slog.LevelError, "feed: nothing can be sent until this is put right; the log keeps what was not sent"
	}
	if text != f.told { // once: the error itself may be another each time
		f.cfg.Logger.Log(context.Background(), level, text, "destination", f.cfg.Name, "err", err)
		f.told = text
	}
	f.state.NextTry = time.Now().Add(f.backoff(err)).UTC()
	f.state.Failures++
	f.state.Error = err.Error()
	if err := f.keep(); err != nil {
		f.cfg.Logger.Warn("feed: the state could not be written", "dir", f.cfg.State, "err", err)
	}
	f.set(func() { f.err, f.failure = err, f.attempt })
}

// keep writes the state.
func (f *Feed) keep() error {
	f.kept = time.Now()
	return f.state.write(f.cfg.State)
}

// set changes what others see.
func (f *Feed) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}
