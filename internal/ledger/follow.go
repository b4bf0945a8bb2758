package ledger

import (
	"context"
	"errors"
	"fmt"
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
// what is not on disk yet may still be replaced. Or it sees to it that it is on
// disk.
type follower struct {
	r         *Reader
	settles   bool // what was written and is not known to be on disk is synced, and counts
	c         *cursor
	seg       segment
	file      durable.File // of seg; nil: the next segment was not there yet
	off       int64        // behind the last commit passed
	published uint64       // size that the checkpoint file stated at the last look
	suspect   damage       // met at the last look; real if it is met again, see [view.pass]
}

// read returns the next records that are on disk. more says that another call
// may find some at once.
func (f *follower) read(from uint64) (out []Record, more bool, err error) {
	v, err := look(f.r.fs, f.r.dir, f.r.verifier)
	if err != nil {
		return nil, false, err
	}
	f.published = v.published.Size
	if f.file == nil {
		if err := f.enter(v, from); err != nil || f.file == nil {
			return nil, false, err
		}
	}
	data, err := f.fresh()
	if err != nil {
		return nil, false, err
	}
	off, known := 0, v.published.Size
	var found damage
	for !f.c.sealed || f.off+int64(off) == 0 {
		before := *f.c
		at, err := f.c.next(data, off)
		var d *damage
		switch {
		case errors.As(err, &d):
			// An unfinished write is met again at the next look.
			found = damage{d.index, int(f.off) + d.offset, d.reason}
			known = max(known, f.c.durable, knownBehind(data[off:], f.c.front.size, f.r.verifier))
		case err == io.EOF:
			found = damage{f.c.front.size, int(f.off) + off, "the segment ends before the records that the signed checkpoint states"}
		case f.c.last.Size > v.published.Size && !f.settles:
			*f.c = before
			err = io.EOF
		}
		if err != nil {
			break
		}
		for _, rec := range at.list(f.seg, data) {
			rec.Offset += f.off
			out = append(out, rec)
		}
		off = at.end
	}
	f.off += int64(off)
	corrupt := func(offset int64, reason string) error {
		return &CorruptionError{File: f.seg.name(), Offset: offset, Index: f.c.front.size, Reason: reason}
	}
	if err := f.c.authenticate(); err != nil {
		return nil, false, corrupt(f.off, err.Error())
	}
	if found.reason != "" && f.c.front.size < known && found == f.suspect {
		return nil, false, corrupt(int64(found.offset), found.reason)
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

// fresh reads what stands behind the last commit passed.
func (f *follower) fresh() ([]byte, error) {
	info, err := f.file.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, max(0, info.Size-f.off))
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
