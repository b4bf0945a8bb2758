package feed

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"time"
)

// rest leaves a target that failed in peace, also one that was down for the process before,
// until it is time or somebody waits for it. It returns false if ctx ends.
func (f *Feed) rest(ctx context.Context) bool {
	until := time.Now().Add(f.left())
	for {
		hurries := os.Remove(f.path(hurryFile)) == nil
		left := time.Until(until)
		if hurries || left <= 0 {
			return ctx.Err() == nil
		}
		if !pause(ctx, min(left, f.cfg.Turn)) {
			return false
		}
	}
}

// left is how long the target is to be left in peace.
func (f *Feed) left() time.Duration {
	return min(time.Until(f.state.NextTry), max(f.cfg.MaxBackoff, longest)) // or a clock was wrong
}

// longest is how long a target is left in peace at most that asks for it.
const longest = time.Hour

// backoff is how long to leave the target in peace after an error.
func (f *Feed) backoff(err error) time.Duration {
	wait := f.cfg.MinBackoff << min(f.state.Failures, 30)
	if wait <= 0 || wait > f.cfg.MaxBackoff || errors.Is(err, ErrPermanent) {
		wait = f.cfg.MaxBackoff
	}
	wait = wait/2 + rand.N(wait/2+1) // so that many do not come back at once
	var later *Later
	if errors.As(err, &later) {
		wait = max(wait, min(later.After, longest))
	}
	return wait
}

// pause returns false if ctx ends before d is over.
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
