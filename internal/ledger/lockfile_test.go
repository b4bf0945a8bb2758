package ledger

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// hang takes the ledger's lock, as a process that hangs does.
func hang(t *testing.T, dir string) (end func()) {
	t.Helper()
	lock, err := durable.Disk{}.Lock(lockName(dir), true)
	require.NoError(t, err)
	return func() { require.NoError(t, lock.Unlock()) }
}

// soon is a context that ends before anybody who hangs goes on.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func requireLocked(t *testing.T, dir string, err error) {
	t.Helper()
	require.ErrorIs(t, err, durable.ErrLocked)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, lockName(dir))
	require.ErrorContains(t, err, "end it, then try again")
}

// Whoever hangs with the ledger's lock keeps nobody who said for how long to wait.
func TestWaitingForTheLockEnds(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	appendSync(t, l, 0, 1)
	end := hang(t, dir)
	decided := false
	_, err := l.AppendIf(soon(t), func(uint64) ([][]byte, error) { decided = true; return nil, nil })
	requireLocked(t, dir, err)
	var failed *AppendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, Absent, failed.Outcome)
	_, _, err = Open(soon(t), dir, &l.opts)
	requireLocked(t, dir, err)
	_, err = Enter(soon(t), durable.Disk{}, dir, "a", 0)
	requireLocked(t, dir, err)
	end()
	require.False(t, decided)

	// Nothing was broken by that.
	first, err := l.AppendIf(context.Background(), func(uint64) ([][]byte, error) { return [][]byte{record(1)}, nil })
	require.NoError(t, err)
	require.Equal(t, uint64(1), first)
}

// One who waits behind others of the same process, who wait for as long as it takes, can
// give up as well; these go on when the lock is free.
func TestGivingUpBehindOthers(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	appendSync(t, l, 0, 1)
	end := hang(t, dir)
	type result struct {
		first uint64
		err   error
	}
	others := make(chan result)
	add := func() {
		go func() {
			first, err := l.AppendSync(record(1))
			others <- result{first, err}
		}()
	}
	joined := func(n int64) func() bool {
		return func() bool {
			l.queueMu.Lock()
			defer l.queueMu.Unlock()
			return l.queue.joined.Load() == n
		}
	}
	decided := func(uint64) ([][]byte, error) { return nil, errors.New("it was called") }
	add() // leads, and hangs
	require.Eventually(t, func() bool {
		l.queueMu.Lock()
		defer l.queueMu.Unlock()
		return l.leading && l.queue.joined.Load() == 0
	}, time.Minute, time.Millisecond)
	_, err := l.AppendIf(soon(t), decided) // its turn does not come
	requireLocked(t, dir, err)
	require.Eventually(t, joined(1), time.Minute, time.Millisecond)
	_, err = l.AppendIf(soon(t), decided) // there is no room beside the other decision
	requireLocked(t, dir, err)
	add()
	end()
	got := []result{<-others, <-others}
	for _, r := range got {
		require.NoError(t, r.err)
	}
	require.ElementsMatch(t, []uint64{1, 2}, []uint64{got[0].first, got[1].first})
	require.Len(t, read(t, dir, false), 3)
}

// slowDisk does not come to an end with a sync, once it is slow, until it is told to.
type slowDisk struct {
	durable.FS
	slow        *atomic.Bool
	asked, goOn chan struct{}
}

func (s slowDisk) OpenFile(name string, flag int, perm os.FileMode) (durable.File, error) {
	f, err := s.FS.OpenFile(name, flag, perm)
	return slowFile{f, s}, err
}

type slowFile struct {
	durable.File
	disk slowDisk
}

func (f slowFile) Sync() error {
	if f.disk.slow.CompareAndSwap(true, false) {
		close(f.disk.asked)
		<-f.disk.goOn
	}
	return f.File.Sync()
}

// Nor does a disk that hangs keep them. What was to be appended may then be in the log.
func TestWaitingForTheDiskEnds(t *testing.T) {
	disk := slowDisk{durable.NewDisk(), new(atomic.Bool), make(chan struct{}), make(chan struct{})}
	o := testOptions(t)
	o.FS = disk
	l, dir := newLog(t, o)
	appendSync(t, l, 0, 1)
	disk.slow.Store(true)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-disk.asked
		cancel()
	}()
	_, err := l.AppendIf(ctx, func(uint64) ([][]byte, error) { return [][]byte{record(1)}, nil })
	require.ErrorIs(t, err, context.Canceled)
	var failed *AppendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, Unknown, failed.Outcome)
	close(disk.goOn)
	require.NoError(t, l.Close())
	require.Len(t, read(t, dir, false), 2)
}

// The error says which process holds the lock: as the system tells it, or as those who
// write left it.
func TestWhoHoldsTheLock(t *testing.T) {
	_, dir := newLog(t, testOptions(t))
	end := hang(t, dir)
	defer end()
	_, err := durable.LockWithin(soon(t), durable.Disk{}, lockName(dir))
	var locked *durable.LockedError
	require.ErrorAs(t, err, &locked)
	if runtime.GOOS == "linux" && len(locked.PIDs) > 0 { // a sandbox may not tell
		require.Equal(t, []int{os.Getpid()}, locked.PIDs)
	}
	for name, text := range map[string]string{
		"a.json": `{"writer":"a","first":1,"pid":4711}`, "b.json": `{"writer":"b","first":1,"pid":4711}`,
		"c.json": `{"writer":"c","first":1,"pid":4712}`, "d.json": `{"pid":-1}`, "e.json": `{`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, writersDir, name), []byte(text), 0o644))
	}
	locked.PIDs = nil
	require.ErrorContains(t, locked, "another process holds it")
	require.ErrorContains(t, heldBy(durable.Disk{}, dir, locked), "one of the processes 4711 4712 holds it")
	require.Equal(t, []int{4711, 4712}, locked.PIDs)
}

// heard is what a logger was told.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// Records of runs wait for who hangs with the lock, and the logger hears of it.
func TestAppendsWaitAndSaySo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said heard
		o := testOptions(t)
		m := newMemFS(filepath.Dir(memDir))
		o.FS, o.Logger = m, slog.New(slog.NewTextHandler(&said, nil))
		require.NoError(t, Create(memDir, o))
		l := openLog(t, memDir, o)
		lock, err := m.Lock(lockName(memDir), true)
		require.NoError(t, err)
		appended := make(chan error, 1)
		go func() {
			_, err := l.AppendSync(record(0))
			appended <- err
		}()
		time.Sleep(hangs - time.Second)
		synctest.Wait()
		require.Empty(t, said.String())
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Empty(t, appended)
		require.Contains(t, said.String(), lockName(memDir))
		require.NoError(t, lock.Unlock())
		require.NoError(t, <-appended)
		require.NoError(t, l.Close())
	})
}
