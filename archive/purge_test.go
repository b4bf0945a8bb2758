package archive

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// purged removes what l recorded before the day of its clock.
func (l *testLog) purge(t testing.TB) uint64 {
	t.Helper()
	today := l.now.Truncate(24 * time.Hour)
	p, err := l.Purge(func(day time.Time) bool { return day.Before(today) }, uint64(l.n), false)
	require.NoError(t, err)
	require.Positive(t, p.Segments)
	return p.To
}

// restores rebuilds the log from store, and expects it to begin with the record first.
func (l *testLog) restores(t testing.TB, store Store, first uint64) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	got, err := Restore(ctx, store, sentLog, dir)
	require.NoError(t, err)
	require.Equal(t, first, got.First)
	require.EqualValues(t, l.n, got.Records)
	r, err := ledger.OpenReader(durable.Disk{}, dir)
	require.NoError(t, err)
	from, err := r.First()
	require.NoError(t, err)
	require.Equal(t, first, from)
	next := first
	for rec, err := range r.Records(ctx, 0, false) {
		require.NoError(t, err)
		require.Equal(t, next, rec.Index)
		next++
	}
	require.EqualValues(t, l.n, next)
}

// TestPurgedLater forwards a log, purges it, and goes on. The destination holds all; when it
// lets go of its oldest objects too, the log can be rebuilt from where it begins here.
func TestPurgedLater(t *testing.T) {
	vault := t.TempDir()
	l := newTestLog(t, vault, "audit-log", 0)
	store := newStore(t)
	f := start(t, fast(vault, store, l))
	for day := range 3 {
		l.now = firstDay.AddDate(0, 0, day)
		l.add(t, 4, 100)
	}
	require.NoError(t, f.Flush(ctx))
	l.purge(t)
	l.add(t, 2, 100)
	require.NoError(t, f.Flush(ctx))
	l.restores(t, store, 0)
	at, err := Differ(ctx, store, l.dir)
	require.NoError(t, err)
	require.Nil(t, at, "what is gone here is no difference")

	// Of the day on which the log was purged all is still there.
	list, err := chunks(ctx, store, sentLog+"/")
	require.NoError(t, err)
	for _, h := range list {
		if h.size <= 6 { // the oldest ones, but not all that was purged
			require.NoError(t, os.Remove(filepath.Join(store.root, filepath.FromSlash(sentLog+"/"+h.name))))
		}
	}
	l.restores(t, store, 8)
}

// TestPurgedBefore forwards a log to a destination that never had its beginning.
func TestPurgedBefore(t *testing.T) {
	vault := t.TempDir()
	l := newTestLog(t, vault, "audit-log", 0)
	l.add(t, 4, 100)
	l.now = l.now.AddDate(0, 0, 1)
	l.add(t, 3, 100)
	require.EqualValues(t, 4, l.purge(t))
	store := newStore(t)
	f := start(t, fast(vault, store, l))
	require.NoError(t, f.Flush(ctx))
	l.restores(t, store, 4)

	require.NoError(t, os.Remove(filepath.Join(store.root, filepath.FromSlash(sentLog+"/"+beginningName(4)))))
	_, err := Restore(ctx, store, sentLog, filepath.Join(t.TempDir(), "restored"))
	require.ErrorIs(t, err, ErrDamaged)
}

// finish ends the log's segment, whose day is over, and purges nothing.
func (l *testLog) finish(t testing.TB) {
	t.Helper()
	l.now = l.now.AddDate(0, 0, 1)
	_, err := l.Purge(func(time.Time) bool { return true }, 0, false)
	require.NoError(t, err)
}

// copied returns a log of four records in a vault, and a destination that holds them. With whole
// it also holds the line that ends their segment. Nobody forwards any more.
func copied(t testing.TB, whole bool) (vault string, l *testLog, store *Dir) {
	t.Helper()
	vault = t.TempDir()
	l = newTestLog(t, vault, "audit-log", 0)
	store = newStore(t)
	cfg := fast(vault, store, l)
	if whole {
		cfg.CloseWait = time.Minute // its Close sends all there is
	}
	f := start(t, cfg)
	l.add(t, 4, 100)
	if whole {
		l.finish(t)
	} else {
		require.NoError(t, f.Flush(ctx))
	}
	require.NoError(t, f.Close())
	return vault, l, store
}

