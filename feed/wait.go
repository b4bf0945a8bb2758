package feed

import (
	"context"
	"fmt"
	"time"
)

// Flush returns once the sink has all that was on disk in the log at the call, whichever
// process sent it. It gives up when ctx ends and when the Feed is closed.
func (f *Feed) Flush(ctx context.Context) error {
	head, err := f.cfg.Log.Head()
	if err != nil {
		return err
	}
	return f.until(ctx, head.Size, false)
}

// until waits until the sink has the records before size; with once it does not wait for
// a sink that fails.
func (f *Feed) until(ctx context.Context, size uint64, once bool) error {
	look := time.NewTicker(min(f.cfg.Turn, 100*time.Millisecond)) // at the work of another process
	defer look.Stop()
	for {
		f.mu.Lock()
		works, at, failed, changed := f.works, f.at, f.err, f.changed
		f.mu.Unlock()
		if !works {
			var err error
			if at, err = f.load(); err != nil {
				return err
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
		if once && failed != nil {
			return missing(ErrClosed)
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
	works := f.works
	f.mu.Unlock()
	if head, err := f.cfg.Log.Head(); err == nil && works && f.cfg.CloseWait > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), f.cfg.CloseWait)
		_ = f.until(ctx, head.Size, true) // told already, and the log keeps it
		cancel()
	}
	f.cancel()
	<-f.done
	return nil
}
