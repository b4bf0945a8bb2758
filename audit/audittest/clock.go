package audittest

import (
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/flexorhq/flexor-go/internal/ident"
)

// Clock is a clock that starts at 2026-04-30T14:00:00Z and goes one
// millisecond further each time it is read. The zero value is ready; it may be
// read from many goroutines.
type Clock struct{ reads atomic.Int64 }

// Now returns the time, and moves the clock.
func (c *Clock) Now() time.Time {
	ms := c.reads.Add(1) - 1
	return time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
}

// Advance moves the clock by d, rounded down to milliseconds.
func (c *Clock) Advance(d time.Duration) { c.reads.Add(d.Milliseconds()) }

// IDs makes ids of runs that count up and are the same in every test. The zero
// value is ready; it may be used from many goroutines.
type IDs struct{ made atomic.Uint32 }

// Next returns the next id, first run_01kqfb0xr0e008000000000001. The time in
// it is that at which a [Clock] starts.
func (i *IDs) Next() string {
	n := i.made.Add(1)
	ms := uint64(new(Clock).Now().UnixMilli())
	u := uuid.UUID{6: 0x70, 8: 0x80}
	for b := range 6 {
		u[b] = byte(ms >> (40 - 8*b))
	}
	for b := range 4 {
		u[12+b] = byte(n >> (24 - 8*b))
	}
	return ident.Format("run", u)
}
