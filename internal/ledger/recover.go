package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
func (w *writer) open() (rec Recovery, err error) {
	l := w.log
	unlock, err := l.opts.FS.Lock(lockName(l.dir), true)
	if err != nil {
		return rec, err
	}
	defer func() {
		if uerr := unlock.Unlock(); err == nil {
			err = uerr
		}
		if err != nil {
			_ = w.leave()
		}
	}()
	if _, err := w.load(&rec); err != nil {
		return rec, err
	}
	l.syncTurn.Lock()
	defer l.syncTurn.Unlock()
	if w.seg != nil {
		// What a killed process wrote may not be on disk yet.
		if err := l.syncFile(w.seg); err != nil {
			return rec, err
		}
	}
	l.advance(w.cur.last)
	return rec, nil
}

// reopen is what the next leader does after a failed write or sync: it loads
// the log's end anew and writes again what the failed sync may have left in
// memory only, so that the next sync is about those bytes too.
func (w *writer) reopen() error {
	l := w.log
	unlock, err := l.opts.FS.Lock(lockName(l.dir), true)
	if err != nil {
		return err
	}
	defer unlock.Unlock() //nolint:errcheck // released with the file in any case
	l.syncTurn.Lock()
	defer l.syncTurn.Unlock()
	if _, err := w.load(nil); err != nil {
		return err
	}
	if w.seg != nil {
		data := make([]byte, w.end-w.safe)
		if _, err := w.seg.file.ReadAt(data, w.safe); err != nil {
			return err
		}
		if _, err := w.seg.file.WriteAt(data, w.safe); err != nil {
			return err
		}
		if err := l.syncFile(w.seg); err != nil {
			return err
		}
	}
	l.syncMu.Lock()
	l.broken = nil
	l.syncMu.Unlock()
	l.advance(w.cur.last)
	l.opts.Logger.Info("ledger: reopened after a failed write", "dir", l.dir, "records", w.cur.front.size)
	return nil
}

// load finds the end of the log on disk, cuts off an unfinished write behind it,
// and makes its last segment the live one. It returns the size of that
// segment's file. The caller holds the ledger's lock.
func (w *writer) load(rec *Recovery) (size int64, err error) {
	l := w.log
	old := w.seg
	w.seg, w.end, w.last, w.safe = nil, 0, nil, 0
	defer func() {
		if err != nil {
			// Whoever waits for a sync learns that his records are not there.
			l.written.Store(&mark{l.Durable(), nil})
		}
		if old != nil {
			err = errors.Join(err, old.release())
		}
	}()
	if w.tree == nil {
		w.openTree()
	}
	v, err := look(l.opts.FS, l.dir, l.verifier)
	if err != nil {
		return 0, err
	}
	if len(v.segs) == 0 {
		w.cur = newCursor(l.verifier)
		l.written.Store(&mark{})
		return 0, w.remembers()
	}
	i := len(v.segs) - 1
	s := v.segs[i]
	data, err := readSegment(l.opts.FS, l.dir, s)
	if err != nil {
		return 0, err
	}
	c, off, ok := v.resume(data)
	if !ok {
		if c, err = v.cursorAt(i); err != nil {
			return 0, err
		}
	}
	var stored []tlog.Hash
	from := c.front.size
	c.stored = &stored
	var last []byte
	if off > 0 {
		last = lastLine(data[:off])
	}
	end, err := c.walk(data, off, func(at commit) { last = data[at.line.start:at.end] })
	if err := v.judge(c, i, data, end, err); err != nil {
		return 0, err
	}
	c.stored = nil
	w.cur = c
	if err := w.remembers(); err != nil {
		return 0, err
	}
	if w.tree != nil && len(stored) > 0 {
		if err := writeHashes(w.tree, from, stored); err != nil {
			w.dropTree(err)
		}
	}
	if c.sealed && end > 0 {
		l.written.Store(&mark{c.last, nil})
		return 0, nil
	}
	if err := w.openSegment(s, os.O_RDWR); err != nil {
		return 0, err
	}
	w.end, w.last, w.safe = int64(end), bytes.Clone(last), int64(off)
	l.written.Store(&mark{c.last, w.seg})
	if err := w.cutTorn(data[end:], rec); err != nil {
		return 0, err
	}
	if w.end == 0 && s.day != l.opts.Now().UTC().Format(dayLayout) {
		// Begun by a process that died before it wrote: a segment's day is that of
		// its first record.
		if err := w.leave(); err != nil {
			return 0, err
		}
		l.written.Store(&mark{c.last, nil})
		return 0, l.opts.FS.Remove(s.path(l.dir))
	}
	return w.seg.check(l.opts.FS)
}

// cutTorn removes an unfinished write behind the last commit.
func (w *writer) cutTorn(rest []byte, rec *Recovery) error {
	rest = bytes.TrimRight(rest, "\x00")
	if len(rest) == 0 {
		return nil
	}
	sum := sha256.Sum256(rest)
	r := Recovery{Segment: w.seg.name(), Offset: w.end, Cut: int64(len(rest)), SHA256: hex.EncodeToString(sum[:])}
	if rec != nil {
		*rec = r
	}
	w.log.opts.Logger.Warn("ledger: cut off an unfinished write; nothing in it was acknowledged",
		"dir", w.log.dir, "segment", r.Segment, "offset", r.Offset, "bytes", r.Cut, "sha256", r.SHA256)
	if err := w.cut(); err != nil {
		return err
	}
	return w.seg.file.Sync()
}

// remembers checks what was loaded against what this process knows to be on
// disk: a log does not get shorter.
func (w *writer) remembers() error {
	if d := w.log.Durable(); w.cur.front.size < d.Size {
		return &CorruptionError{File: filepath.ToSlash(segmentsDir), Index: w.cur.front.size,
			Reason: fmt.Sprintf("the log ends after %d records, but %d were on disk: records were removed", w.cur.front.size, d.Size)}
	}
	return nil
}

// lastLine returns the last line of data with its newline.
func lastLine(data []byte) []byte {
	body := bytes.TrimSuffix(data, []byte("\n"))
	return data[bytes.LastIndexByte(body, '\n')+1:]
}

// resume returns a cursor behind a commit near the end of the last segment that
// is known to have been on disk, so that only what follows must be checked again
// to open the log. ok is false when there is none or the tree file cannot vouch
// for it.
func (w *view) resume(data []byte) (c *cursor, off int, ok bool) {
	tree, done := openTree(w.fs, w.dir)
	defer done()
	known := w.published.Size
	rest := bytes.TrimRight(data, "\x00")
	for {
		at := bytes.LastIndex(rest, []byte("\n"+commitPrefix))
		if at < 0 {
			return nil, 0, false
		}
		n := bytes.IndexByte(data[at+1:], '\n')
		line := data[at+1 : max(at+1, at+1+n)]
		rest = rest[:at]
		l, cp, err := parseCommitLine(line)
		if err != nil {
			continue // the unfinished write, or damage: the walk will tell
		}
		if cp, err = ParseCheckpoint(cp.Note, w.verifier); err != nil {
			continue
		}
		known = max(known, l.Durable)
		if cp.Size > known || l.Sealed {
			continue
		}
		front, match := loadFrontier(tree, cp.Size, cp.Root)
		if !match {
			return nil, 0, false
		}
		c = newCursor(w.verifier)
		c.front, c.link, c.last, c.durable = front, link(l.Link), cp, known
		return c, at + 1 + n + 1, true
	}
}
