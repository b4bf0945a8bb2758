package archive

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// empty removes all that stands in a store.
func empty(t testing.TB, d *Dir) {
	t.Helper()
	files, err := os.ReadDir(d.root)
	require.NoError(t, err)
	for _, f := range files {
		require.NoError(t, os.RemoveAll(filepath.Join(d.root, f.Name())))
	}
}

// holdsAll checks that what is restored from a store is the log.
func holdsAll(t testing.TB, store Store, l *testLog) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	got, err := Restore(ctx, store, "test/"+filepath.Base(l.dir), dir)
	require.NoError(t, err)
	require.Zero(t, got.First)
	require.EqualValues(t, l.n, got.Records)
	require.Equal(t, content(t, l.dir), content(t, dir))
}

// A place that is emptied while nothing is recorded, or while it is, is noticed within
// Pace.Look, and gets all that the log has once more.
func TestEmptied(t *testing.T) {
	for name, records := range map[string]int{"idle": 0, "busy": 20} {
		t.Run(name, func(t *testing.T) {
			vault, store, clock := t.TempDir(), newStore(t), newClock()
			l := newTestLog(t, vault, "audit-log", 0)
			c := fast(vault, store, l)
			c.Now, c.Look, c.ChunkBytes = clock.now, time.Hour, 2000
			j, logger := newJournal()
			c.Logger = logger
			f := start(t, c)
			l.add(t, 20, 500)
			require.NoError(t, f.Flush(ctx))

			empty(t, store)
			l.add(t, records, 500)
			require.NoError(t, f.Flush(ctx))
			clock.add(time.Hour - 1)
			polls(f)
			require.Zero(t, j.count("no longer holds"), "it is not looked all the time")
			clock.add(time.Second)
			polls(f)
			holdsAll(t, store, l)
			require.Equal(t, 1, j.count("a destination no longer holds what was sent there; it is sent anew"))
			copies, err := Status(ctx, vault)
			require.NoError(t, err)
			require.Equal(t, clock.now(), copies[0].LookedAt)
			require.Zero(t, copies[0].Behind)
		})
	}
}

// A place that is down while nothing is recorded is noticed too, and when it is back.
func TestDownWhileIdle(t *testing.T) {
	vault, store, clock := t.TempDir(), newStore(t), newClock()
	l := newTestLog(t, vault, "audit-log", 0)
	c := fast(vault, store, l)
	c.Now, c.Look = clock.now, time.Hour
	j, logger := newJournal()
	c.Logger = logger
	f := start(t, c)
	l.add(t, 3, 100)
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, os.Rename(store.root, store.root+".away"))
	fails := func(text string) func() bool {
		return func() bool {
			clock.add(time.Hour)
			copies, err := Status(ctx, vault)
			return err == nil && (copies[0].Error != "") == (text != "") && strings.Contains(copies[0].Error, text)
		}
	}
	require.Eventually(t, fails("mount the share that holds it"), time.Minute, time.Millisecond)
	require.Equal(t, 1, j.count("forwarding failed"))
	require.NoError(t, os.Rename(store.root+".away", store.root))
	require.Eventually(t, fails(""), time.Minute, time.Millisecond)
	require.Eventually(t, func() bool { return j.count("forwarding goes on") == 1 }, time.Minute, time.Millisecond)
	arrived(t, store, l)
}

// dying ends a process, as it were, at a put that finds.
type dying struct {
	*Dir
	lives int // puts
}

var errDied = errors.New("the process died")

func (d *dying) Put(ctx context.Context, name string, data []byte, retain time.Time) error {
	if d.lives--; d.lives < 0 {
		return errDied
	}
	return d.Dir.Put(ctx, name, data, retain)
}

// A place that was emptied while there was much to send holds newer objects already. Who
// sends the older ones again may die at any of them: nobody takes the newer ones for a whole
// copy, with a state of this process or without one.
func TestDiesWhileItSendsAnew(t *testing.T) {
	for _, keeps := range []bool{true, false} {
		for _, lives := range []int{0, 1, 3} {
			vault, store := t.TempDir(), newStore(t)
			l := newTestLog(t, vault, "audit-log", 0)
			c := fast(vault, store, l)
			c.ChunkBytes = 2000
			f := start(t, c)
			l.add(t, 20, 500)
			require.NoError(t, f.Flush(ctx))
			empty(t, store)
			l.add(t, 10, 500)
			require.NoError(t, f.Flush(ctx))
			require.NoError(t, f.Close())

			dies := &dying{store, lives}
			c.Destinations = []Destination{to("test", dies)}
			c.MinBackoff, c.MaxBackoff = time.Hour, time.Hour
			f = start(t, c)
			require.NoError(t, f.Tried(ctx))
			require.NoError(t, f.Close())
			require.Negative(t, dies.lives, "it died")
			n, err := Confirmed(vault, l.dir, "test")
			require.NoError(t, err)
			require.Less(t, n, uint64(l.n-1), "what is there is not whole")

			if !keeps {
				require.NoError(t, os.RemoveAll(filepath.Join(vault, Folder)))
			}
			require.NoError(t, start(t, fast(vault, store, l)).Flush(ctx))
			holdsAll(t, store, l)
		}
	}
}

// Of a log that let go of its beginning before any of it was sent, the statement of that is
// put again where all that was there is gone.
func TestEmptiedBeforeTheFirst(t *testing.T) {
	vault, store, clock := t.TempDir(), newStore(t), newClock()
	l := newTestLog(t, vault, "audit-log", 0)
	l.add(t, 4, 100)
	l.now = firstDay.AddDate(0, 0, 1)
	l.add(t, 1, 100)
	first := l.purge(t)
	c := fast(vault, &dying{store, 2}, l) // which are log.json and the statement
	c.MinBackoff, c.MaxBackoff = time.Hour, time.Hour
	f := start(t, c)
	require.NoError(t, f.Tried(ctx))
	require.NoError(t, f.Close())
	empty(t, store)
	c = fast(vault, store, l)
	c.Now, c.Look = clock.now, time.Hour
	require.NoError(t, start(t, c).Flush(ctx))
	l.restores(t, store, first)
}

// Who waits for a destination that is forgotten meanwhile marks it when it is their turn.
func TestForgottenWhileWaiting(t *testing.T) {
	vault, store := t.TempDir(), newStore(t)
	l := newTestLog(t, vault, "audit-log", 0)
	l.add(t, 4, 100)
	first := start(t, fast(vault, store, l))
	require.NoError(t, first.Flush(ctx))
	c := fast(vault, store, l)
	c.Destinations[0].Program = true
	second := start(t, c)
	mark := filepath.Join(destinationFolder(vault, "test"), programFile)
	require.NoError(t, os.Remove(mark))
	require.NoError(t, first.Close())
	polls(second)
	n, err := Confirmed(vault, l.dir)
	require.NoError(t, err)
	require.Equal(t, uint64(3), n)
	_, err = Forget(vault, "test")
	require.ErrorIs(t, err, ErrInUse)
	require.FileExists(t, mark)
}
