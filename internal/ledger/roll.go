package ledger

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// roll finishes the live segment if the day is over or need bytes more would
// make it too large.
func (w *writer) roll(need int) error {
	l := w.log
	if w.seg == nil || w.end == 0 {
		return nil
	}
	if l.today() <= w.seg.day && w.end+int64(need)+maxCommitLine <= int64(l.opts.MaxSegment) {
		return nil // a clock that goes back does not reopen a day
	}
	if err := w.finish(true); err != nil {
		return err
	}
	// The segment must be on disk before the next one exists: what follows a
	// finished segment is proof that it was whole.
	l.syncTurn.Lock()
	defer l.syncTurn.Unlock()
	if err := l.brokenErr(); err != nil {
		return err
	}
	if err := l.syncFile(w.seg); err != nil {
		return err
	}
	if err := l.advance(w.cur.last); err != nil {
		return err
	}
	return w.become(w.cur, nil, 0, nil)
}

// finish ends the live segment, for good or for now, in a line without records that
// is signed, and removes the padding.
func (w *writer) finish(sealed bool) error {
	line, err := w.line(&w.cur.front, sealed, true)
	if err != nil {
		return err
	}
	text := append(line.append(nil, w.cur.link, w.log.trust.key), '\n')
	if _, err := w.seg.file.WriteAt(text, w.end); err != nil {
		_, err = w.undo(err)
		return err
	}
	w.passed(&line, text, len(text))
	return w.cut()
}

// become makes the cursor's place the end of the log, and seg, of which it is
// at offset end behind the commit line last, the live segment. The one before
// it is let go of.
func (w *writer) become(c *cursor, seg *openSegment, end int64, last []byte) error {
	old := w.seg
	w.cur, w.seg, w.end, w.size, w.last = c, seg, end, end, last
	w.log.written.Store(&mark{c.last, seg})
	if old == nil {
		return nil
	}
	return old.release()
}

// begin creates the segment for the records from index first on. It is durable
// under its name before anything is written to it.
func (w *writer) begin(first uint64) error {
	l := w.log
	s := segment{l.today(), first}
	if err := durable.MkdirAll(l.opts.FS, filepath.Dir(s.path(l.dir)), 0o755); err != nil {
		return err
	}
	seg, err := w.openSegment(s, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	if err := w.syncName(s); err != nil {
		return errors.Join(err, seg.release())
	}
	return w.become(w.cur, seg, 0, nil)
}

// syncName makes the name of a segment durable, also that of its day: who made
// the folder may have died before he could.
func (w *writer) syncName(s segment) error {
	day := filepath.Dir(s.path(w.log.dir))
	if err := w.log.opts.FS.SyncDir(day); err != nil {
		return err
	}
	return w.log.opts.FS.SyncDir(filepath.Dir(day))
}

// openSegment opens the file of a segment for writing.
func (w *writer) openSegment(s segment, flag int) (*openSegment, error) {
	path := s.path(w.log.dir)
	f, err := w.log.opts.FS.OpenFile(path, flag, 0o644)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &openSegment{segment: s, path: path, file: f, id: info.ID, users: 1}, nil
}
