package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// slowest is how fast a request must move its object at least, in bytes a second.
const slowest = 8 << 10

// errSlow ends a request that takes too long. Its methods make the client repeat it.
var errSlow error = slowError{}

type slowError struct{}

func (slowError) Error() string   { return "no answer, or a slower one than 8 KiB/s" }
func (slowError) Timeout() bool   { return true }
func (slowError) Temporary() bool { return true }

// wire sends requests, gives up those that take too long, and compares clocks.
type wire struct {
	base    http.RoundTripper
	timeout time.Duration
	now     func() time.Time
	ahead   atomic.Int64 // how far our clock is before the server's, as of its last answer
}

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	timer := time.AfterFunc(w.limit(r.ContentLength), func() { cancel(errSlow) })
	end := func() { timer.Stop(); cancel(nil) }
	resp, err := w.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		err = slow(ctx, err)
		end()
		return nil, err
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		w.ahead.Store(int64(w.now().Sub(date)))
	}
	timer.Reset(w.limit(resp.ContentLength))
	resp.Body = &limitedBody{resp.Body, ctx, end}
	return resp, nil
}

// limit is how long a request may take for an object of n bytes; -1: it cannot be
// told.
func (w *wire) limit(n int64) time.Duration {
	return w.timeout + time.Duration(max(n, 0))*time.Second/slowest
}

// slow returns err, or errSlow if that is why.
func slow(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSlow) {
		return fmt.Errorf("%w: %w", errSlow, err)
	}
	return err
}

// limitedBody is the body of an answer that must not take too long either.
type limitedBody struct {
	io.ReadCloser
	ctx context.Context
	end func()
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = slow(b.ctx, err)
	}
	return n, err
}

func (b *limitedBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
