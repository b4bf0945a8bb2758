package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// wayward is a store behind a bad line: each call may fail, before it was done or
// after, or stall until somebody gives up; and what was given up may be done later.
type wayward struct {
	Store

	mu   sync.Mutex
	rnd  *rand.Rand // guarded by mu
	fine bool       // everything gets through; guarded by mu
	late []func()   // calls that were given up, and are done some time later; guarded by mu
}

var errLine = errors.New("connection reset")

// call does run, or not, and answers, or not.
func (w *wayward) call(ctx context.Context, run func() error) error {
	w.mu.Lock()
	fate := w.rnd.IntN(8)
	if w.fine {
		fate = 7
	}
	name := [...]string{"lost", "answer lost", "stalled", "late", "", "", "", ""}[fate]
	w.mu.Unlock()
	switch name {
	case "lost":
		return errLine
	case "answer lost":
		_ = run()
		return errLine
	case "stalled":
		ctx, cancel := context.WithTimeout(ctx, time.Microsecond) // its own deadline
		defer cancel()
		<-ctx.Done()
		return context.Cause(ctx)
	case "late":
		w.mu.Lock()
		defer w.mu.Unlock()
		w.late = append(w.late, func() { _ = run() })
		return errLine
	}
	defer w.catchUp(3)
	return run()
}

// catchUp does one in n of those calls that were given up.
func (w *wayward) catchUp(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late = slices.DeleteFunc(w.late, func(run func()) bool {
		if w.rnd.IntN(n) > 0 {
			return false
		}
		run()
		return true
	})
}

func (w *wayward) Put(ctx context.Context, name string, data []byte, retain time.Time) error {
	data = bytes.Clone(data)
	return w.call(ctx, func() error { return w.Store.Put(context.WithoutCancel(ctx), name, data, retain) })
}

func (w *wayward) Get(ctx context.Context, name string) (data []byte, err error) {
	err = w.call(ctx, func() (err error) { data, err = w.Store.Get(ctx, name); return err })
	return data, err
}

func (w *wayward) List(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for o, err := range w.Store.List(ctx, prefix, after) {
			w.mu.Lock()
			broken := w.rnd.IntN(20) == 0 && !w.fine
			w.mu.Unlock()
			if broken {
				yield(Object{}, errLine)
				return
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// Whatever becomes of calls, what arrives is the log, once. Forwarders come and go
// meanwhile, as processes do, and find the state as the last one left it, or torn. Only
// if it is torn while a call is still on its way, objects may overlap; what is restored
// from them is the log all the same.
func TestBadLine(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(uint64(seed), 1))
			vault := t.TempDir()
			store := &wayward{Store: newStore(t), rnd: rand.New(rand.NewPCG(uint64(seed), 2))}
			l := newTestLog(t, vault, "audit-log", 30<<10)
			g := newTestLog(t, vault, "governance-log", 0)
			for range 8 {
				c := fast(vault, store, l, g)
				c.ChunkBytes = 1 + rnd.IntN(20<<10)
				f := start(t, c)
				l.now = l.now.Add(time.Duration(rnd.IntN(12)) * time.Hour)
				for range 3 {
					l.add(t, rnd.IntN(8), 3000)
					g.add(t, rnd.IntN(2), 100)
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(4))*time.Millisecond)
					_ = f.Flush(ctx) // it may fail
					cancel()
				}
				require.NoError(t, f.Close())
				if seed%3 == 1 {
					store.catchUp(1)
				}
				if seed%3 > 0 {
					spoil(t, rnd, f.senders[0].statePath(l.dir))
				}
			}
			store.mu.Lock()
			store.fine = true
			store.mu.Unlock()
			f := start(t, fast(vault, store, l, g))
			require.NoError(t, f.Flush(context.Background()))
			store.catchUp(1)
			arrived(t, store.Store, g)
			if seed%3 < 2 {
				arrived(t, store.Store, l)
				return
			}
			dir := filepath.Join(t.TempDir(), "restored")
			_, err := Restore(ctx, store.Store, "test/audit-log", dir)
			require.NoError(t, err)
			require.Equal(t, content(t, l.dir), content(t, dir))
		})
	}
}

// spoil tears a state, now and then.
func spoil(t *testing.T, rnd *rand.Rand, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	if rnd.IntN(3) == 0 {
		require.NoError(t, os.WriteFile(path, data[:rnd.IntN(len(data))], 0o644))
	}
}

