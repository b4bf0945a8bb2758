package ledger

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// maxCommitLine is more than any commit line takes.
const maxCommitLine = 1 << 10

// paddingStep is how far ahead of the records a segment is filled with zero
// bytes. A sync of bytes that replace zeros does not change the file's
// metadata and costs about two thirds of one that does.
const paddingStep = 256 << 10

// openSegment is the file that commits are written to.
type openSegment struct {
	segment
	path string
	file durable.File
	info fs.FileInfo // identity of file

	// users counts who may still sync the file: the writer while it is the
	// live segment, and each running sync. The last one closes it.
	mu    sync.Mutex
	users int
}

// check returns the size of the segment's file, and an error if the file is no
// longer the one under its name.
func (s *openSegment) check(fsys durable.FS) (size int64, err error) {
	info, err := fsys.Stat(s.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if err != nil || !fsys.SameFile(info, s.info) {
		return 0, &CorruptionError{File: s.name(), Index: s.first, Reason: "the segment was removed, renamed or replaced while it was written"}
	}
	return info.Size(), nil
}

// hold keeps the file open until release. It returns false if it is closed.
func (s *openSegment) hold() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		return false
	}
	s.users++
	return true
}

// release ends a hold.
func (s *openSegment) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	return s.file.Close()
}

// writer writes commits. Only one goroutine uses it at a time: the leader.
type writer struct {
	log  *Log
	cur  *cursor      // behind the last commit known
	seg  *openSegment // the live segment; nil before the first record
	end  int64        // offset behind the last commit in seg
	last []byte       // the commit line that ends there, with its newline
	safe int64        // offset in seg up to which it was on disk when it was loaded
	tree durable.File // nil: could not be opened; proofs are then derived from the segments
	buf  []byte
}

// commit writes the records of b as one commit and returns the index of the
// first. On failure it says truthfully what became of them.
func (w *writer) commit(b *batch) (first uint64, err error) {
	l := w.log
	if l.brokenErr() != nil {
		if err := w.reopen(); err != nil {
			return 0, w.failed(Absent, err)
		}
	}
	unlock, err := l.opts.FS.Lock(lockName(l.dir), true)
	if err != nil {
		return 0, w.failed(Absent, err)
	}
	first, outcome, err := w.commitLocked(b)
	if uerr := unlock.Unlock(); uerr != nil && err == nil {
		outcome, err = Unknown, uerr
	}
	if err != nil {
		if outcome != Absent || !durable.IsFull(err) {
			l.breakWith(err)
		}
		return 0, w.failed(outcome, err)
	}
	return first, nil
}

// failed wraps the cause of a failed append. Corruption stands for itself.
func (w *writer) failed(o Outcome, err error) error {
	if errors.Is(err, ErrCorrupt) {
		return err
	}
	return &AppendError{Outcome: o, Dir: w.log.dir, Err: err}
}

// commitLocked is commit under the ledger's lock.
func (w *writer) commitLocked(b *batch) (first uint64, o Outcome, err error) {
	size, err := w.catchUp()
	if err != nil {
		return 0, Absent, err
	}
	if err := w.roll(len(b.lines)); err != nil {
		return 0, Absent, err
	}
	front := w.cur.front.clone()
	first = front.size
	var hashes []tlog.Hash
	start := 0
	for _, end := range b.ends {
		hashes = front.append(w.cur.hasher.sum(b.lines[start:end-1]), hashes)
		start = end
	}
	line, lnk, cp, err := w.sign(&front, false)
	if err != nil {
		return 0, Absent, err
	}
	if w.seg == nil {
		if err := w.begin(first); err != nil {
			return 0, Absent, err
		}
		size = 0
	}
	w.buf = append(append(w.buf[:0], b.lines...), line...)
	if o, err := w.write(w.buf, size); err != nil {
		return 0, o, err
	}
	w.end += int64(len(w.buf))
	w.last = line
	w.cur.front, w.cur.link, w.cur.last, w.cur.sealed = front, lnk, cp, false
	if w.tree != nil {
		if err := writeHashes(w.tree, first, hashes); err != nil {
			w.dropTree(err)
		}
	}
	w.log.written.Store(&mark{cp, w.seg})
	return first, 0, nil
}

// sign makes the commit line, with its newline, for a tree.
func (w *writer) sign(front *frontier, sealed bool) ([]byte, link, Checkpoint, error) {
	l := w.log
	cp, err := signCheckpoint(l.Origin(), front.size, front.root(), l.opts.Signer)
	if err != nil {
		return nil, link{}, Checkpoint{}, err
	}
	// What was durable before this commit; another process may know more.
	line, lnk := encodeCommitLine(cp.Note, min(l.Durable().Size, w.cur.front.size), sealed, w.cur.link)
	return append(line, '\n'), lnk, cp, nil
}

