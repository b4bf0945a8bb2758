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