// A state of every length, a foreign one, and one that claims too much or too little, cost
// no record and repeat none.
func TestState(t *testing.T) {
	vault, store := t.TempDir(), newStore(t)
	l := newTestLog(t, vault, "audit-log", 4<<10)
	c := fast(vault, store, l)
	c.ChunkBytes = 1000
	f := start(t, c)
	l.add(t, 40, 500)
	require.NoError(t, f.Flush(context.Background()))
	require.NoError(t, f.Close())
	path := f.senders[0].statePath(l.dir)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	right, ok, err := readState(path)
	require.NoError(t, err)
	require.True(t, ok)
	states := [][]byte{nil, []byte("{}\n"), []byte("null\n")}
	step := 1
	if testing.Short() {
		step = 17
	}
	for n := 0; n < len(whole); n += step {
		states = append(states, whole[:n])
	}
	change := func(change func(*state)) {
		s := right
		change(&s)
		require.NoError(t, s.write(path))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		states = append(states, data)
	}
	change(func(s *state) { s.Size = 0 })
	change(func(s *state) { s.Size = 1 << 40 })
	change(func(s *state) { s.Chunk = "" })
	change(func(s *state) { s.Chunk = "dt=2026-05-30/00000000000000000000-00000000000000000999.jsonl.zst" })
	change(func(s *state) { s.Log = "flexor/other/audit-log" })
	change(func(s *state) { s.Stopped, s.Error = true, "of yesterday" })
	change(func(s *state) { s.Sending = &sending{"segments/2026-04-30/00000000000000000000.jsonl", 0, 1, "x"} })
	last, _ := newest(t, store)
	for _, end := range []int64{0, last.end(), last.end() + 3, 1 << 40} {
		change(func(s *state) { s.Sending = &sending{last.Segment, last.end(), end, "x"} })
	}
	for i, data := range states {
		require.NoError(t, os.WriteFile(path, data, 0o644))
		l.add(t, 1, 500)
		f := start(t, c)
		require.NoError(t, f.Flush(context.Background()), "state %d: %s", i, data)
		require.NoError(t, f.Close())
	}
	arrived(t, store, l)
}

// A log that is no longer the one that was sent stops forwarding, and says so; nothing
// more is put.
func TestAlarm(t *testing.T) {
	says := map[string]string{
		"rolled back":             "ends after 11 records, but test holds 20 of them: it was cut back",
		"rewritten":               "it was rewritten, or another vault of the same name",
		"begun anew":              "is of another log, with another key",
		"object changed":          "the copy is damaged",
		"object of another place": "states that it is",
	}
	for name, tamper := range map[string]func(t *testing.T, l *testLog, old string, store *Dir){
		"rolled back": func(t *testing.T, l *testLog, old string, _ *Dir) {
			require.NoError(t, os.RemoveAll(l.dir))
			require.NoError(t, os.CopyFS(l.dir, os.DirFS(old)))
		},
		"rewritten": func(t *testing.T, l *testLog, old string, _ *Dir) {
			require.NoError(t, os.RemoveAll(l.dir))
			require.NoError(t, os.CopyFS(l.dir, os.DirFS(old)))
			l.open(t)
			l.add(t, 20, 100)
			require.NoError(t, l.Close())
		},
		"begun anew": func(t *testing.T, l *testLog, _ string, _ *Dir) {
			require.NoError(t, os.RemoveAll(l.dir))
			*l = *newTestLog(t, filepath.Dir(l.dir), "audit-log", 0)
			require.NoError(t, l.Close())
		},
		"object changed": func(t *testing.T, l *testLog, _ string, store *Dir) {
			what, _ := newest(t, store)
			object, err := store.Get(context.Background(), "test/audit-log/"+what.name())
			require.NoError(t, err)
			object[20] ^= 1
			replace(t, store, what.name(), object)
		},
		"object of another place": func(t *testing.T, l *testLog, _ string, store *Dir) {
			list, err := chunks(context.Background(), store, "test/audit-log/")
			require.NoError(t, err)
			first, err := store.Get(context.Background(), "test/audit-log/"+list[0].name)
			require.NoError(t, err)
			replace(t, store, list[len(list)-1].name, first)
		},
	} {
		t.Run(name, func(t *testing.T) {
			vault, store := t.TempDir(), newStore(t)
			l := newTestLog(t, vault, "audit-log", 0)
			f := start(t, fast(vault, store, l))
			l.add(t, 10, 100)
			require.NoError(t, f.Flush(context.Background()))
			require.NoError(t, l.Close())
			old := filepath.Join(t.TempDir(), "old")
			require.NoError(t, os.CopyFS(old, os.DirFS(l.dir)))
			l.open(t)
			l.add(t, 10, 100)
			require.NoError(t, f.Flush(context.Background()))
			require.NoError(t, f.Close())
			require.NoError(t, l.Close())
			tamper(t, l, old, store)
			before := files(t, store.root)

			logged, logger := newJournal()
			c := fast(vault, store, l)
			c.Logger = logger
			asked := &asked{Store: store}
			c.Destinations = []Destination{to("test", asked)}
			l.open(t)
			l.n = 1 << 20 // it is not what it was
			l.add(t, 1, 10)
			f = start(t, c)
			require.ErrorContains(t, f.Flush(context.Background()), says[name])
			calls := asked.calls.Load()
			require.ErrorContains(t, f.Flush(context.Background()), says[name])
			require.Eventually(t, func() bool {
				_, err := os.Stat(filepath.Join(f.senders[0].dir, hurryFile))
				return errors.Is(err, os.ErrNotExist)
			}, 10*time.Second, time.Millisecond)
			require.Equal(t, calls, asked.calls.Load(), "it is not tried again")
			other := start(t, fast(vault, store, l))
			require.ErrorContains(t, other.Flush(context.Background()), "test was stopped: ")
			require.NoError(t, f.Close())
			require.Equal(t, 1, logged.count("forwarding stopped"))
			require.Equal(t, before, files(t, store.root))
		})
	}
}

