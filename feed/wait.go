package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Flush returns once the target has all that was on disk in the log at the call, whichever
// process sends it. A target that failed is tried at once, or within [Config.Turn]. Flush gives
// up when ctx ends, when the Feed is closed, and when an attempt of this process fails with an
// error that wraps [ErrPermanent] or [ErrRefused].
func (f *Feed) Flush(ctx context.Context) error {
	head, err := f.cfg.Log.Head()
	if err != nil {
		return err
	}
	if err := durable.Touch(durable.Disk{}, f.path(hurryFile), 0o644); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	f.mu.Lock()
	begun := f.attempt // it may fail as all did before what was wrong was put right
	f.mu.Unlock()
	return f.until(ctx, head.Size, func(attempt int, err error) bool {
		return attempt > begun && (errors.Is(err, ErrPermanent) || errors.Is(err, ErrRefused))
	})
}

// until waits until the target has the records before size. It does not wait on after a
// failure of this process that is hopeless.
func (f *Feed) until(ctx context.Context, size uint64, hopeless func(attempt int, err error) bool) error {
	look := time.NewTicker(min(f.cfg.Turn, 100*time.Millisecond)) // at the work of another process
	defer look.Stop()
	for {
		f.mu.Lock()
		works, at, failed, failure, changed := f.works, f.at, f.err, f.failure, f.changed
		f.mu.Unlock()
		if !works {
			s, err := f.load()
			if err != nil {
				return err
			}
			if at = s.Next; s.Error != "" {
				failed = errors.New(s.Error)
			}
		}
		if at >= size {
			return nil
		}
		missing := func(cause error) error {
			if failed != nil {
				return fmt.Errorf("feed: %s does not have record %d: %w (%w)", f.cfg.Name, at, cause, failed)
			}
			return fmt.Errorf("feed: %s does not have record %d: %w", f.cfg.Name, at, cause)
		}
		if works && failed != nil && hopeless(failure, failed) {
			return fmt.Errorf("feed: %s does not have record %d: %w", f.cfg.Name, at, failed)
		}
		select {
		case <-changed:
		case <-look.C:
		case <-f.done:
			return missing(ErrClosed)
		case <-ctx.Done():
			return missing(context.Cause(ctx))
		}
	}
}

// Close sends what can be sent within [Config.CloseWait], and ends. What is left is sent
// by the next one; that is no error. It is idempotent.
func (f *Feed) Close() error { return f.close() }

func (f *Feed) end() error {
	f.mu.Lock()
	idle := !f.works || f.err != nil
	f.mu.Unlock()
	if head, err := f.cfg.Log.Head(); err == nil && !idle && f.cfg.CloseWait > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), f.cfg.CloseWait)
		_ = f.until(ctx, head.Size, func(int, error) bool { return true }) // told already, and the log keeps it
		cancel()
	}
	f.cancel()
	<-f.done
	return nil
}
