package ledger

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
)

// look checks that the live segment is still the file under its name, and how long it
// is.
func (w *writer) look() (err error) {
	w.size, err = w.seg.check(w.log.opts.FS)
	return err
}

// catchUp moves the writer behind what other processes committed since it last did
// so. With look it looks at the live segment in any case, and so it does when the
// segment's day is over: then another process may have purged it.
func (w *writer) catchUp(look bool) error {
	if w.seg == nil {
		return w.load(nil)
	}
	if look || w.seg.day < w.log.today() {
		if err := w.look(); errors.Is(err, ErrCorrupt) && w.purged() {
			return w.load(nil)
		} else if err != nil {
			return err
		}
	}
	// One read tells that the last commit is still in its place, and whether
	// there is another behind it.
	w.buf = slices.Grow(w.buf[:0], len(w.last)+1)[:len(w.last)+1]
	n, err := w.seg.file.ReadAt(w.buf, w.end-int64(len(w.last)))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n < len(w.last) || !bytes.Equal(w.buf[:len(w.last)], w.last) {
		return w.gone()
	}
	if n == len(w.last) {
		w.size = w.end // another process closed the log, and removed the padding
		return nil
	}
	if w.buf[len(w.last)] == 0 {
		return nil
	}
	if err := w.look(); errors.Is(err, ErrCorrupt) && w.purged() {
		return w.load(nil)
	} else if err != nil {
		return err
	}
	if err := w.pass(); err != nil || w.cur.sealed || w.cur.authenticate() != nil {
		return w.load(nil) // an unfinished write to cut, the next segment, or corruption
	}
	w.log.written.Store(&mark{w.cur.last, w.seg})
	return nil
}

// pass moves the writer over the commits behind it in the live segment.
func (w *writer) pass() error {
	first, stored := w.cur.front.size, w.stored[:0]
	w.cur.tree, w.cur.stored = w.tree, &stored
	defer func() {
		w.cur.tree, w.cur.stored = nil, nil
		// Who wrote the commits may have died before it wrote their hashes.
		w.storeHashes(first, stored)
		w.stored = stored
	}()
	for most := int64(maxBatch); ; most *= 4 {
		more, err := w.readAhead(most)
		if err != nil {
			return err
		}
		n, err := w.cur.walk(w.buf, 0, func(c commit) {
			w.last = append(w.last[:0], w.buf[c.line.start:c.end]...)
		})
		w.end += int64(n)
		if !more {
			return err
		}
	}
}

// readAhead reads into w.buf what stands behind the last commit known, as far as some
// of the padding. It reports whether there is more than it was to read at most.
func (w *writer) readAhead(most int64) (more bool, err error) {
	const piece = 32 << 10
	w.buf = w.buf[:0]
	for end := min(most, w.size-w.end); ; {
		have := int64(len(w.buf))
		if have == end {
			return have == most, nil
		}
		if have > 0 && w.buf[have-1] == 0 {
			return false, nil // no record and no commit line holds a zero byte
		}
		n := min(piece, end-have)
		w.buf = slices.Grow(w.buf, int(n))[:have+n]
		if _, err := w.seg.file.ReadAt(w.buf[have:], w.end+have); err != nil {
			return false, err
		}
	}
}

// stands checks that the last commit known is still where it was, under the
// name of its segment.
func (w *writer) stands() error {
	if w.seg == nil || len(w.last) == 0 {
		return nil
	}
	f, err := w.log.opts.FS.OpenFile(w.seg.path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) && w.purged() {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return w.gone()
	}
	if err != nil {
		return err
	}
	defer f.Close() // opened for reading: nothing to lose
	buf := make([]byte, len(w.last))
	n, err := f.ReadAt(buf, w.end-int64(len(buf)))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.Equal(buf[:n], w.last) {
		return w.gone()
	}
	return nil
}

// purged reports whether the live segment is gone because another process purged
// it, with all that this one had written there.
func (w *writer) purged() bool {
	s, _, err := readStart(w.log.opts.FS, w.log.dir, w.log.trust)
	return err == nil && s.cp.Size > w.seg.first && s.cp.Size >= w.cur.last.Size
}

// gone is the error for a log that no longer holds the last commit known. If
// that was not on disk, a failed sync may have dropped it. Its indexes were
// handed out: to give them to other records would make a later Sync lie, so
// this Log has come to its end.
func (w *writer) gone() error {
	if w.cur.last.Size <= w.log.Durable().Size {
		return &CorruptionError{File: w.seg.name(), Offset: w.end - int64(len(w.last)), Index: w.cur.last.Size - 1,
			Reason: "a commit that was on disk is no longer in its place: the log was altered or replaced"}
	}
	return errors.New("records that were written, but not yet on disk, are gone; the log must be closed and opened anew")
}
