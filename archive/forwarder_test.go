package archive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Both logs of a vault arrive at every destination, over days and segments, while they
// grow, and one that is begun later too.
func TestForward(t *testing.T) {
	for _, size := range []int{1, 3000, maxChunkBytes} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			vault, one, two := t.TempDir(), newStore(t), newStore(t)
			l := newTestLog(t, vault, "audit-log", 20<<10)
			c := fast(vault, one, l)
			c.Logs = append(c.Logs, filepath.Join(vault, "governance-log"))
			c.Destinations = append(c.Destinations, to("other", two))
			c.ChunkBytes = size
			f := start(t, c)
			require.NoError(t, f.Flush(context.Background()))
			for day := range 3 {
				l.now = firstDay.AddDate(0, 0, day)
				l.add(t, 40, 1500)
				require.NoError(t, f.Flush(context.Background()))
				l.add(t, 10, 100)
			}
			g := newTestLog(t, vault, "governance-log", 0)
			g.add(t, 5, 100)
			require.NoError(t, f.Flush(context.Background()))
			for _, store := range []Store{one, two} {
				arrived(t, store, l)
				arrived(t, store, g)
			}
		})
	}
}

// counting counts what is put.
type counting struct {
	Store
	puts chan string
}

func (c counting) Put(ctx context.Context, name string, data []byte, retain time.Time) error {
	err := c.Store.Put(ctx, name, data, retain)
	c.puts <- name
	return err
}

// Without Flush, an object is sent for each ChunkBytes, and when the last one is
// Interval ago.
func TestWhenItIsSent(t *testing.T) {
	vault := t.TempDir()
	store := counting{newStore(t), make(chan string, 100)}
	l := newTestLog(t, vault, "audit-log", 0)
	clock := newClock()
	c := fast(vault, store, l)
	c.ChunkBytes, c.Interval, c.Now = 10<<10, time.Minute, clock.now
	f := start(t, c)
	l.add(t, 1, 10)
	require.Equal(t, "test/audit-log/log.json", <-store.puts)
	require.Contains(t, <-store.puts, "-00000000000000000000.jsonl.zst", "nothing was sent in the last minute")
	l.add(t, 5, 10)
	clock.add(59 * time.Second)
	polls(f)
	require.Empty(t, store.puts)
	clock.add(time.Second)
	require.Contains(t, <-store.puts, "/00000000000000000001-00000000000000000005.jsonl.zst")
	for l.n < 200 {
		l.add(t, 1, 1000)
	}
	first := <-store.puts
	require.Contains(t, first, "/00000000000000000006-")
	require.NoError(t, f.Flush(context.Background()))
	arrived(t, store.Store, l)
	list, err := chunks(context.Background(), store, "test/audit-log/")
	require.NoError(t, err)
	for _, h := range list[2 : len(list)-1] {
		what, _, err := get(context.Background(), store, "test/audit-log/", h.name)
		require.NoError(t, err)
		require.GreaterOrEqual(t, what.Bytes, int64(c.ChunkBytes))
	}
}

// Objects are to be kept from the end of their day on; not until a time that is over.
func TestRetain(t *testing.T) {
	vault, store := t.TempDir(), &keeping{Store: newStore(t)}
	l := newTestLog(t, vault, "audit-log", 0)
	clock := newClock()
	c := fast(vault, store, l)
	c.Retention, c.Now = 90*24*time.Hour, clock.now
	f := start(t, c)
	l.add(t, 1, 10)
	require.NoError(t, f.Flush(context.Background()))
	require.Equal(t, time.Date(2026, 7, 30, 0, 0, 0, 0, time.UTC), store.retain)
	l.add(t, 1, 10)
	clock.add(91 * 24 * time.Hour)
	require.NoError(t, f.Flush(context.Background()))
	require.Zero(t, store.retain)
}

type keeping struct {
	Store
	retain time.Time
}

func (k *keeping) Put(ctx context.Context, name string, data []byte, retain time.Time) error {
	k.retain = retain
	return k.Store.Put(ctx, name, data, retain)
}

// Of several forwarders one works; when it ends, another goes on. Flush of one that
// does not work waits for the one that does.
func TestTakeTurns(t *testing.T) {
	vault, store := t.TempDir(), newStore(t)
	l := newTestLog(t, vault, "audit-log", 0)
	first, second := start(t, fast(vault, store, l)), start(t, fast(vault, store, l))
	for range 3 {
		l.add(t, 3, 10)
		require.NoError(t, second.Flush(context.Background()))
		l.add(t, 3, 10)
		require.NoError(t, first.Flush(context.Background()))
	}
	require.NoError(t, first.Close())
	require.ErrorIs(t, first.Flush(context.Background()), ErrClosed)
	l.add(t, 3, 10)
	require.NoError(t, second.Flush(context.Background()))
	arrived(t, store, l)
}

