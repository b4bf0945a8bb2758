package archive

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

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/internal/lock"
)

// sender forwards the logs of a vault to one destination. Of all senders for the same
// vault and destination, in whatever process, the one that holds the lock works.
type sender struct {
	cfg   *Config
	dest  Destination
	press *press
	dir   string // of its state
	feeds []*feed
	store Store // nil: not open yet

	held     *lock.Lock // nil: another one works
	failures int        // in a row
	told     string     // what the logger was told of them
	nextTry  time.Time
	kick     chan struct{} // wakes run

	mu        sync.Mutex        // guards what follows
	works     bool              // held, for others
	confirmed map[string]uint64 // records by directory of the log, as far as this sender knows
	attempts  int               // to send, with success or not
	drained   int               // how often all was sent that there was, without waiting
	err       error             // of the last one
	resting   bool              // the destination failed, and is left in peace
	changed   chan struct{}     // closed at the next change
}

func newSender(cfg *Config, d Destination, p *press) (*sender, error) {
	s := &sender{cfg: cfg, dest: d, press: p, dir: destinationFolder(cfg.Vault, d.URL), kick: make(chan struct{}, 1), confirmed: map[string]uint64{}, changed: make(chan struct{})}
	if err := durable.MkdirAll(durable.Disk{}, s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if err := durable.Touch(durable.Disk{}, filepath.Join(s.dir, lockFile), 0o600); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if d.Program {
		if err := s.mark(); err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
	}
	for _, dir := range cfg.Logs {
		s.feeds = append(s.feeds, &feed{to: s, dir: dir, path: s.statePath(dir)})
	}
	return s, nil
}

// statePath is the file with the state of a log.
func (s *sender) statePath(log string) string {
	return filepath.Join(s.dir, filepath.Base(log)+stateExt)
}

// open opens the store, unless it is open.
func (s *sender) open(ctx context.Context) (Store, error) {
	if s.store != nil {
		return s.store, nil
	}
	store, err := s.dest.Open(ctx)
	if err == nil {
		s.store = store
	}
	return store, err
}

// run works until ctx ends.
func (s *sender) run(ctx context.Context) {
	tick := time.NewTicker(s.cfg.Poll)
	defer tick.Stop()
	for {
		if s.acquire() {
			s.work(ctx)
		}
		select {
		case <-ctx.Done():
			s.release()
			return
		case <-tick.C:
		case <-s.kick:
		}
	}
}

// acquire takes the lock, if nobody else has it.
func (s *sender) acquire() bool {
	if s.held != nil {
		return true
	}
	held, err := (*lock.Pool)(nil).Acquire(filepath.Join(s.dir, lockFile), false)
	if err != nil {
		s.failed(nil, err)
		return false
	}
	if held == nil {
		return false
	}
	if s.dest.Program { // it may have been forgotten since this one began to wait
		if err := s.mark(); err != nil {
			s.failed(nil, errors.Join(err, held.Unlock()))
			return false
		}
	}
	s.held = held
	// A destination that was down for the one before is not tried sooner.
	for _, f := range s.feeds {
		there, err := f.open()
		switch {
		case err != nil || !there:
		case f.state.Stopped:
			f.state.Stopped = false // this is the next start
			s.keep(f)
		case f.state.NextTry.After(s.nextTry):
			s.nextTry, s.failures = f.state.NextTry, f.state.Failures
		}
	}
	if most := s.cfg.Now().Add(2 * s.cfg.MaxBackoff); s.nextTry.After(most) {
		s.nextTry = most // by a clock that was wrong
	}
	s.set(func() { s.works, s.resting = true, s.nextTry.After(s.cfg.Now()) })
	return true
}

// release gives the lock back.
func (s *sender) release() {
	if s.held == nil {
		return
	}
	if err := s.held.Unlock(); err != nil {
		s.cfg.Logger.Warn("archive: the lock could not be released", "dir", s.dir, "err", err)
	}
	s.held = nil
	s.set(func() { s.works = false })
}

// work sends what is to be sent now.
func (s *sender) work(ctx context.Context) {
	hurries := os.Remove(filepath.Join(s.dir, hurryFile)) == nil
	for _, f := range s.feeds {
		if f.hurries = false; hurries {
			f.goOn()
		}
	}
	if hurries {
		s.nextTry = time.Time{}
	}
	if s.stopped() || s.cfg.Now().Before(s.nextTry) {
		return
	}
	for more := true; more; {
		more = false
		for _, f := range s.feeds {
			on, err := f.step(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				s.failed(f, err)
				return
			}
			more = more || on
		}
	}
	s.recovered()
	if hurries {
		s.set(func() { s.drained++ })
	}
}

// failed notes that an attempt failed, and when to try again.
func (s *sender) failed(f *feed, err error) {
	var stop *alarm
	stopped, lasting := errors.As(err, &stop), errors.Is(err, ErrPermanent)
	wait := s.cfg.MinBackoff << min(s.failures, 30)
	if wait <= 0 || wait > s.cfg.MaxBackoff || lasting {
		wait = s.cfg.MaxBackoff
	}
	wait = wait/2 + rand.N(wait/2+1) // so that many do not come back at once
	s.failures++
	s.nextTry = s.cfg.Now().Add(wait)
	for _, f := range s.feeds {
		f.found, f.ahead = false, nil // who knows what the place holds by then
	}
	level, text := slog.LevelWarn, "archive: forwarding failed; it is tried again, and the log keeps what was not sent"
	switch {
	case stopped:
		level, text = slog.LevelError, "archive: forwarding stopped; it is tried again at the next start"
	case lasting:
		level, text = slog.LevelError, "archive: nothing can be forwarded until this is put right; the log keeps what was not sent"
	}
	if text != s.told { // once: the error itself may be another each time, with the number of a request
		s.cfg.Logger.Log(context.Background(), level, text, "destination", s.dest.Name, "err", err)
		s.told = text
	}
	if f != nil && f.reader != nil {
		f.state.Error, f.state.Failures, f.state.NextTry, f.state.Stopped = err.Error(), s.failures, s.nextTry.UTC(), stopped
		if stopped {
			f.state.Differs = true
			f.state.NextTry = time.Time{}
		}
		s.keep(f)
	}
	s.set(func() { s.err, s.resting = err, true; s.attempts++ })
}

// recovered notes that there is nothing that fails.
func (s *sender) recovered() {
	if s.failures > 0 {
		s.cfg.Logger.Info("archive: forwarding goes on", "destination", s.dest.Name)
	}
	s.failures, s.nextTry, s.told = 0, time.Time{}, ""
	for _, f := range s.feeds {
		if f.state.Error != "" {
			f.state.Error, f.state.Failures, f.state.NextTry, f.state.Stopped = "", 0, time.Time{}, false
			s.keep(f)
		}
	}
	s.set(func() { s.err, s.resting = nil, false; s.attempts++ })
}

// keep writes the state of a log for others to see.
func (s *sender) keep(f *feed) {
	if err := f.state.write(f.path); err != nil {
		s.cfg.Logger.Warn("archive: the state could not be written", "dir", s.dir, "err", err)
	}
}

// tell lets those who wait know how far the destination is.
func (s *sender) tell(f *feed) {
	s.set(func() { s.confirmed[f.dir] = f.state.Size })
}

// set changes what others see.
func (s *sender) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *sender) lastErr() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *sender) stopped() bool {
	var stop *alarm
	return errors.As(s.lastErr(), &stop)
}