// asked counts how often it is asked for an object.
type asked struct {
	Store
	calls atomic.Int32
}

func (a *asked) Get(ctx context.Context, name string) ([]byte, error) {
	a.calls.Add(1)
	return a.Store.Get(ctx, name)
}

// replace puts other bytes under the name of a chunk.
func replace(t *testing.T, store *Dir, name string, object []byte) {
	t.Helper()
	path := filepath.Join(store.root, "test", "audit-log", filepath.FromSlash(name))
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, os.WriteFile(path, object, 0o644))
}

// After a power cut the checkpoint file may be older than what was sent, until somebody
// appends. That is no alarm.
func TestCheckpointBehind(t *testing.T) {
	vault, store := t.TempDir(), newStore(t)
	l := newTestLog(t, vault, "audit-log", 0)
	l.add(t, 3, 100)
	checkpoint := filepath.Join(l.dir, "checkpoint")
	old, err := os.ReadFile(checkpoint)
	require.NoError(t, err)
	l.add(t, 3, 100)
	f := start(t, fast(vault, store, l))
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	require.NoError(t, l.Close())
	require.NoError(t, os.WriteFile(checkpoint, old, 0o644))

	impatient, cancel := context.WithCancel(ctx)
	defer cancel()
	c := fast(vault, looking{store, after(6, cancel)}, l) // two objects in each attempt
	c.Destinations[0].URL = "test"
	require.NoError(t, os.Remove(f.senders[0].statePath(l.dir)))
	f = start(t, c)
	require.ErrorContains(t, f.Flush(impatient), "the checkpoint file of")
	l.open(t)
	l.add(t, 1, 100)
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	arrived(t, store, l)
}

// An object under our name with other records is an alarm; one with the same records in
// another format, compressed otherwise, is not.
func TestConflict(t *testing.T) {
	for _, same := range []bool{true, false} {
		t.Run(fmt.Sprint(same), func(t *testing.T) {
			vault, store, mirror := t.TempDir(), newStore(t), newStore(t)
			l := newTestLog(t, vault, "audit-log", 0)
			l.add(t, 10, 100)
			c := fast(vault, mirror, l)
			c.Destinations[0].URL = "mirror"
			f := start(t, c)
			require.NoError(t, f.Flush(context.Background()))
			require.NoError(t, f.Close())
			what, data := newest(t, mirror)
			if !same {
				data[20] ^= 1
				sum := sha256.Sum256(data)
				what.SHA256 = hex.EncodeToString(sum[:])
			}
			enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
			require.NoError(t, err)
			what.Format, what.Chain = formatWhole, ""
			object, err := appendLabel(enc.EncodeAll(data, nil), what)
			require.NoError(t, err)
			require.NoError(t, enc.Close())
			require.NoError(t, store.Put(context.Background(), "test/audit-log/"+what.name(), object, time.Time{}))

			f = start(t, fast(vault, hiding{store}, l))
			err = f.Flush(context.Background())
			if same {
				require.NoError(t, err)
				arrived(t, store, l)
				return
			}
			require.ErrorIs(t, err, ErrConflict)
			require.ErrorContains(t, err, "another vault of the same name")
			require.NoError(t, f.Close())
			copies, err := Status(context.Background(), vault)
			require.NoError(t, err)
			require.Len(t, copies, 2)
			for _, c := range copies {
				require.Equal(t, c.Confirmed == 0, c.Stopped)
			}
		})
	}
}

// hiding lists nothing, as a store does that another one has just written to.
type hiding struct{ Store }

func (hiding) List(context.Context, string, string) iter.Seq2[Object, error] {
	return func(func(Object, error) bool) {}
}
