package ledger

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Follow yields the records from index from on, and goes on to yield new ones as
// they reach the disk until ctx is done; it then ends without an error. It
// looks for new records every interval.
func (r *Reader) Follow(ctx context.Context, from uint64, interval time.Duration) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		f := &follower{r: r}
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

// follower reads a log step by step, never beyond the published checkpoint:
// what is not on disk yet may still be replaced.
type follower struct {
	r    *Reader
	c    *cursor
	seg  segment
	file durable.File // of seg; nil: the next segment was not there yet
	off  int64        // behind the last commit passed
}

// read returns the next records that are on disk. more says that another call
// may find some at once.
func (f *follower) read(from uint64) (out []Record, more bool, err error) {
	v, err := look(f.r.fs, f.r.dir, f.r.verifier)
	if err != nil {
		return nil, false, err
	}
	if f.file == nil {
		if err := f.enter(v, from); err != nil || f.file == nil {
			return nil, false, err
		}
	}
	data, err := f.fresh()
	if err != nil {
		return nil, false, err
	}
	name, off := f.seg.name(), 0
	for !f.c.sealed || f.off+int64(off) == 0 {
		before := *f.c
		at, err := f.c.next(data, off)
		var d *damage
		if errors.As(err, &d) {
			// An unfinished write is met again at the next look.
			if known := max(f.c.durable, v.published.Size, durableBehind(data[d.offset:], f.r.verifier)); d.index < known {
				return nil, false, &CorruptionError{File: name, Offset: f.off + int64(d.offset), Index: d.index, Reason: d.reason}
			}
			break
		}
		if err == io.EOF {
			break
		}
		if f.c.last.Size > v.published.Size {
			*f.c = before
			break
		}
		for j, sp := range at.records {
			out = append(out, Record{at.first + uint64(j), data[sp.start:sp.end:sp.end], name, f.off + int64(sp.start)})
		}
		off = at.end
	}
	f.off += int64(off)
	if err := f.c.authenticate(); err != nil {
		return nil, false, &CorruptionError{File: name, Offset: f.off, Index: f.c.front.size, Reason: err.Error()}
	}
	if f.c.sealed && off > 0 {
		f.close()
	}
	return out, off > 0, nil
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

// fresh reads what stands behind the last commit passed.
func (f *follower) fresh() ([]byte, error) {
	info, err := f.file.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, max(0, info.Size()-f.off))
	n, err := f.file.ReadAt(data, f.off)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return data[:n], nil
}

func (f *follower) close() {
	if f.file != nil {
		_ = f.file.Close() // opened for reading: nothing to lose
		f.file = nil
	}
}
