package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// place is where the sinks of a test put records: what a file is for sinks/file.
type place struct {
	mu      sync.Mutex
	records []audit.Record
	open    int
	opened  int
	fail    func(n int) error // of the nth append, before anything is stored; nil: none fails
	after   func(n int) error // the same, when it is stored
	appends int
}

func (p *place) Open(context.Context) (Target, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open > 0 {
		return nil, errors.New("opened twice at once")
	}
	p.open++
	p.opened++
	return Sink(&sink{p}), nil
}

type sink struct{ *place }

func (s *sink) Append(_ context.Context, b audit.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appends++
	if s.fail != nil {
		if err := s.fail(s.appends); err != nil {
			return err
		}
	}
	for _, r := range b.Records {
		r.JSON = bytes.Clone(r.JSON)
		s.records = append(s.records, r)
	}
	if s.after != nil {
		return s.after(s.appends)
	}
	return nil
}

func (s *sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	return nil
}

// house is a log, and a place to send it to.
type house struct {
	t    *testing.T
	now  time.Time
	log  *vault.Log
	rec  *audit.Recorder
	to   *place
	cfg  *Config
	logs *bytes.Buffer
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 4, 30, 14, 5, 0, 0, time.UTC), to: &place{}, logs: &bytes.Buffer{}}
	dir := t.TempDir()
	l, err := vault.Open(ctx, filepath.Join(dir, "audit-log"), &vault.Config{Origin: "flexor/company/audit-log", Now: func() time.Time { return h.now }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	rec, err := audit.New(l, &audit.Config{Vault: "company", Environment: "sandbox", Writer: l.Writer()})
	require.NoError(t, err)
	h.log, h.rec = l, rec
	h.cfg = &Config{
		Log: l.Reader, Open: h.to.Open, State: filepath.Join(dir, "feed"), Name: "the place",
		MinBackoff: time.Microsecond, MaxBackoff: time.Millisecond, Turn: time.Millisecond, CloseWait: time.Minute,
		Logger: slog.New(slog.NewTextHandler(&lockedWriter{w: h.logs}, nil)),
	}
	return h
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (h *house) start() *Feed {
	h.t.Helper()
	f, err := Start(ctx, h.cfg)
	require.NoError(h.t, err)
	return f
}

// run records n runs.
func (h *house) run(n int) {
	h.t.Helper()
	for range n {
		require.NoError(h.t, h.rec.Do(ctx, "feed-monitor", audit.Trigger{Type: audit.Manual}, func(_ context.Context, r *audit.Run) error {
			r.If("feed is stale", true)
			return nil
		}))
	}
}

// arrived checks that the place has what the log holds, in its order, some of it
// perhaps again where it was sent again, and returns how many records came twice.
func (h *house) arrived() (again int) {
	h.t.Helper()
	h.to.mu.Lock()
	got := h.to.records
	h.to.mu.Unlock()
	var want [][]byte
	for rec, err := range h.log.Records(ctx, 0) {
		require.NoError(h.t, err)
		want = append(want, rec.Line)
	}
	next := 0
	for _, r := range got {
		switch i := indexOf(want[:next], r.JSON); {
		case next < len(want) && bytes.Equal(want[next], r.JSON):
			next++
		case i >= 0:
			again++
		default:
			require.Fail(h.t, "a record that was left out before, or is not in the log", "%s", r.JSON)
		}
	}
	require.Equal(h.t, len(want), next, "records that did not arrive")
	return again
}

func indexOf(all [][]byte, line []byte) int {
	for i := range all {
		if bytes.Equal(all[i], line) {
			return i
		}
	}
	return -1
}

func TestFeed(t *testing.T) {
	h := newHouse(t)
	h.run(3)
	f := h.start()
	require.NoError(t, f.Flush(ctx))
	require.Zero(t, h.arrived())
	h.run(3)
	require.NoError(t, f.Flush(ctx))
	h.run(1)
	require.NoError(t, f.Close())
	require.NoError(t, f.Close())
	require.Zero(t, h.arrived(), "Close sends what is there")
	require.ErrorIs(t, f.until(ctx, 1000, nil), ErrClosed)

	h.run(2)
	f = h.start()
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.Zero(t, h.arrived(), "it goes on where the one before it was")
	require.Equal(t, 0, h.to.open)
}

// TestManyBatches sends more than goes into one.
func TestManyBatches(t *testing.T) {
	h := newHouse(t)
	var b audit.Batch
	for i := range 3 * maxBatch {
		b.Records = append(b.Records, audit.Record{Kind: audit.KindRun, RunID: "run_x", JSON: fmt.Appendf(nil, `{"kind":"run","run_id":"run_x","n":%d}`, i)})
	}
	require.NoError(t, h.log.Append(ctx, b))
	require.NoError(t, h.log.Flush(ctx))
	f := h.start()
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.Zero(t, h.arrived())
	require.GreaterOrEqual(t, h.to.appends, 3)
}

// TestFailures lets appends fail, with nothing stored and with all.
func TestFailures(t *testing.T) {
	h := newHouse(t)
	sick := errors.New("out of paper")
	h.to.fail = func(n int) error {
		if n%3 == 1 {
			return sick
		}
		return nil
	}
	h.to.after = func(n int) error {
		if n%3 == 2 {
			return sick
		}
		return nil
	}
	f := h.start()
	for range 5 {
		h.run(2)
		require.NoError(t, f.Flush(ctx))
	}
	require.NoError(t, f.Close())
	require.Positive(t, h.arrived(), "what was stored and reported failed is sent again")
	require.Contains(t, h.logs.String(), "out of paper")
	require.Contains(t, h.logs.String(), "sending goes on")
}

// TestDown closes a feed whose sink never works: that does not wait, and loses nothing.
func TestDown(t *testing.T) {
	h := newHouse(t)
	h.to.fail = func(int) error { return errors.New("down") }
	h.run(1)
	f := h.start()
	short, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		for f.lastErr() == nil {
			<-f.changes()
		}
	}()
	err := f.Flush(short)
	require.ErrorContains(t, err, "the place does not have record 0")
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, f.Close())
	h.to.fail = nil
	f = h.start()
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.Zero(t, h.arrived())
}

