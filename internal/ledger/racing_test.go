package ledger

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// tornReads is a file system on which the first read of a segment misses some
// bytes and has those behind them, as a read beside a writer can.
type tornReads struct {
	durable.FS
	from, to int // the bytes missed
	torn     bool
}

func (r *tornReads) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := r.FS.OpenFile(name, flag, perm)
	if err != nil || filepath.Ext(name) != segmentExt {
		return f, err
	}
	return tornFile{f, r}, nil
}

type tornFile struct {
	durable.File
	fs *tornReads
}

func (f tornFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if !f.fs.torn && off == 0 {
		f.fs.torn = true
		clear(p[f.fs.from:f.fs.to])
	}
	return n, err
}

func TestTornReadIsNoCorruption(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	appendSync(t, l, 0, 12)
	for _, miss := range [][2]int{{0, 10}, {500, 900}, {30, 60}, {1000, 3000}} {
		torn := func() *Reader {
			r, err := OpenReader(&tornReads{durable.Disk{}, miss[0], miss[1], false}, dir)
			require.NoError(t, err)
			return r
		}
		rep, err := torn().Verify(context.Background(), nil, nil)
		require.NoError(t, err)
		require.Equal(t, uint64(12), rep.Head.Size)
		n := 0
		for rec, err := range torn().Records(context.Background(), 0, false) {
			require.NoError(t, err)
			require.Equal(t, uint64(n), rec.Index)
			n++
		}
		require.Equal(t, 12, n)
		n = 0
		for rec, err := range torn().Follow(context.Background(), 0, time.Millisecond) {
			require.NoError(t, err)
			require.Equal(t, uint64(n), rec.Index)
			if n++; n == 12 {
				break
			}
		}
	}
}

// TestReadersBesideWriters reads and verifies without a pause while two logs
// write and roll.
func TestReadersBesideWriters(t *testing.T) {
	o := testOptions(t)
	o.MaxSegment = 16 << 10
	a, dir := newLog(t, o)
	b := openLog(t, dir, o)
	var writers, readers sync.WaitGroup
	for i, l := range []*Log{a, b} {
		for w := range 4 {
			writers.Go(func() {
				for n := range 40 {
					index, err := l.Append(fmt.Appendf(nil, `{"w":%d,"n":%d}`, i*4+w, n))
					if err == nil && n%2 == 0 {
						err = l.Sync(context.Background(), index+1)
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	done := make(chan struct{})
	readers.Go(func() {
		r := openReader(t, dir)
		for size := uint64(0); ; {
			select {
			case <-done:
				return
			default:
			}
			rep, err := r.Verify(context.Background(), nil, nil)
			if err != nil || rep.Head.Size < size || len(rep.Notes) > 0 && rep.Unsigned == 0 {
				t.Errorf("%+v: %v", rep, err)
				return
			}
			size = rep.Head.Size
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	readers.Go(func() {
		n := uint64(0)
		for rec, err := range openReader(t, dir).Follow(ctx, 0, time.Millisecond) {
			if err != nil || rec.Index != n {
				t.Errorf("record %d at %d: %v", n, rec.Index, err)
				return
			}
			if n++; n == 320 {
				return
			}
		}
	})
	writers.Wait()
	close(done)
	require.NoError(t, b.Close())
	require.NoError(t, a.Close())
	readers.Wait()
}

// leftover makes the segment that a process left that died before it wrote.
func leftover(t testing.TB, dir, day string, first uint64) string {
	t.Helper()
	path := segment{day, first}.path(dir)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	return path
}

// vanishing is a file system on which a file is removed after it was listed.
type vanishing struct {
	durable.FS
	path string
}

func (v vanishing) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if name == v.path {
		_ = os.Remove(name) // a reader may come here again
	}
	return v.FS.OpenFile(name, flag, perm)
}

// TestLeftoverOfADeadProcess meets an empty segment of an earlier day: readers
// bear that it goes, and writers replace it.
func TestLeftoverOfADeadProcess(t *testing.T) {
	o := testOptions(t)
	o.MaxSegment = 1 << 10
	l, dir := newLog(t, o)
	appendSync(t, l, 0, 2) // in a segment each
	// The next append finishes the second segment, and fails in the third.
	o.Now = func() time.Time { return fixedTime().AddDate(0, 0, 1) }
	require.NoError(t, l.Close())
	next := o.withDefaults()
	next.FS = &noMkdir{durable.Disk{}}
	dying := openLog(t, dir, &next)
	_, err := dying.Append(record(2))
	require.Error(t, err)
	_ = dying.Close()

	path := leftover(t, dir, "2026-04-30", 2)
	r, err := OpenReader(vanishing{durable.Disk{}, path}, dir)
	require.NoError(t, err)
	for _, read := range []func() error{
		func() error { _, err := r.Verify(context.Background(), nil, nil); return err },
		func() error { _, err := r.Head(); return err },
		func() error {
			for _, err := range r.Records(context.Background(), 0, true) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	} {
		leftover(t, dir, "2026-04-30", 2)
		require.NoError(t, read())
	}

	leftover(t, dir, "2026-04-30", 2)
	f := &follower{r: openReader(t, dir)}
	defer f.close()
	step := func() (n int) {
		for {
			recs, more, err := f.read(0)
			require.NoError(t, err)
			if n += len(recs); !more {
				return n
			}
		}
	}
	got := step() + step() + step()
	require.Equal(t, 2, got)
	l = openLog(t, dir, o)
	appendSync(t, l, 2, 1)
	require.NoError(t, l.Close())
	require.NoFileExists(t, path)
	require.Equal(t, 1, step()+step(), "the follower goes on in the segment that replaced the leftover")
	verify(t, dir)
}

// noMkdir refuses to make folders for segments.
type noMkdir struct{ durable.FS }

func (n *noMkdir) Mkdir(name string, perm fs.FileMode) error {
	if strings.Contains(name, segmentsDir) {
		return fs.ErrPermission
	}
	return n.FS.Mkdir(name, perm)
}
