package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// calendar is a clock that stands still until it is told to go on.
type calendar struct{ days int }

func (c *calendar) now() time.Time { return fixedTime().AddDate(0, 0, c.days) }

// until says that all before the day of t is expired.
func until(t time.Time) func(time.Time) bool {
	return func(day time.Time) bool { return day.Before(t.Truncate(24 * time.Hour)) }
}

// newOldLog returns a log with four records of each of four days, in segments of
// two, and another that has it open too.
func newOldLog(t *testing.T) (a, b *Log, dir string, day *calendar) {
	t.Helper()
	day = &calendar{}
	o := testOptions(t)
	o.Now = day.now
	a, dir = newLog(t, o)
	b = openLog(t, dir, o)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	for day.days = range 4 {
		for i := range 4 {
			_, err := a.AppendSync(record(day.days*4 + i))
			require.NoError(t, err)
		}
	}
	return a, b, dir, day
}

// rest returns the numbers of the records that are left.
func rest(t *testing.T, dir string) (out []int) {
	t.Helper()
	r, err := OpenReader(nil, dir)
	require.NoError(t, err)
	for rec, err := range r.Records(context.Background(), 0, false) {
		require.NoError(t, err)
		var v struct{ N int }
		require.NoError(t, json.Unmarshal(rec.Line, &v))
		require.EqualValues(t, v.N, rec.Index)
		out = append(out, v.N)
	}
	return out
}

// upTo is the numbers from first on and before end.
func upTo(first, end int) (out []int) {
	for n := first; n < end; n++ {
		out = append(out, n)
	}
	return out
}

func TestPurge(t *testing.T) {
	a, b, dir, day := newOldLog(t)
	_, err := b.AppendSync(record(16))
	require.NoError(t, err)
	before := until(fixedTime().AddDate(0, 0, 2))

	would, err := a.Purge(before, 100, true)
	require.NoError(t, err)
	require.Equal(t, upTo(0, 17), rest(t, dir), "only asked")
	p, err := a.Purge(before, 100, false)
	require.NoError(t, err)
	require.Equal(t, would, p)
	require.EqualValues(t, 8, p.To)
	require.Equal(t, 2, p.Segments)
	require.Positive(t, p.Bytes)
	require.Equal(t, upTo(8, 17), rest(t, dir))
	days, err := os.ReadDir(filepath.Join(dir, segmentsDir))
	require.NoError(t, err)
	require.Len(t, days, 2)

	p, err = b.Purge(before, 100, false)
	require.NoError(t, err)
	require.EqualValues(t, 8, p.From, "nothing more to remove")
	require.EqualValues(t, 8, p.To)
	require.Zero(t, p.Segments)

	p, err = b.Purge(until(fixedTime().AddDate(0, 0, 3)), 11, false)
	require.NoError(t, err)
	require.Zero(t, p.Segments, "somebody still needs the record 11")

	for _, l := range []*Log{a, b} {
		_, err := l.AppendSync(record(17 + day.days - 3))
		require.NoError(t, err)
		day.days++
	}
	require.Equal(t, upTo(8, 19), rest(t, dir))

	r, err := OpenReader(nil, dir)
	require.NoError(t, err)
	_, err = r.Record(context.Background(), 7)
	var gone *PurgedError
	require.ErrorAs(t, err, &gone)
	require.EqualValues(t, 8, gone.First)
	rep, err := r.Verify(context.Background(), nil, nil)
	require.NoError(t, err)
	require.EqualValues(t, 8, rep.Purged.Size)
	require.Empty(t, rep.Notes)
	_, err = r.WriteTiles(context.Background(), t.TempDir())
	require.ErrorAs(t, err, &gone)
}

// TestPurgeOfAll purges an idle log whose newest record is old, under the eyes of
// another log and of two readers.
func TestPurgeOfAll(t *testing.T) {
	a, b, dir, day := newOldLog(t)
	_, err := b.AppendSync(record(16))
	require.NoError(t, err)
	r, err := OpenReader(nil, dir)
	require.NoError(t, err)
	head, err := r.Head()
	require.NoError(t, err)
	tail, ok, err := r.Tail(head.Size, head.Root)
	require.NoError(t, err)
	require.True(t, ok)
	defer tail.Close()

	day.days = 100
	p, err := a.Purge(until(day.now()), 100, false)
	require.NoError(t, err)
	require.EqualValues(t, 17, p.To)
	require.Equal(t, head.Root, p.Root)
	require.Empty(t, rest(t, dir))
	left, err := r.Head()
	require.NoError(t, err)
	require.Equal(t, head.Size, left.Size)
	rep, err := r.Verify(context.Background(), head.Note, nil)
	require.NoError(t, err)
	require.True(t, rep.Anchored)
	_, err = tail.Next()
	require.ErrorAs(t, err, new(*PurgedError))

	_, err = b.AppendSync(record(17))
	require.NoError(t, err, "what it wrote to is gone")
	_, err = a.AppendSync(record(18))
	require.NoError(t, err)
	require.Equal(t, upTo(17, 19), rest(t, dir))
}

