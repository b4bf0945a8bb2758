package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Config is what [Start] is told.
type Config struct {
	// Vault is the vault's directory. The state is kept in its folder [Folder].
	Vault string
	// Logs are the directories of the logs to send. One that is not there yet is
	// sent once it is.
	Logs []string
	// Destinations are where they are sent, each to all of them.
	Destinations []Destination

	// Retention is how long objects are to be kept, counted from the end of the day of
	// their records. Zero: nothing is asked of the destination.
	Retention time.Duration
	Pace
	// Now tells the time. Zero: time.Now.
	Now func() time.Time
	// Logger hears of failures, each once, and of recoveries. Zero: nobody.
	Logger *slog.Logger
}

// Pace is how often and how much is sent. The zero value is for use.
type Pace struct {
	// ChunkBytes is how much of a log, before compression, is worth an object of its
	// own. Zero: 8 MiB, which is also the most.
	ChunkBytes int
	// Interval is after how long a log is sent even if it is less than that. Zero: 60 s.
	Interval time.Duration
	// MinBackoff and MaxBackoff bound how long a destination that failed is left in
	// peace: twice as long each time. Zero: 1 s, 5 min.
	MinBackoff, MaxBackoff time.Duration
	// Poll is how often it is looked for new records, and for whether the process
	// that forwards is still there. Zero: 1 s.
	Poll time.Duration
	// Look is how often it is looked whether a destination still holds what was sent there,
	// also while there is nothing to send: three requests for each log. Zero: 1 h.
	Look time.Duration
	// CloseWait is how long Close waits at most for what is not sent yet. It does not
	// wait for a destination that fails. Zero: 5 s; negative: it does not wait.
	CloseWait time.Duration
}

// Destination is a place that logs are sent to.
type Destination struct {
	// Name is shown to people. It must not hold a secret.
	Name string
	// URL tells destinations of one vault apart. It is not shown.
	URL string
	// Program says that the settings of the vault do not name it, but this program does.
	// That is written down in the vault, so that [Confirmed] counts it for everybody, also who
	// does not know the program, until it is forgotten ([Forget]).
	Program bool
	// Open opens the place; ctx bounds the opening only. An error that wraps [ErrPermanent] says that it never can,
	// others that it is tried again.
	Open func(ctx context.Context) (Store, error)
}

const (
	// maxChunkBytes is the most, and the usual, [Pace.ChunkBytes].
	maxChunkBytes = 8 << 20
	// openWait is how long Start waits for a destination to open.
	openWait = 5 * time.Second
)

// ErrClosed is wrapped by what Flush returns on a closed Forwarder.
var ErrClosed = errors.New("archive: closed")

// withDefaults returns a copy without zero values.
func (c *Config) withDefaults() *Config {
	out := *c
	if out.ChunkBytes <= 0 || out.ChunkBytes > maxChunkBytes {
		out.ChunkBytes = maxChunkBytes
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&out.Interval, time.Minute}, {&out.MinBackoff, time.Second}, {&out.MaxBackoff, 5 * time.Minute},
		{&out.Poll, time.Second}, {&out.Look, time.Hour}, {&out.CloseWait, 5 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if out.Now == nil {
		out.Now = time.Now
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	return &out
}

// Forwarder sends the logs of a vault to its secondary destinations, in goroutines
// of its own: whoever records never waits for it. Any number of processes may have
// one for the same vault: for each destination one of them works, and when it ends,
// however it ends, another goes on where it was. It is safe for concurrent use.
type Forwarder struct {
	cfg     *Config
	press   *press
	senders []*sender
	cancel  context.CancelFunc
	running sync.WaitGroup
	done    chan struct{} // closed by Close
	close   func() error
}

// Start starts to forward. A destination that cannot be reached is tried again
// later; one that never can, because its configuration is wrong, is an error that wraps
// [ErrPermanent]. ctx bounds the start only.
func Start(ctx context.Context, cfg *Config) (*Forwarder, error) {
	f := &Forwarder{cfg: cfg.withDefaults(), done: make(chan struct{})}
	f.close = sync.OnceValue(f.end)
	var err error
	if f.press, err = newPress(); err != nil {
		return nil, err
	}
	for _, d := range f.cfg.Destinations {
		s, err := newSender(f.cfg, d, f.press)
		if err == nil {
			err = s.check(ctx)
		}
		if err != nil {
			return nil, errors.Join(err, f.discard())
		}
		f.senders = append(f.senders, s)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	for _, s := range f.senders {
		s.acquire()
		f.running.Go(func() { s.run(run) })
	}
	return f, nil
}

// check opens the store, so that a wrong configuration is known at once.
func (s *sender) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openWait)
	defer cancel()
	_, err := s.open(ctx)
	if errors.Is(err, ErrPermanent) {
		return fmt.Errorf("archive: %s: %w", s.dest.Name, err)
	}
	return nil // others are met again, and told, by the one who works
}

// Flush returns once every destination has confirmed all that was on disk in the
// logs at the call, by whichever process. It returns early with an error when ctx
// ends, when waiting cannot help, and when the Forwarder is closed.
func (f *Forwarder) Flush(ctx context.Context) error {
	select {
	case <-f.done:
		return ErrClosed
	default:
	}
	return f.each(func(s *sender) error { return s.flush(ctx, f.done, false) })
}

// Tried returns once each destination that this Forwarder sends to was tried since Start,
// with success or not: what [Confirmed] returns is then not older than that. It does not wait
// for one that is left in peace after a failure, or that another process sends to. It returns
// early with an error when ctx ends, and when the Forwarder is closed.
func (f *Forwarder) Tried(ctx context.Context) error {
	return f.each(func(s *sender) error { return s.tried(ctx, f.done) })
}

// each calls do for all destinations at once.
func (f *Forwarder) each(do func(*sender) error) error {
	errs := make([]error, len(f.senders))
	var group sync.WaitGroup
	for i, s := range f.senders {
		group.Go(func() { errs[i] = do(s) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// Close sends what can be sent within [Pace.CloseWait], and ends. What is left is
// sent by the next one who forwards; that is no error. It is idempotent.
func (f *Forwarder) Close() error { return f.close() }

func (f *Forwarder) end() error {
	if f.cfg.CloseWait > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), f.cfg.CloseWait)
		_ = f.each(func(s *sender) error { return s.drain(ctx) }) // told already, and the log keeps it
		cancel()
	}
	close(f.done)
	f.cancel()
	f.running.Wait()
	return f.discard()
}

// drain is flush for a sender that works and does not fail.
func (s *sender) drain(ctx context.Context) error {
	s.mu.Lock()
	idle := !s.works || s.resting
	s.mu.Unlock()
	if idle {
		return nil
	}
	return s.flush(ctx, nil, true)
}

// discard gives back what was opened.
func (f *Forwarder) discard() error {
	errs := []error{f.press.close()}
	for _, s := range f.senders {
		if s.store != nil {
			errs = append(errs, s.store.Close())
		}
	}
	return errors.Join(errs...)
}