// TestPurgedWhole sends all of a log, which is idle for so long that all is purged. Who
// forwards then finds a chunk in the destination of which nothing is left, and goes on.
func TestPurgedWhole(t *testing.T) {
	vault, l, store := copied(t, true)
	n, err := Confirmed(vault, l.dir, "test")
	require.NoError(t, err)
	require.EqualValues(t, 4, n)
	require.EqualValues(t, 4, l.purge(t))

	f := start(t, fast(vault, store, l))
	require.NoError(t, f.Flush(ctx))
	l.add(t, 3, 100)
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	l.restores(t, store, 0)
}

// TestPurgedOther is TestPurgedWhole with a log with the same key that was another one.
func TestPurgedOther(t *testing.T) {
	_, l, store := copied(t, true)

	other := &testLog{dir: filepath.Join(t.TempDir(), "audit-log"), now: firstDay}
	o := *l.o
	o.Now = func() time.Time { return other.now }
	other.o = &o
	require.NoError(t, ledger.Create(other.dir, other.o))
	other.open(t)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	other.add(t, 4, 100)
	other.now = other.now.AddDate(0, 0, 1)
	require.EqualValues(t, 4, other.purge(t))
	f := start(t, fast(t.TempDir(), store, other))
	require.ErrorContains(t, f.Flush(ctx), "is not the one of which test holds 4 records")
}

// TestPurgedMeanwhile takes a destination away for some time, in which what it lacks is
// purged. It gets what is left, and the log can be rebuilt from there on.
func TestPurgedMeanwhile(t *testing.T) {
	vault, l, store := copied(t, false)
	l.add(t, 2, 100)
	l.now = l.now.AddDate(0, 0, 1)
	l.add(t, 3, 100)
	require.EqualValues(t, 6, l.purge(t))

	told, logger := newJournal()
	c := fast(vault, store, l)
	c.Logger = logger
	f := start(t, c)
	require.NoError(t, f.Flush(ctx))
	require.Equal(t, 1, told.count("removed from the log before they were sent"))
	require.NoError(t, f.Close())
	l.restores(t, store, 6)
}

// TestPurgedUnfinished does so with a destination that lacks the end of the segment alone.
func TestPurgedUnfinished(t *testing.T) {
	vault, l, store := copied(t, false)
	l.now = l.now.AddDate(0, 0, 1)
	l.purge(t)
	f := start(t, fast(vault, store, l))
	require.ErrorContains(t, f.Flush(ctx), "has to go to another place")
}

// TestPurgedUnderway purges what is not sent yet while it is forwarded: it goes on with what
// is left.
func TestPurgedUnderway(t *testing.T) {
	vault := t.TempDir()
	l := newTestLog(t, vault, "audit-log", 0)
	store := newStore(t)
	l.add(t, 4, 100)
	c := fast(vault, store, l)
	c.Poll = time.Hour // it looks when somebody waits for it
	f := start(t, c)
	require.NoError(t, f.senders[0].drain(ctx))
	l.add(t, 2, 100)
	l.now = l.now.AddDate(0, 0, 1)
	l.add(t, 3, 100)
	require.EqualValues(t, 6, l.purge(t))
	require.ErrorContains(t, f.senders[0].drain(ctx), "is gone before its end was read")
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	l.restores(t, store, 6)
}

// TestStatusPurged asks for the state of a destination that never had what was purged.
func TestStatusPurged(t *testing.T) {
	vault := t.TempDir()
	l := newTestLog(t, vault, "audit-log", 0)
	l.add(t, 4, 100)
	l.now = l.now.AddDate(0, 0, 1)
	l.add(t, 3, 100)
	require.EqualValues(t, 4, l.purge(t))
	s := state{Format: stateFormat, Destination: "test", Log: "flexor/test/audit-log", Dir: "audit-log"}
	folder := destinationFolder(vault, "test")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	require.NoError(t, s.write(filepath.Join(folder, "audit-log.json")))
	require.NoError(t, os.WriteFile(filepath.Join(vault, Folder, "note.txt"), nil, 0o644), "somebody else's")
	got, err := Status(ctx, vault)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.EqualValues(t, 3, got[0].Behind)
	require.Equal(t, firstDay, got[0].Since)
}