// meanwhile is a file system on which something happens when the days of a log were
// listed, and before their folders are.
type meanwhile struct {
	durable.Disk
	happens func()
}

func (m *meanwhile) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := m.Disk.ReadDir(name)
	if filepath.Base(name) == segmentsDir && m.happens != nil {
		happens := m.happens
		m.happens = nil
		happens()
	}
	return list, err
}

// TestPurgeWhileListed purges a log, with the folders of its days, while a reader lists it.
func TestPurgeWhileListed(t *testing.T) {
	a, _, dir, _ := newOldLog(t)
	fsys := &meanwhile{}
	r, err := OpenReader(fsys, dir)
	require.NoError(t, err)
	fsys.happens = func() {
		_, err := a.Purge(until(fixedTime().AddDate(0, 0, 2)), 100, false)
		require.NoError(t, err)
	}
	next := uint64(8)
	for rec, err := range r.Records(context.Background(), 0, false) {
		require.NoError(t, err)
		require.Equal(t, next, rec.Index)
		next++
	}
	require.EqualValues(t, 16, next)
	require.Nil(t, fsys.happens)
}

// TestProofsAfterPurge proves all that is left, with the tree file and without.
func TestProofsAfterPurge(t *testing.T) {
	refused := 0
	for records := 1; records <= 40; records += 3 {
		day := &calendar{}
		o := testOptions(t)
		o.Now = day.now
		l, dir := newLog(t, o)
		var notes [][]byte
		for n := range records {
			day.days = n / 4
			_, err := l.AppendSync(record(n))
			require.NoError(t, err)
			notes = append(notes, l.Durable().Note)
		}
		day.days++
		p, err := l.Purge(until(fixedTime().AddDate(0, 0, records/8)), 100, false)
		require.NoError(t, err)
		r, err := OpenReader(nil, dir)
		require.NoError(t, err)
		prove := func() {
			t.Helper()
			for rec, err := range r.Records(context.Background(), 0, false) {
				require.NoError(t, err)
				receipt, err := r.Receipt(rec.Index, l.Durable())
				require.NoError(t, err)
				require.NoError(t, receipt.Check(r.Verifier(), rec.Line))
			}
		}
		prove()
		for size, note := range notes {
			rep, err := r.Verify(context.Background(), note, nil)
			require.NoError(t, err, "anchor of %d records", size+1)
			require.True(t, rep.Anchored)
		}
		require.NoError(t, l.Close())
		require.NoError(t, os.Remove(filepath.Join(dir, treeName)))
		prove()
		for size, note := range notes {
			_, err := r.Verify(context.Background(), note, nil)
			if err != nil {
				refused++
				require.Less(t, uint64(size+1), p.To)
				require.ErrorContains(t, err, "give a newer anchor")
			}
		}
		l = openLog(t, dir, o)
		_, err = l.AppendSync(record(records))
		require.NoError(t, err)
		prove()
		rep, err := r.Verify(context.Background(), nil, nil)
		require.NoError(t, err)
		require.Empty(t, rep.Notes, "the tree file was made anew")
		require.NoError(t, l.Close())
	}
	require.Positive(t, refused, "no anchor was too old")
}

// TestPurgedFile edits the statement of where a purged log begins.
func TestPurgedFile(t *testing.T) {
	a, _, dir, _ := newOldLog(t)
	older := func() files {
		_, err := a.Purge(until(fixedTime().AddDate(0, 0, 1)), 100, false)
		require.NoError(t, err)
		return snapshot(t, dir)
	}()
	_, err := a.Purge(until(fixedTime().AddDate(0, 0, 2)), 100, false)
	require.NoError(t, err)
	whole := snapshot(t, dir)
	r, err := OpenReader(nil, dir)
	require.NoError(t, err)
	refused := func(data []byte, what string) {
		t.Helper()
		whole.with(purgedName, data).put(t, dir)
		_, err := r.Verify(context.Background(), nil, nil)
		require.ErrorIs(t, err, ErrCorrupt, what)
		v, err := look(durable.Disk{}, dir, r.trust)
		if err == nil {
			err = v.chained() // by which a log is opened for appending
		}
		require.ErrorIs(t, err, ErrCorrupt, what)
	}
	defer whole.put(t, dir)
	data := whole[purgedName]
	for i := range data {
		for _, bit := range []byte{1, 0x20} {
			changed := append([]byte(nil), data...)
			changed[i] ^= bit
			refused(changed, "a byte changed")
		}
		refused(data[:i], "cut short")
	}
	refused(nil, "removed")
	refused(older[purgedName], "an older one put back")

	var f purgedFile
	require.NoError(t, json.Unmarshal(data, &f))
	f.Purge = f.Checkpoint
	forged, err := json.Marshal(f)
	require.NoError(t, err)
	refused(forged, "made of what is signed, by somebody without the key")
}

