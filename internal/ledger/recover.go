package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

// Recovery says what opening a log had to repair. The zero value: nothing.
type Recovery struct {
	Segment string // the segment that ended in an unfinished write; empty: none did
	Offset  int64  // where the unfinished write began
	Cut     int64  // how many bytes were removed there; none of them was ever acknowledged
	SHA256  string // of the removed bytes, in hex
}

// open loads the log's end, and makes sure that all of it is on disk.
func (w *writer) open(ctx context.Context) (rec Recovery, err error) {
	l := w.log
	unlock, err := w.exclude(ctx)
	if err != nil {
		return rec, err
	}
	defer func() {
		err = errors.Join(err, unlock.Unlock())
		if err != nil {
			_ = w.discard()
			l.publish.close()
		}
	}()
	// Who created the log may have died before its names were on disk.
	if err := l.opts.FS.SyncDir(l.dir); err != nil {
		return rec, err
	}
	v, err := look(l.opts.FS, l.dir, l.trust)
	if err != nil {
		return rec, err
	}
	if err := v.chained(); err != nil {
		return rec, err
	}
	if err := w.load(&rec); err != nil {
		return rec, err
	}
	return rec, w.settle()
}

// reopen is what the next leader does after a failed write or sync.
func (w *writer) reopen(ctx context.Context) (err error) {
	l := w.log
	unlock, err := w.exclude(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock.Unlock()) }()
	if err := w.load(nil); err != nil {
		return err
	}
	if err := w.settle(); err != nil {
		return err
	}
	l.opts.Logger.Info("ledger: reopened after a failed write", "dir", l.dir, "records", w.cur.front.size)
	return nil
}

// settle syncs what was loaded. From then on the log may acknowledge again.
func (w *writer) settle() error {
	l := w.log
	l.syncTurn.Lock()
	defer l.syncTurn.Unlock()
	if w.seg != nil {
		if err := l.syncFile(w.seg); err != nil {
			return err
		}
	}
	l.mend()
	cp, err := l.sign(w.cur.last)
	if err != nil {
		return err
	}
	return l.advance(cp)
}

// load finds the end of the log on disk, repairs it, and makes its last segment
// the live one. On failure the
// writer stays as it was. The caller holds the ledger's lock.
func (w *writer) load(rec *Recovery) (err error) {
	l := w.log
	if err := w.stands(); err != nil {
		return err
	}
	v, err := look(l.opts.FS, l.dir, l.trust)
	if err != nil {
		return err
	}
	if w.tree == nil {
		w.openTree()
	}
	if len(v.segs) == 0 {
		c := v.start.cursor(l.trust)
		if err := w.remembers(c); err != nil {
			return err
		}
		return w.become(c, nil, 0, nil)
	}
	i := len(v.segs) - 1
	s := v.segs[i]
	data, err := v.read(i)
	if err != nil {
		return err
	}
	c, off, ok := v.resume(data)
	if !ok {
		c, ok = v.vouched(i)
	}
	if !ok {
		if c, err = w.rebuildTree(v, i); err != nil {
			return err
		}
	}
	if err := v.enter(c, i); off == 0 && err != nil {
		return err
	}
	last, safe := lastLine(data[:off]), off
	var stored []tlog.Hash
	from := c.front.size
	c.stored = &stored
	end, err := c.walk(data, off, func(at commit) {
		last = data[at.line.start:at.end]
		if c.last.Size <= v.published.Size && len(at.records) > 0 {
			safe = at.end
		}
	})
	c.stored = nil
	if err := v.judge(c, i, data, end, err); err != nil {
		return err
	}
	if err := w.remembers(c); err != nil {
		return err
	}
	w.storeHashes(from, stored)
	seg, err := w.openSegment(s, os.O_RDWR)
	if err != nil {
		return err
	}
	finished := c.sealed && end > 0
	if err := w.repair(seg, data, safe, end, finished, rec); err != nil {
		return errors.Join(err, seg.release())
	}
	if finished {
		return errors.Join(w.become(c, nil, 0, nil), seg.release())
	}
	if end == 0 {
		// Begun by a process that died before it wrote. A segment's day is that of
		// its first record.
		if s.day != l.today() {
			if err := errors.Join(w.become(c, nil, 0, nil), seg.release()); err != nil {
				return err
			}
			if err := l.opts.FS.Remove(s.path(l.dir)); err != nil {
				return err
			}
			return w.syncName(s)
		}
		if err := w.syncName(s); err != nil {
			return errors.Join(err, seg.release())
		}
	}
	if err := w.become(c, seg, int64(end), bytes.Clone(last)); err != nil {
		return err
	}
	return w.look()
}