// write appends data to the live segment, whose file is size bytes long. It
// fills the file up with zeros ahead of the records where there is room.
func (w *writer) write(data []byte, size int64) (Outcome, error) {
	need := w.end + int64(len(data))
	padded := data
	if !w.log.opts.NoPadding && need > size {
		to := (need + paddingStep - 1) / paddingStep * paddingStep
		padded = append(data, make([]byte, to-need)...)
	}
	_, err := w.seg.file.WriteAt(padded, w.end)
	if err == nil {
		return 0, nil
	}
	if cut := w.cut(); cut != nil {
		return Unknown, errors.Join(err, cut)
	}
	if len(padded) > len(data) && durable.IsFull(err) {
		// The records may fit where the padding does not.
		if _, err = w.seg.file.WriteAt(data, w.end); err == nil {
			return 0, nil
		}
		if cut := w.cut(); cut != nil {
			return Unknown, errors.Join(err, cut)
		}
	}
	return Absent, err
}

// cut removes what stands behind the last commit.
func (w *writer) cut() error { return w.seg.file.Truncate(w.end) }

// catchUp moves the writer behind what other processes committed since it last
// looked. It returns the size of the live segment's file.
func (w *writer) catchUp() (size int64, err error) {
	if w.seg == nil {
		return w.load(nil)
	}
	size, err = w.seg.check(w.log.opts.FS)
	if err != nil {
		return 0, err
	}
	// One read tells that the last commit is still in its place, and whether
	// there is another behind it.
	buf := make([]byte, len(w.last)+1)
	n, err := w.seg.file.ReadAt(buf, w.end-int64(len(w.last)))
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if n < len(w.last) || !bytes.Equal(buf[:len(w.last)], w.last) {
		return w.load(nil) // somebody repaired the log after a failed write
	}
	if n == len(w.last) || buf[len(w.last)] == 0 {
		return size, nil
	}
	data := make([]byte, size-w.end)
	if n, err = w.seg.file.ReadAt(data, w.end); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	data = data[:n]
	end, err := w.cur.walk(data, 0, func(c commit) {
		w.last = append(w.last[:0], data[c.line.start:c.end]...)
	})
	w.end += int64(end)
	if err != nil || w.cur.sealed {
		return w.load(nil) // an unfinished write to cut, or the next segment
	}
	return size, w.cur.authenticate()
}

// roll finishes the live segment if the day is over or need bytes more would
// make it too large.
func (w *writer) roll(need int) error {
	l := w.log
	if w.seg == nil || w.end == 0 {
		return nil
	}
	today := l.opts.Now().UTC().Format(dayLayout)
	if today <= w.seg.day && w.end+int64(need)+maxCommitLine <= int64(l.opts.MaxSegment) {
		return nil // a clock that goes back does not reopen a day
	}
	line, lnk, cp, err := w.sign(&w.cur.front, true)
	if err != nil {
		return err
	}
	if _, err := w.seg.file.WriteAt(line, w.end); err != nil {
		return errors.Join(err, w.cut())
	}
	w.end += int64(len(line))
	if err := w.cut(); err != nil { // the padding
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
	w.cur.link, w.cur.last, w.cur.sealed = lnk, cp, true
	l.written.Store(&mark{cp, nil})
	l.advance(cp)
	return w.leave()
}

// leave lets go of the live segment.
func (w *writer) leave() error {
	s := w.seg
	w.seg, w.end, w.last, w.safe = nil, 0, nil, 0
	if s == nil {
		return nil
	}
	return s.release()
}

// begin creates the segment for the records from index first on. It is durable
// under its name before anything is written to it.
func (w *writer) begin(first uint64) error {
	l := w.log
	s := segment{l.opts.Now().UTC().Format(dayLayout), first}
	path := s.path(l.dir)
	if err := durable.MkdirAll(l.opts.FS, filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := w.openSegment(s, os.O_RDWR|os.O_CREATE|os.O_EXCL); err != nil {
		return err
	}
	return l.opts.FS.SyncDir(filepath.Dir(path))
}

// openSegment makes s the live segment.
func (w *writer) openSegment(s segment, flag int) error {
	path := s.path(w.log.dir)
	f, err := w.log.opts.FS.OpenFile(path, flag, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	w.seg = &openSegment{segment: s, path: path, file: f, info: info, users: 1}
	w.end, w.last, w.safe = 0, nil, 0
	return nil
}

// openTree opens the tree file for writing.
func (w *writer) openTree() {
	f, err := w.log.opts.FS.OpenFile(filepath.Join(w.log.dir, treeName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		w.dropTree(err)
		return
	}
	w.tree = f
}

// dropTree goes on without the tree file, which is derived.
func (w *writer) dropTree(err error) {
	w.log.opts.Logger.Warn("ledger: the tree file cannot be written; proofs will be derived from the segments", "dir", w.log.dir, "err", err)
	if w.tree != nil {
		_ = w.tree.Close()
		w.tree = nil
	}
}

// close gives the files back, without padding behind the last commit.
func (w *writer) close() error {
	var err error
	if w.seg != nil && w.log.brokenErr() == nil {
		err = w.trim()
	}
	err = errors.Join(err, w.leave())
	if w.tree != nil {
		_ = w.tree.Close() // derived
	}
	w.log.syncTurn.Lock()
	defer w.log.syncTurn.Unlock()
	w.log.publish.close()
	return err
}

// trim removes the padding.
func (w *writer) trim() error {
	l := w.log
	unlock, err := l.opts.FS.Lock(lockName(l.dir), true)
	if err != nil {
		return err
	}
	size, err := w.catchUp()
	if err == nil && w.seg != nil && size > w.end {
		err = w.cut()
	}
	return errors.Join(err, unlock.Unlock())
}