// lastErr returns why the last attempt failed.
func (f *Feed) lastErr() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// changes returns the channel that is closed at the next change.
func (f *Feed) changes() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// TestTurns has three feeds of one sink: one works, and when it ends the next does.
func TestTurns(t *testing.T) {
	h := newHouse(t)
	feeds := []*Feed{h.start(), h.start(), h.start()}
	for len(feeds) > 0 {
		h.run(2)
		for _, f := range feeds {
			require.NoError(t, f.Flush(ctx))
		}
		for i, f := range feeds {
			f.mu.Lock()
			works := f.works
			f.mu.Unlock()
			if works {
				require.NoError(t, f.Close())
				feeds = append(feeds[:i], feeds[i+1:]...)
				break
			}
		}
	}
	require.Equal(t, 3, h.to.opened)
	require.Zero(t, h.arrived())
}

// TestState damages the state in every way, or takes it from another log.
func TestState(t *testing.T) {
	h := newHouse(t)
	h.run(2)
	f := h.start()
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	path := filepath.Join(h.cfg.State, stateFile)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	bad := [][]byte{bytes.Replace(whole, []byte("company"), []byte("another"), 1), bytes.Replace(whole, []byte("v1"), []byte("v9"), 1)}
	for i := range whole {
		bad = append(bad, whole[:i])
	}
	for _, data := range bad {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		s, err := f.load()
		require.NoError(t, err)
		require.Zero(t, s.Next, "%q", data)
	}
	f = h.start()
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.Positive(t, h.arrived(), "all is sent again")
}

// TestPurged starts behind records that were removed before they were sent.
func TestPurged(t *testing.T) {
	h := newHouse(t)
	h.run(2)
	h.now = h.now.AddDate(0, 0, 10)
	_, err := h.log.Purge(ctx, func(day time.Time) bool { return day.Before(h.now) }, 1000, false)
	require.NoError(t, err)
	h.run(1)
	s := state{Format: stateFormat, Log: h.log.Origin(), Next: 2}
	require.NoError(t, os.MkdirAll(h.cfg.State, 0o755))
	require.NoError(t, s.write(h.cfg.State))
	p := h.status()
	require.Equal(t, []uint64{2, 3, 4}, []uint64{p.Sent, p.Behind, p.Missing})
	f := h.start()
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.Zero(t, h.arrived())
	require.Contains(t, h.logs.String(), "removed from the log before they were sent")
}

// TestPutBack has a log that ends before what was sent.
func TestPutBack(t *testing.T) {
	h := newHouse(t)
	h.run(2)
	s := state{Format: stateFormat, Log: h.log.Origin(), Next: 1000}
	require.NoError(t, os.MkdirAll(h.cfg.State, 0o755))
	require.NoError(t, s.write(h.cfg.State))
	f := h.start()
	for f.position() == 1000 {
		<-f.changes()
	}
	h.run(2)
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.Len(t, h.to.records, 6, "what it got since")
	require.Contains(t, h.logs.String(), "put back from a copy")
}

// position is how far the target is.
func (f *Feed) position() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

// TestPeace leaves a target that failed in peace, also in the next process, until it is
// time or somebody waits for it.
func TestPeace(t *testing.T) {
	h := newHouse(t)
	h.cfg.MinBackoff, h.cfg.MaxBackoff = time.Hour, time.Hour
	h.to.fail = func(int) error { return errors.New("down") }
	h.run(1)
	began := time.Now()
	f := h.start()
	for f.lastErr() == nil {
		<-f.changes()
	}
	require.NoError(t, f.Close())
	p := h.status()
	require.Equal(t, "the place", p.Name)
	require.Zero(t, p.Sent)
	require.Equal(t, uint64(3), p.Behind)
	require.False(t, p.Since.IsZero())
	require.Equal(t, "down", p.Error)
	require.WithinRange(t, p.NextTry, began.Add(30*time.Minute), time.Now().Add(time.Hour))

	h.to.fail = nil
	f = h.start()
	require.NoError(t, f.Close(), "which does not wait for it")
	require.Equal(t, 1, h.to.appends)
	f = h.start()
	other := h.start()
	require.NoError(t, other.Flush(ctx), "the process whose turn it is hears of it")
	require.NoError(t, other.Close())
	require.NoError(t, f.Close())
	require.Zero(t, h.arrived())
	p = h.status()
	require.Equal(t, uint64(3), p.Sent)
	require.WithinRange(t, p.SentAt, began, time.Now())
	require.Equal(t, Position{Name: "the place", Log: "flexor/company/audit-log", Sent: 3, SentAt: p.SentAt}, p)
}