// rebuildTree returns a cursor where segment i begins and, because the tree
// file cannot vouch for the log's end, writes anew what it should hold before.
func (w *writer) rebuildTree(v *view, i int) (*cursor, error) {
	c := v.start.cursor(v.trust)
	w.storeFrontier(&c.front)
	var stored []tlog.Hash
	c.stored = &stored
	from := c.front.size
	err := v.walk(c, i, func() error {
		w.storeHashes(from, stored)
		from, stored = c.front.size, stored[:0]
		return nil
	})
	c.stored = nil
	return c, err
}

// repair cuts off what follows the last commit of a segment, at offset end, and
// writes again what stands behind offset safe: it may be in memory only, left
// there by a sync that failed in another process and that this one will never be
// told of. A finished segment is synced at once, because nobody does so later.
func (w *writer) repair(seg *openSegment, data []byte, safe, end int, finished bool, rec *Recovery) error {
	torn := bytes.TrimRight(data[end:], "\x00")
	if len(torn) > 0 {
		sum := sha256.Sum256(torn)
		r := Recovery{Segment: seg.name(), Offset: int64(end), Cut: int64(len(torn)), SHA256: hex.EncodeToString(sum[:])}
		if rec != nil {
			*rec = r
		}
		w.log.opts.Logger.Warn("ledger: cut off an unfinished write; nothing in it was acknowledged",
			"dir", w.log.dir, "segment", r.Segment, "offset", r.Offset, "bytes", r.Cut, "sha256", r.SHA256)
	}
	if len(torn) > 0 || finished && end < len(data) {
		if err := seg.file.Truncate(int64(end)); err != nil {
			return err
		}
	}
	if safe < end {
		if _, err := seg.file.WriteAt(data[safe:end], int64(safe)); err != nil {
			return err
		}
	}
	if len(torn) > 0 || finished {
		return seg.file.Sync()
	}
	return nil
}

// remembers checks what was loaded against what this process knows to be on
// disk: a log does not get shorter.
func (w *writer) remembers(c *cursor) error {
	if d := w.log.Durable(); c.front.size < d.Size {
		return &CorruptionError{File: segmentsDir, Index: c.front.size,
			Reason: fmt.Sprintf("the log ends after %d records, but %d were on disk: records were removed", c.front.size, d.Size)}
	}
	return nil
}

// lastLine returns the last line of data with its newline.
func lastLine(data []byte) []byte {
	body := bytes.TrimSuffix(data, []byte("\n"))
	return data[bytes.LastIndexByte(body, '\n')+1:]
}

// resume returns a cursor behind a commit near the end of the last segment, so
// that only what follows must be checked again to open the log. It is older than
// the last one known to have been on disk: that one is walked, so that what
// is cut behind it cannot be a part of it that somebody moved there. ok is false when there is none, when the tree file cannot
// vouch for it, or when the segment does not begin where the one before it ends.
func (w *view) resume(data []byte) (c *cursor, off int, ok bool) {
	if w.chainedTo(len(w.segs)-1) != nil {
		return nil, 0, false
	}
	known := w.published.Size
	for at := range commitLinesBackwards(data) {
		text := data[at.start:at.end]
		l, err := parseCommitLine(text)
		if err != nil || !w.trust.vouches(&l, text) {
			continue // the unfinished write, or damage: the walk will tell
		}
		known = max(known, l.durable)
		if l.size >= known || l.sealed {
			continue
		}
		c = newCursor(w.trust)
		if !w.put(c, &l) {
			return nil, 0, false
		}
		c.durable = known
		return c, at.end + 1, true
	}
	return nil, 0, false
}