// Close sends what is left, but does not wait for a destination that fails, nor longer
// than it should.
func TestClose(t *testing.T) {
	vault, store := t.TempDir(), newStore(t)
	l := newTestLog(t, vault, "audit-log", 0)
	c := fast(vault, store, l)
	c.CloseWait = time.Hour
	f := start(t, c)
	l.add(t, 3, 10)
	require.NoError(t, f.Close())
	require.NoError(t, f.Close())
	arrived(t, store, l)

	l.add(t, 3, 10)
	broken := fast(vault, failing{store, errors.New("down"), nil}, l)
	broken.CloseWait, broken.MaxBackoff, broken.MinBackoff = time.Hour, time.Hour, time.Hour
	require.NoError(t, start(t, broken).Close())
	l.add(t, 3, 10)
	require.NoError(t, start(t, broken).Close(), "it is left in peace, as the one before found")

	stalled := fast(vault, stalling{store}, l)
	stalled.Destinations[0].URL = "another"
	stalled.CloseWait = time.Millisecond
	require.NoError(t, start(t, stalled).Close())
}

// failing fails.
type failing struct {
	Store
	err    error
	failed func() // is called each time
}

func (f failing) Put(context.Context, string, []byte, time.Time) error {
	if f.failed != nil {
		f.failed()
	}
	return fmt.Errorf("request %d: %w", rand.Int(), f.err)
}

// after returns what does something when it is called for the nth time.
func after(n int32, do func()) func() {
	var calls atomic.Int32
	return func() {
		if calls.Add(1) == n {
			do()
		}
	}
}

// stalling never answers.
type stalling struct{ Store }