// status returns how far the place is, by what was written down.
func (h *house) status() Position {
	h.t.Helper()
	all, err := Status(ctx, h.log.Reader, filepath.Dir(h.cfg.State))
	require.NoError(h.t, err)
	require.Len(h.t, all, 1)
	return all[0]
}

// TestBackoff has errors that say how long to wait.
func TestBackoff(t *testing.T) {
	f := &Feed{cfg: (&Config{}).withDefaults()}
	for _, c := range []struct {
		failures    int
		err         error
		least, most time.Duration
	}{
		{0, errors.New("x"), 500 * time.Millisecond, time.Second},
		{3, errors.New("x"), 4 * time.Second, 8 * time.Second},
		{100, errors.New("x"), 150 * time.Second, 5 * time.Minute},
		{0, fmt.Errorf("x: %w", ErrPermanent), 150 * time.Second, 5 * time.Minute},
		{0, fmt.Errorf("x: %w", &Later{After: time.Minute, Err: errors.New("y")}), time.Minute, time.Minute},
		{9, &Later{After: time.Second, Err: errors.New("y")}, 150 * time.Second, 5 * time.Minute},
		{0, &Later{After: 1000 * time.Hour, Err: errors.New("y")}, time.Hour, time.Hour},
	} {
		f.state.Failures = c.failures
		for range 100 {
			require.GreaterOrEqual(t, f.backoff(c.err), c.least)
			require.LessOrEqual(t, f.backoff(c.err), c.most)
		}
	}
	f.state.NextTry = time.Now().Add(1000 * time.Hour) // by a clock that was wrong
	require.LessOrEqual(t, f.left(), time.Hour)
}

// TestPermanent has Flush give up on a target that waiting does not help.
func TestPermanent(t *testing.T) {
	h := newHouse(t)
	refused := fmt.Errorf("%w: give another key", ErrPermanent)
	h.to.fail = func(int) error { return refused }
	h.run(1)
	f := h.start()
	require.ErrorIs(t, f.Flush(ctx), refused)
	require.ErrorIs(t, f.Flush(ctx), refused)
	h.to.mu.Lock()
	h.to.fail = nil
	h.to.mu.Unlock()
	require.NoError(t, f.Flush(ctx), "put right meanwhile")
	require.NoError(t, f.Close())
	require.Zero(t, h.arrived())
	require.Contains(t, h.logs.String(), "level=ERROR")
}

// some is a target that takes a few records of each batch and then fails.
type some struct {
	*place
	n int
}

func (s some) Send(_ context.Context, records []vault.Record) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range records {
		if i == s.n {
			return i, errors.New("enough")
		}
		s.records = append(s.records, audit.Record{JSON: bytes.Clone(r.Line)})
	}
	return len(records), nil
}

func (s some) Close() error { return (&sink{s.place}).Close() }

// TestTakenInPart goes on behind what a target took before it failed.
func TestTakenInPart(t *testing.T) {
	h := newHouse(t)
	h.cfg.Open = func(ctx context.Context) (Target, error) {
		_, err := h.to.Open(ctx)
		return some{h.to, 2}, err
	}
	h.run(5)
	f := h.start()
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.Zero(t, h.arrived(), "nothing is sent twice")
	require.Contains(t, h.logs.String(), "enough")
}

// TestForeign stops at a line that no sink takes.
func TestForeign(t *testing.T) {
	to := &place{}
	target := Sink(&sink{to})
	n, err := target.Send(ctx, []vault.Record{{Line: []byte(`{"kind":"run","run_id":"a"}`)}, {Line: []byte(`nonsense`)}})
	require.ErrorIs(t, err, vault.ErrForeign)
	require.Equal(t, 1, n)
	require.Len(t, to.records, 1)
}

// TestStateUnreadable cannot read how far the target is: somebody hears of it, once, and it is
// sent when that is put right.
func TestStateUnreadable(t *testing.T) {
	h := newHouse(t)
	h.run(2)
	require.NoError(t, os.MkdirAll(filepath.Join(h.cfg.State, stateFile), 0o755))
	f := h.start()
	require.Error(t, f.Flush(ctx))
	require.NoError(t, os.Remove(filepath.Join(h.cfg.State, stateFile)))
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.Zero(t, h.arrived())
	require.Equal(t, 1, strings.Count(h.logs.String(), "its state cannot be read"))
}
