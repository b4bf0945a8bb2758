package ledger

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Tail reads what is appended to a log. Its methods may not be called at the same
// time, but for Quiet, which may be called beside itself.
type Tail struct {
	f    follower
	from uint64
	more bool                    // the last call of Some did not come to the end
	edge atomic.Pointer[[2]byte] // for Quiet; nil: another call has it
	note []byte                  // the checkpoint file, as it was before the last call of Next looked
}

// Tail returns the tail of the log behind its first from records. It reports false
// if the log has no commit with that size and root: nothing can then be said of
// these records without reading them.
func (r *Reader) Tail(from uint64, root tlog.Hash) (*Tail, bool, error) {
	t := &Tail{f: follower{r: r, settles: true}, from: from}
	v, err := look(r.fs, r.dir, r.trust)
	if err != nil {
		return nil, false, err
	}
	if from == 0 {
		return t, root == (&frontier{}).root(), nil
	}
	i := len(v.segs) - 1
	for i > 0 && v.segs[i].first > from {
		i--
	}
	if i < 0 {
		return t, false, nil
	}
	if t.f.c, err = v.cursorAt(i); err != nil {
		return nil, false, err
	}
	if v.segs[i].first < from {
		if err := t.f.skipTo(v, i, from); err != nil {
			return nil, false, err
		}
	}
	if t.f.c.front.size != from || t.f.c.front.root() != root {
		t.Close()
		return t, false, nil
	}
	return t, true, nil
}

// skipTo moves f, which stands where segment i should begin, behind the last
// commit before the record from in it, if it finds that near the end: it looks at
// little at first, and then at more than a segment's padding.
func (f *follower) skipTo(v *view, i int, from uint64) error {
	if err := v.enter(f.c, i); err != nil {
		return err
	}
	file, err := f.r.fs.OpenFile(v.segs[i].path(f.r.dir), 0, 0)
	if err != nil {
		return err
	}
	f.file, f.seg = file, v.segs[i]
	info, err := file.Stat()
	if err != nil {
		f.close()
		return err
	}
	for _, step := range []int64{64 << 10, maxPadding + 256<<10} {
		f.off = max(0, info.Size-step)
		data, _, err := f.fresh()
		if err != nil {
			f.close()
			return err
		}
		if skipped := v.skip(f.c, data, from); skipped > 0 {
			// Commits between two signatures; whoever asked knows the root behind them.
			for f.c.front.size < from {
				at, err := f.c.next(data, skipped)
				if err != nil {
					break
				}
				skipped = at.end
			}
			f.off += int64(skipped)
			return nil
		}
	}
	f.close()
	return nil
}

// Next returns the records that stand in the log behind those it returned before,
// all of them on disk, and none if there are none yet. Damage is a
// [*CorruptionError]; where bytes may be an unfinished write, it takes a second
// call to tell.
func (t *Tail) Next() (recs []Record, err error) {
	for more := true; more; {
		var some []Record
		some, more, err = t.Some()
		recs = append(recs, some...)
	}
	return recs, err
}

// Some is Next for who need not have all at once: it returns those of one segment at the
// most, and more says that another call may find some at once.
func (t *Tail) Some() (recs []Record, more bool, err error) {
	if err := t.f.stands(); err != nil {
		return nil, false, err
	}
	if !t.more && t.still() {
		return nil, false, nil
	}
	for t.more = true; t.more && len(recs) == 0; {
		recs, t.more, err = t.f.read(t.from)
		recs = slices.DeleteFunc(recs, func(rec Record) bool { return rec.Index < t.from })
		t.more = t.more && err == nil
	}
	return recs, t.more, err
}

// still reports whether the last call of Next came to the end of the log, and
// nothing was written since. It spares a log of many segments from being listed
// again and again.
func (t *Tail) still() bool {
	if t.f.file == nil {
		return false
	}
	data, err := durable.ReadFile(t.f.r.fs, filepath.Join(t.f.r.dir, checkpointName), maxNote)
	if err == nil && bytes.Equal(data, t.note) && t.f.c.front.size >= t.f.published {
		return t.Quiet()
	}
	t.note = data
	return false
}

// Quiet reports whether nothing was written behind what Next returned. It costs
// one short read, and does not notice that the file was replaced.
func (t *Tail) Quiet() bool {
	if t.f.file == nil {
		return false
	}
	b := t.edge.Swap(nil)
	if b == nil {
		b = new([2]byte)
	}
	defer t.edge.Store(b)
	n, _ := t.f.file.ReadAt(b[:], t.f.off-1)
	return n > 0 && b[0] == '\n' && (n == 1 || b[1] == 0)
}

// Close gives the file back.
func (t *Tail) Close() { t.f.close() }

// stands checks that the segment that is read is still the one under its name,
// and no shorter than it was.
func (f *follower) stands() error {
	if f.file == nil {
		return nil
	}
	open, err := f.file.Stat()
	if err != nil {
		return err
	}
	named, err := f.r.fs.Stat(f.seg.path(f.r.dir))
	if errors.Is(err, fs.ErrNotExist) {
		if s, _, err := readStart(f.r.fs, f.r.dir, f.r.trust); err == nil && s.cp.Size > f.seg.first {
			return &PurgedError{s.cp.Size}
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || open.ID != named.ID || named.Size < f.off {
		return &CorruptionError{File: f.seg.name(), Offset: f.off, Index: f.c.front.size, Reason: "records that were read are no longer in their place: the log was altered or replaced"}
	}
	return nil
}

// Tree returns the tree over all records before those that Next returns next.
func (t *Tail) Tree() Tree {
	if t.f.c == nil {
		return Tree{}
	}
	return Tree{front: t.f.c.front.clone()}
}
