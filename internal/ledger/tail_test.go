package ledger

import (
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

func tail(t testing.TB, dir string, from uint64, root tlog.Hash) *Tail {
	t.Helper()
	tl, ok, err := openReader(t, dir).Tail(from, root)
	require.NoError(t, err)
	require.True(t, ok)
	t.Cleanup(tl.Close)
	return tl
}

func next(t testing.TB, tl *Tail) (out []string) {
	t.Helper()
	recs, err := tl.Next()
	require.NoError(t, err)
	for _, rec := range recs {
		out = append(out, unsalted(rec.Line))
	}
	return out
}

// However long a log is, no more of it is in memory at a time than a segment.
func TestTailOfALongLog(t *testing.T) {
	o := testOptions(t)
	o.MaxSegment = 4 << 10
	l, dir := newLog(t, o)
	appendSync(t, l, 0, 100)
	tl := tail(t, dir, 0, (&frontier{}).root())
	n, steps := 0, 0
	for more := true; more; steps++ {
		var recs []Record
		var err error
		recs, more, err = tl.Some()
		require.NoError(t, err)
		size := 0
		for _, rec := range recs {
			require.Equal(t, uint64(n), rec.Index)
			n, size = n+1, size+len(rec.Line)
		}
		require.LessOrEqual(t, size, o.MaxSegment)
	}
	require.Equal(t, 100, n)
	require.Greater(t, steps, 2)
	// The checkpoint file does not say that there is more.
	require.NoError(t, l.Close())
	old := tail(t, dir, 0, (&frontier{}).root())
	first, more, err := old.Some()
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, 100, len(first)+len(next(t, old)))
}

// A tail sees what any log wrote as soon as it is acknowledged, across segments, and
// can begin wherever a commit ends.
func TestTail(t *testing.T) {
	o := testOptions(t)
	o.MaxSegment = 2 << 10
	l, dir := newLog(t, o)
	other := openLog(t, dir, o)
	defer other.Close()
	fromStart := tail(t, dir, 0, (&frontier{}).root())
	require.Empty(t, next(t, fromStart))
	require.False(t, fromStart.Quiet(), "there is nothing to be quiet at yet")
	var tree Tree
	var tails []*Tail
	for i := range 12 {
		writer := []*Log{l, other}[i%2]
		_, err := writer.AppendSync(record(2*i), record(2*i+1))
		require.NoError(t, err)
		require.False(t, fromStart.Quiet())
		recs, err := fromStart.Next()
		require.NoError(t, err)
		require.Len(t, recs, 2)
		for _, rec := range recs {
			tree.Add(rec.Line)
		}
		require.True(t, fromStart.Quiet())
		require.Empty(t, next(t, fromStart))
		tails = append(tails, tail(t, dir, tree.Size(), tree.Root()))
	}
	head, err := openReader(t, dir).Head()
	require.NoError(t, err)
	require.Equal(t, head.Root, tree.Root())
	for i, tl := range tails {
		got := next(t, tl)
		require.Len(t, got, 22-2*i)
		if len(got) > 0 {
			require.Equal(t, string(record(2*i+2)), got[0])
		}
	}
	for _, from := range []uint64{1, 3, 24, 25, 100} {
		root := tree.Root()
		if from == 24 {
			root = tlog.Hash{}
		}
		_, ok, err := openReader(t, dir).Tail(from, root)
		require.NoError(t, err)
		require.False(t, ok, from)
	}
}

// What a tail showed stays: that it is on disk, or will never be, is known. In a log
// of the older format, what is written is signed, and may not be on disk.
func TestTailSettles(t *testing.T) {
	l, dir := newLogV1(t, testOptions(t))
	syncs := 0
	r := openReader(t, dir)
	r.fs = countsSyncs{r.fs, &syncs}
	tl, ok, err := r.Tail(0, (&frontier{}).root())
	require.NoError(t, err)
	require.True(t, ok)
	defer tl.Close()
	_, err = l.Append(record(0))
	require.NoError(t, err)
	require.Len(t, next(t, tl), 1)
	require.Equal(t, 1, syncs)
	require.NoError(t, l.Sync(t.Context(), 1))
	appendSync(t, l, 1, 1)
	require.Len(t, next(t, tl), 1)
	require.Equal(t, 1, syncs, "known to be on disk")
}

// countsSyncs is a file system that counts the syncs of files.
type countsSyncs struct {
	durable.FS
	n *int
}

func (c countsSyncs) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := c.FS.OpenFile(name, flag, perm)
	return syncCounted{f, c.n}, err
}

type syncCounted struct {
	durable.File
	n *int
}

func (s syncCounted) Sync() error {
	*s.n++
	return s.File.Sync()
}

func TestTailNoticesDamage(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string, data []byte){
		"cut": func(t *testing.T, path string, data []byte) {
			require.NoError(t, os.Truncate(path, int64(len(data)/2)))
		},
		"replaced": func(t *testing.T, path string, data []byte) {
			require.NoError(t, os.WriteFile(path+".new", data, 0o600))
			require.NoError(t, os.Rename(path+".new", path))
		},
		"removed": func(t *testing.T, path string, data []byte) {
			require.NoError(t, os.Remove(path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := testOptions(t)
			o.NoPadding = true
			require.NoError(t, Create(dir, o))
			l := openLog(t, dir, o)
			defer l.Close()
			appendSync(t, l, 0, 4)
			tl := tail(t, dir, 0, (&frontier{}).root())
			require.Len(t, next(t, tl), 4)
			path := tl.f.seg.path(dir)
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			damage(t, path, data)
			_, err = tl.Next()
			require.ErrorIs(t, err, ErrCorrupt)
		})
	}
}

// A commit that is cut off before a tail has read it is missed all the same: the
// signed checkpoint tells of it.
func TestTailNoticesWhatItNeverRead(t *testing.T) {
	dir := t.TempDir()
	o := testOptions(t)
	o.NoPadding = true
	require.NoError(t, Create(dir, o))
	l := openLog(t, dir, o)
	defer l.Close()
	appendSync(t, l, 0, 4)
	tl := tail(t, dir, 0, (&frontier{}).root())
	require.Len(t, next(t, tl), 4)
	require.Empty(t, next(t, tl))
	path := tl.f.seg.path(dir)
	info, err := os.Stat(path)
	require.NoError(t, err)
	appendSync(t, l, 4, 1)
	require.NoError(t, os.Truncate(path, info.Size()))
	_, err = tl.Next()
	if err == nil {
		_, err = tl.Next()
	}
	require.ErrorIs(t, err, ErrCorrupt)
}

// A tail does not list the segments while nothing happens.
func TestTailIsStill(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	appendSync(t, l, 0, 4)
	lists := 0
	r := openReader(t, dir)
	r.fs = countsLists{r.fs, &lists}
	tl, _, err := r.Tail(0, (&frontier{}).root())
	require.NoError(t, err)
	defer tl.Close()
	require.Len(t, next(t, tl), 4)
	require.Empty(t, next(t, tl))
	lists = 0
	for range 10 {
		require.Empty(t, next(t, tl))
	}
	require.Zero(t, lists)
	appendSync(t, l, 4, 1)
	require.Len(t, next(t, tl), 1)
	require.NotZero(t, lists)
}

// countsLists is a file system that counts the listings of directories.
type countsLists struct {
	durable.FS
	n *int
}

func (c countsLists) ReadDir(name string) ([]fs.DirEntry, error) {
	*c.n++
	return c.FS.ReadDir(name)
}