// TestPurgeKeepsDamage leaves a damaged segment for those who must look at it.
func TestPurgeKeepsDamage(t *testing.T) {
	a, _, dir, _ := newOldLog(t)
	whole := snapshot(t, dir)
	name := whole.segments()[1]
	data := append([]byte(nil), whole[name]...)
	data[10] ^= 1
	whole.with(name, data).put(t, dir)
	_, err := a.Purge(until(fixedTime().AddDate(0, 0, 3)), 100, false)
	require.ErrorIs(t, err, ErrCorrupt)
	require.Equal(t, len(whole), len(snapshot(t, dir)))
	whole.put(t, dir)
}

// purgeScenario purges twice while two logs append. It returns up to where records
// may be gone.
func purgeScenario(fsys durable.FS, o Options, h *history) {
	h.reads(fsys, &o)
	day := &calendar{}
	o.FS, o.Window, o.Now = fsys, time.Hour, day.now
	if Create(memDir, &o) != nil {
		return
	}
	a, _, err := Open(context.Background(), memDir, &o)
	if err != nil {
		return
	}
	b, _, err := Open(context.Background(), memDir, &o)
	if err != nil {
		_ = a.Close()
		return
	}
	for day.days = range 3 {
		h.append(a, true)
		h.append(b, true)
	}
	_, _ = a.Purge(until(fixedTime().AddDate(0, 0, 1)), 100, false)
	h.append(b, true)
	day.days = 10
	_, _ = b.Purge(until(day.now()), 100, false)
	h.append(a, true)
	_ = a.Close()
	_ = b.Close()
}

// purgeSettled is settled for a log that may have been purged: what is gone was
// gone whole, from the oldest on.
func purgeSettled(fsys *memFS, o Options, h *history) error {
	r, err := OpenReader(fsys, memDir)
	if errors.Is(err, ErrNotFound) {
		return settled(fsys, o, h)
	}
	if err != nil {
		return err
	}
	first, err := r.First()
	if err != nil {
		return err
	}
	if first > 7 {
		return errors.New("a record of today was purged")
	}
	for index := range h.acked {
		if index < first {
			delete(h.acked, index)
		}
	}
	o.Now = func() time.Time { return fixedTime().AddDate(0, 0, 10) }
	return settled(fsys, o, h)
}

// TestPurgeFails fails each operation of two purges once, in each way, and cuts the
// power before each.
func TestPurgeFails(t *testing.T) {
	o := *testOptions(t)
	o.NoPadding = true
	calm, h := &faultFS{FS: newMemFS("vault")}, newHistory()
	purgeScenario(calm, o, h)
	require.Len(t, h.written, h.appends)
	mem := calm.FS.(*memFS)
	require.NoError(t, purgeSettled(mem, o, h))
	names := 0
	for path := range mem.nodes {
		if strings.HasSuffix(path, segmentExt) {
			names++
		}
	}
	require.Equal(t, 1, names, "the others are purged")
	for _, f := range faults {
		for k := int64(1); k <= calm.count.Load(); k += int64(sparse(10)) {
			mem, h := newMemFS("vault"), newHistory()
			sick := &faultFS{FS: mem, fault: f, at: k}
			purgeScenario(sick, o, h)
			require.Zero(t, mem.open, "%s: operation %d: %s: files left open", f.name, k, *sick.what.Load())
			require.NoError(t, purgeSettled(mem, o, h), "%s: operation %d: %s", f.name, k, *sick.what.Load())
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	ways := []func(change) bool{nothing, everything, noTruncation, some(rnd, 2)}
	mem, h = newMemFS("vault"), newHistory()
	spy := &faultFS{FS: mem, spy: func() {
		for i, survive := range ways {
			require.NoError(t, purgeSettled(mem.crash(512, survive), o, h.clone()), "way %d", i)
		}
	}}
	purgeScenario(spy, o, h)
}
