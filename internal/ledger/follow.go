package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Follow yields the records from index from on, and goes on to yield new ones as
// they reach the disk until ctx is done; it then ends without an error. It
// looks for new records every interval.
func (r *Reader) Follow(ctx context.Context, from uint64, interval time.Duration) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		f := &follower{r: r, most: readAhead}
		defer f.close()
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			recs, more, err := f.read(from)
			for _, rec := range recs {
				if rec.Index >= from && (ctx.Err() != nil || !yield(rec, nil)) {
					return
				}
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
			if more {
				continue
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}
}

// follower reads a log step by step, never beyond what is signed and on disk: what
// is not may still be replaced.
type follower struct {
	r         *Reader
	most      int  // bytes to read at once, and more only if no commit fits; 0: all there is
	settles   bool // what was signed and is not known to be on disk is synced, and counts
	c         *cursor
	seg       segment
	file      durable.File // of seg; nil: the next segment was not there yet
	wider     int          // in place of most, as nothing of it could be passed; 0: most will do
	off       int64        // behind the last commit passed
	published uint64       // size that the checkpoint file stated at the last look
	suspect   damage       // met at the last look; real if it is met again, see [view.pass]
}

// read returns the next records that are signed and on disk. more says that another
// call may find some at once.
func (f *follower) read(from uint64) (out []Record, more bool, err error) {
	v, err := look(f.r.fs, f.r.dir, f.r.trust)
	if err != nil {
		return nil, false, err
	}
	f.published = v.published.Size
	if f.file == nil {
		if err := f.enter(v, from); err != nil || f.file == nil {
			return nil, false, err
		}
	}
	data, rest, err := f.fresh()
	if err != nil {
		return nil, false, err
	}
	limit := v.published
	i := slices.Index(v.segs, f.seg)
	everything := f.settles && v.trust.key != nil // the key tells who wrote it
	if (f.settles || i < len(v.segs)-1) && !everything {
		limit = v.signed(i, data)
	}
	out, off, found := f.pass(v, data, limit, everything)
	if rest && off == 0 {
		f.wider = max(2*f.wider, 2*f.most)
		return nil, true, nil // what is met there is met again with what follows it
	}
	f.wider = 0
	if rest {
		found = damage{} // met again from its beginning
	}
	known := max(v.published.Size, f.c.durable)
	if finished := f.c.sealed && off > 0; !finished && !rest && f.c.front.size < known && found.reason == "" {
		found = damage{f.c.front.size, int(f.off) + off, "the segment ends before the records that the signed checkpoint states"}
	}
	f.off += int64(off)
	if found.reason != "" {
		known = max(known, v.trust.knownBehind(data[off:], f.c.front.size))
	}
	if found.reason != "" && f.c.front.size < known && found == f.suspect {
		return nil, false, &CorruptionError{File: f.seg.name(), Offset: int64(found.offset), Index: f.c.front.size, Reason: found.reason}
	}
	if err := f.c.authenticate(); err != nil {
		return nil, false, &CorruptionError{File: f.seg.name(), Offset: f.off, Index: f.c.front.size, Reason: err.Error()}
	}
	f.suspect = found
	if f.settles && f.c.front.size > v.published.Size && off > 0 {
		if err := f.r.settle(f.seg); err != nil {
			return nil, false, err
		}
	}
	if f.c.sealed || f.off == 0 {
		f.close() // at its end, or empty and perhaps to be replaced
	}
	return out, off > 0 || rest, nil
}

// pass passes the commits in data, what is new in the segment, up to limit. Where
// damage comes before that, it ends there if the tree file proves what is before it,
// and else at the newest signature.
func (f *follower) pass(v *view, data []byte, limit Checkpoint, everything bool) (out []Record, off int, found damage) {
	before := f.c.clone()
	for {
		if f.c.limit = &limit; everything {
			f.c.limit = nil
		}
		end, err := f.c.walk(data, 0, func(at commit) {
			for _, rec := range at.list(f.seg, data) {
				rec.Offset += f.off
				out = append(out, rec)
			}
		})
		var d *damage
		if errors.As(err, &d) && found.reason == "" {
			found = damage{d.index, int(f.off) + d.offset, d.reason}
		}
		if end == 0 || everything || f.c.front.size >= limit.Size || v.precedes(f.c.last, limit) {
			return out, end, found
		}
		// Nothing vouches for what was passed.
		limit = v.trust.newest(data[:end], Checkpoint{Size: before.front.size})
		f.c, out = before.clone(), nil
		if limit.Size == before.front.size {
			return nil, 0, found
		}
	}
}

// enter opens the segment where the follower stands: at first the one that
// holds the record from.
func (f *follower) enter(v *view, from uint64) error {
	i := 0
	if f.c == nil {
		for i+1 < len(v.segs) && v.segs[i+1].first <= from {
			i++
		}
		if i == len(v.segs) {
			return nil
		}
		c, err := v.cursorAt(i)
		if err != nil {
			return err
		}
		f.c = c
	} else {
		for i < len(v.segs) && v.segs[i].first < f.c.front.size {
			i++
		}
		if i == len(v.segs) && f.c.front.size < v.published.Size {
			return &CorruptionError{File: segmentsDir, Index: f.c.front.size,
				Reason: fmt.Sprintf("no segment holds the records from %d on, but the signed checkpoint states %d", f.c.front.size, v.published.Size)}
		}
		if i == len(v.segs) {
			return nil
		}
		if err := v.enter(f.c, i); err != nil {
			return err
		}
	}
	file, err := f.r.fs.OpenFile(v.segs[i].path(f.r.dir), 0, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // begun by a process that died before it wrote; replaced meanwhile
	}
	if err != nil {
		return err
	}
	f.file, f.seg, f.off = file, v.segs[i], 0
	return nil
}

// fresh reads what stands behind the last commit passed, and reports whether there is more
// than it was to read.
func (f *follower) fresh() (data []byte, rest bool, err error) {
	info, err := f.file.Stat()
	if err != nil {
		return nil, false, err
	}
	size := max(0, info.Size-f.off)
	if most := int64(max(f.most, f.wider)); f.most > 0 && size > most {
		size, rest = most, true
	}
	data = make([]byte, size)
	n, err := f.file.ReadAt(data, f.off)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	return data[:n], rest, nil
}

func (f *follower) close() {
	if f.file != nil {
		_ = f.file.Close() // opened for reading: nothing to lose
		f.file = nil
	}
}