func (stalling) Put(ctx context.Context, _ string, _ []byte, _ time.Time) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// A failure that lasts is told once, and ends Flush at once; one that may pass ends
// it with ctx. What was recorded meanwhile arrives when the destination is back.
func TestFailures(t *testing.T) {
	for _, lasting := range []bool{false, true} {
		t.Run(fmt.Sprint(lasting), func(t *testing.T) {
			vault, store := t.TempDir(), newStore(t)
			l := newTestLog(t, vault, "audit-log", 0)
			cause := errors.New("no such bucket: make it")
			if lasting {
				cause = fmt.Errorf("%w: %w", ErrPermanent, cause)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			enough := func() {}
			if !lasting {
				enough = after(3, cancel) // the first two are over then
			}
			c := fast(vault, failing{store, cause, enough}, l)
			logged, logger := newJournal()
			c.Logger = logger
			f := start(t, c)
			l.add(t, 20, 100)
			err := f.Flush(ctx)
			require.ErrorIs(t, err, cause)
			require.ErrorContains(t, err, "record 0 of audit-log is not confirmed by test")
			if lasting {
				require.ErrorIs(t, f.Flush(ctx), cause, "it was tried again")
			}
			require.NoError(t, f.Close())
			require.Equal(t, 1, logged.count("no such bucket"))

			copies, err := Status(context.Background(), vault)
			require.NoError(t, err)
			require.Len(t, copies, 1)
			require.Contains(t, copies[0].Error, cause.Error())
			require.Equal(t, uint64(20), copies[0].Behind)
			require.NotZero(t, copies[0].NextTry)
			require.Equal(t, firstDay, copies[0].Since)

			f = start(t, fast(vault, store, l))
			require.NoError(t, f.Flush(context.Background()))
			arrived(t, store, l)
			copies, err = Status(context.Background(), vault)
			require.NoError(t, err)
			require.Equal(t, Copy{Destination: "test", Log: "flexor/test/audit-log", Confirmed: 20, ConfirmedAt: copies[0].ConfirmedAt, LookedAt: copies[0].LookedAt}, copies[0])
		})
	}
}

// A destination that can never be opened is an error at the start; one that is not
// there yet is not.
func TestStart(t *testing.T) {
	vault := t.TempDir()
	l := newTestLog(t, vault, "audit-log", 0)
	c := fast(vault, nil, l)
	c.Destinations[0].Open = func(context.Context) (Store, error) { return nil, fmt.Errorf("%w: no region", ErrPermanent) }
	_, err := Start(context.Background(), c)
	require.ErrorIs(t, err, ErrPermanent)
	require.ErrorContains(t, err, "test")

	share := filepath.Join(t.TempDir(), "share")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	d, err := OpenDir(share)
	require.NoError(t, err)
	c.Destinations[0].Open = func(context.Context) (Store, error) { return looking{d, after(3, cancel)}, nil }
	f := start(t, c)
	l.add(t, 3, 10)
	require.ErrorContains(t, f.Flush(ctx), "mount the share")
	require.NoError(t, os.Mkdir(share, 0o755))
	require.NoError(t, f.Flush(context.Background()))
	arrived(t, d, l)
}

// looking tells when it is asked for an object.
type looking struct {
	Store
	looked func()
}

func (l looking) Get(ctx context.Context, name string) ([]byte, error) {
	l.looked()
	return l.Store.Get(ctx, name)
}

// The line that ends a segment is sent when no record follows it, too: without it the
// segment could not be rebuilt, and is not confirmed as a whole.
func TestEndOfSegment(t *testing.T) {
	t.Run("after a while", func(t *testing.T) {
		testEndOfSegment(t, Pace{Interval: time.Nanosecond, CloseWait: -1}, polls)
	})
	t.Run("by Close", func(t *testing.T) {
		testEndOfSegment(t, Pace{Interval: time.Hour, CloseWait: time.Hour}, func(*Forwarder) {})
	})
}

func testEndOfSegment(t *testing.T, pace Pace, wait func(*Forwarder)) {
	vault, store := t.TempDir(), newStore(t)
	l := newTestLog(t, vault, "audit-log", 0)
	f := start(t, fast(vault, store, l))
	l.add(t, 3, 10)
	require.NoError(t, f.Flush(context.Background()))
	require.NoError(t, f.Close())
	confirmed, err := Confirmed(vault, l.dir, "test")
	require.NoError(t, err)
	require.Equal(t, uint64(2), confirmed)
	confirmed, err = Confirmed(vault, l.dir, "test", "other")
	require.NoError(t, err)
	require.Zero(t, confirmed)

	// A process died when it had finished the segment of that day.
	checkpoint := filepath.Join(l.dir, "checkpoint")
	before, err := os.ReadFile(checkpoint)
	require.NoError(t, err)
	l.now = l.now.AddDate(0, 0, 1)
	l.add(t, 1, 10)
	l.n--
	require.NoError(t, l.Close())
	require.NoError(t, os.RemoveAll(filepath.Join(l.dir, "segments", "2026-05-01")))
	require.NoError(t, os.WriteFile(checkpoint, before, 0o644))

	c := fast(vault, store, l)
	c.Interval, c.CloseWait = pace.Interval, pace.CloseWait
	f = start(t, c)
	wait(f)
	require.NoError(t, f.Close())
	confirmed, err = Confirmed(vault, l.dir, "test")
	require.NoError(t, err)
	require.Equal(t, uint64(3), confirmed)
	what, _ := newest(t, store)
	require.True(t, what.Sealed)
	require.Equal(t, what.Size, what.First)
	arrived(t, store, l)
	l.open(t)
	l.add(t, 1, 10)
	require.NoError(t, start(t, c).Flush(context.Background()))
	arrived(t, store, l)
}

// TestConfirmedOther begins a log anew whose copy is of the one before. Of the new one nothing
// is confirmed, in this process or the next.
func TestConfirmedOther(t *testing.T) {
	vault := t.TempDir()
	store := newStore(t)
	old := newTestLog(t, vault, "audit-log", 0)
	f := start(t, fast(vault, store, old))
	old.add(t, 4, 100)
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.NoError(t, old.Close())
	require.NoError(t, os.RemoveAll(old.dir))
	l := newTestLog(t, vault, "audit-log", 0)
	l.add(t, 4, 100)
	for range 2 {
		f = start(t, fast(vault, store, l))
		require.ErrorIs(t, f.Flush(ctx), ErrConflict)
		n, err := Confirmed(vault, l.dir, "test")
		require.NoError(t, err)
		require.Zero(t, n)
		require.NoError(t, f.Close())
	}

	c := fast(vault, newStore(t), l) // the place is put right
	f = start(t, c)
	require.NoError(t, f.Flush(ctx))
	n, err := Confirmed(vault, l.dir, "test")
	require.NoError(t, err)
	require.EqualValues(t, 3, n, "the segment is not finished")
}

// TestClockSetBack sends the end of a segment although the clock was years ahead when the
// records before it were sent.
func TestClockSetBack(t *testing.T) {
	vault := t.TempDir()
	store := newStore(t)
	l := newTestLog(t, vault, "audit-log", 0)
	clock := newClock()
	clock.add(20000 * time.Hour)
	c := fast(vault, store, l)
	c.Now = clock.now
	f := start(t, c)
	l.add(t, 4, 100)
	require.NoError(t, f.Flush(ctx))
	clock.add(-20000 * time.Hour)
	l.finish(t)
	polls(f)
	require.NoError(t, f.Close())
	what, _ := newest(t, store)
	require.True(t, what.Sealed)
}