// flush returns once the destination has confirmed what the logs held at the call.
// It gives up when ctx ends or done is closed, and if waiting cannot help. With drain it
// returns once nothing is left to send at all, and gives up after the first attempt that
// failed.
func (s *sender) flush(ctx context.Context, done <-chan struct{}, drain bool) error {
	want := map[string]uint64{}
	for _, dir := range s.cfg.Logs {
		size, err := publishedSize(dir)
		if err != nil {
			return err
		}
		want[dir] = size
	}
	s.mu.Lock()
	attempts, drained := s.attempts, s.drained
	s.mu.Unlock()
	if err := durable.Touch(durable.Disk{}, filepath.Join(s.dir, hurryFile), 0o644); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	select {
	case s.kick <- struct{}{}:
	default: // it is awake
	}
	look := time.NewTicker(min(s.cfg.Poll, 100*time.Millisecond)) // at the work of another process
	defer look.Stop()
	for {
		s.mu.Lock()
		works, err, tried, changed := s.works, s.err, s.attempts > attempts, s.changed
		waits := drain && s.drained == drained
		s.mu.Unlock()
		left, elsewhere := s.left(want, works)
		var stop *alarm
		switch {
		case !works && elsewhere.Stopped:
			return fmt.Errorf("archive: %s was stopped: %s", s.dest.Name, elsewhere.Error)
		case left == "" && !(works && waits && err == nil):
			return nil
		case works && errors.As(err, &stop), works && tried && err != nil && (drain || errors.Is(err, ErrPermanent)):
			return fmt.Errorf("archive: %s is not confirmed by %s: %w", left, s.dest.Name, err)
		}
		select {
		case <-changed:
		case <-look.C:
		case <-done:
			return fmt.Errorf("archive: %s is not confirmed by %s: %w", left, s.dest.Name, ErrClosed)
		case <-ctx.Done():
			if err != nil {
				return fmt.Errorf("archive: %s is not confirmed by %s: %w (%w)", left, s.dest.Name, context.Cause(ctx), err)
			}
			return fmt.Errorf("archive: %s is not confirmed by %s: %w", left, s.dest.Name, context.Cause(ctx))
		}
	}
}

// tried is [Forwarder.Tried] for one destination.
func (s *sender) tried(ctx context.Context, done <-chan struct{}) error {
	for {
		s.mu.Lock()
		waits, changed := s.works && s.attempts == 0 && !s.resting, s.changed
		s.mu.Unlock()
		if !waits {
			return nil
		}
		select {
		case <-changed:
		case <-done:
			return ErrClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// left says what of want is not confirmed yet; "" if all is. What another process
// did is known by its state only.
func (s *sender) left(want map[string]uint64, works bool) (text string, elsewhere state) {
	for _, dir := range s.cfg.Logs {
		s.mu.Lock()
		size := s.confirmed[dir]
		s.mu.Unlock()
		if !works {
			if there, ok, err := readState(s.statePath(dir)); err == nil && ok {
				size = there.Size
				if there.Stopped {
					elsewhere = there
				}
			}
		}
		if size < want[dir] && text == "" {
			text = fmt.Sprintf("record %d of %s", size, filepath.Base(dir))
		}
	}
	return text, elsewhere
}

// publishedSize returns how many records of a log are on disk; none if there is no
// log.
func publishedSize(dir string) (uint64, error) {
	r, err := ledger.OpenReader(durable.Disk{}, dir)
	if errors.Is(err, ledger.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	head, err := r.Published()
	return head.Size, err
}
