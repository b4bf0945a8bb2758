package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// maxCommitLine is more than any commit line takes.
const maxCommitLine = 1 << 10

// How far ahead of the records a segment is filled with zero bytes: little at first,
// and more the more is written. A sync of bytes that replace zeros does not change the
// file's metadata and costs about two thirds of one that does; the one that puts the
// zeros there costs more, so it should be rare.
const (
	firstPadding = 64 << 10
	maxPadding   = 1 << 20 // also the most behind the last commit of a live segment
)

// zeros is padding; never written to.
var zeros [maxPadding]byte

// writer writes commits. Only one goroutine uses it at a time: the leader.
type writer struct {
	log  *Log
	lock durable.FileID // of the lock file; zero: not looked at yet
	cur  *cursor        // behind the last commit known
	seg  *openSegment   // the live segment; nil before the first record and behind a finished one
	end  int64          // offset behind the last commit in seg
	size int64          // of its file with the padding, as far as is known
	step int64          // how far the next padding reaches; see [writer.pad]
	last []byte         // the commit line that ends there, with its newline
	tree durable.File   // nil: could not be opened; proofs are then derived from the segments
	buf  []byte

	stored []tlog.Hash // scratch for the hashes of their commits
}

// noRoom is a write that a full disk refused and that left the log as it was.
type noRoom struct{ error }

// Unwrap returns the cause.
func (e noRoom) Unwrap() error { return e.error }

// errPanicked is the failure of a commit or a sync until it ended in another way.
var errPanicked = errors.New("the goroutine that did it for all panicked")

// refusal is what a decision said instead of giving records to append.
type refusal struct{ error }

// Unwrap returns the cause.
func (e refusal) Unwrap() error { return e.error }

// commit writes the records of b as one commit and returns the index of the
// first. On failure it says truthfully what became of them.
func (w *writer) commit(b *batch) (first uint64, err error) {
	l := w.log
	if l.brokenErr() != nil {
		if err := w.reopen(b.ctx); err != nil {
			return 0, w.failed(Absent, err)
		}
	}
	unlock, err := w.exclude(b.ctx)
	if err != nil {
		return 0, w.failed(Absent, err)
	}
	outcome, err := Unknown, errPanicked
	defer func() {
		if uerr := unlock.Unlock(); uerr != nil && err == nil {
			first, outcome, err = 0, Unknown, uerr
		}
		if no, ok := err.(refusal); ok {
			err = no.error
		} else if err != nil {
			if !errors.As(err, new(noRoom)) {
				l.breakWith(err)
			}
			err = w.failed(outcome, err)
		}
	}()
	first, outcome, err = w.commitLocked(b)
	return first, err
}

// failed wraps the cause of a failed append. Corruption and the end of the log
// stand for themselves.
func (w *writer) failed(o Outcome, err error) error {
	if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrClosed) {
		return err
	}
	return &AppendError{Outcome: o, Dir: w.log.dir, Err: err}
}

// commitLocked is commit under the ledger's lock.
func (w *writer) commitLocked(b *batch) (first uint64, o Outcome, err error) {
	// Where all wait for the disk, the file is looked at after the sync.
	if err := w.catchUp(b.hurried || b.decide != nil); err != nil {
		return 0, Absent, err
	}
	if b.decide != nil {
		if err := w.signed(); err != nil {
			return 0, Absent, err
		}
		if err := b.make(w.cur.front.size); err != nil || len(b.leaves) == 0 {
			return w.cur.front.size, Absent, err
		}
	}
	if err := w.roll(len(b.lines)); err != nil {
		return 0, Absent, err
	}
	front := &w.cur.spare
	front.size, front.hashes = w.cur.front.size, append(front.hashes[:0], w.cur.front.hashes...)
	first = front.size
	hashes := w.cur.hashes[:0]
	for _, leaf := range b.leaves {
		hashes = front.append(leaf, hashes)
	}
	w.cur.hashes = hashes
	line, err := w.line(front, false, false)
	if err != nil {
		return 0, Absent, err
	}
	if w.seg == nil {
		if err := w.begin(first); err != nil {
			return 0, Absent, err
		}
	}
	start := len(b.lines)
	b.lines = append(line.append(b.lines, w.cur.link, w.log.trust.key), '\n')
	if o, err := w.write(b.lines); err != nil {
		return 0, o, err
	}
	w.cur.front, w.cur.spare = w.cur.spare, w.cur.front
	w.passed(&line, b.lines[start:], len(b.lines))
	w.storeHashes(first, hashes)
	return first, 0, nil
}

// signed makes sure that all records are signed and on disk, so that a decision can
// read them: this process may have passed some that another one has yet to sync.
func (w *writer) signed() error {
	l := w.log
	if w.cur.last.Size <= l.Durable().Size {
		return nil
	}
	l.syncTurn.Lock()
	defer l.syncTurn.Unlock()
	_, err := l.syncWritten()
	return err
}

// line makes the line that ends a commit of the tree front. With signed it bears the
// signature of that tree.
func (w *writer) line(front *frontier, sealed, signed bool) (commitLine, error) {
	l := w.log
	// What was durable before this commit; another process may know more.
	durable := l.Durable()
	line := commitLine{v1: l.trust.v1, size: front.size, root: front.root(), durable: min(durable.Size, w.cur.front.size), sealed: sealed}
	switch {
	case signed || line.v1:
		cp, err := l.sign(Checkpoint{Size: line.size, Root: line.root})
		if err != nil {
			return line, err
		}
		line.signed = cp
	case durable.Size > w.cur.noted && durable.Size <= w.cur.front.size:
		line.signed = durable
	}
	return line, nil
}

// passed notes that a commit of n bytes in all, which ends in line, was written at the
// end of the live segment. text is the line with its newline.
func (w *writer) passed(line *commitLine, text []byte, n int) {
	w.cur.moved(line)
	w.end += int64(n)
	w.last = append(w.last[:0], text...)
	w.log.written.Store(&mark{w.cur.last, w.seg})
}

// make has the batch's decision make its records.
func (b *batch) make(size uint64) error {
	records, err := b.decide(size)
	if err == nil {
		err = checkRecords(records)
	}
	if err != nil {
		return refusal{err}
	}
	b.add(records)
	return nil
}

// write appends data to the live segment, and sees to it that there are zeros ahead of
// the records.
func (w *writer) write(data []byte) (Outcome, error) {
	need := w.end + int64(len(data))
	if !w.log.opts.NoPadding && need > w.size {
		if err := w.pad(need); err != nil && !durable.IsFull(err) {
			return w.undo(err)
		} else if err != nil {
			// The records may fit where the padding does not.
			if o, uerr := w.undo(err); o != Absent {
				return o, uerr
			}
		}
	}
	_, err := w.seg.file.WriteAt(data, w.end)
	if err != nil {
		return w.undo(err)
	}
	w.size = max(w.size, need)
	return 0, nil
}

// pad fills the live segment with zeros from offset from on, up to a multiple of a step
// that doubles each time. What is written at once need not fit into it.
func (w *writer) pad(from int64) error {
	w.step = min(max(firstPadding, 2*w.step), maxPadding)
	w.size = (from + w.step - 1) / w.step * w.step
	_, err := w.seg.file.WriteAt(zeros[:w.size-from], from)
	return err
}

// undo takes back what a write that failed with err may have left behind the
// last commit. Only once that is on disk too the records are absent: a power cut
// must not bring them back.
func (w *writer) undo(err error) (Outcome, error) {
	l := w.log
	if terr := w.cut(); terr != nil {
		return Unknown, errors.Join(err, terr)
	}
	l.syncTurn.Lock()
	defer l.syncTurn.Unlock()
	if serr := l.syncFile(w.seg); serr != nil {
		return Unknown, errors.Join(err, serr)
	}
	if durable.IsFull(err) {
		err = noRoom{err}
	}
	return Absent, err
}

// cut removes what is behind the last commit of the live segment.
func (w *writer) cut() error {
	err := w.seg.file.Truncate(w.end)
	if err == nil {
		w.size = w.end
	}
	return err
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

// storeHashes writes tree hashes for the leaves from index first on.
func (w *writer) storeHashes(first uint64, hashes []tlog.Hash) {
	if w.tree == nil || len(hashes) == 0 {
		return
	}
	var err error
	if w.buf, err = writeHashes(w.tree, first, hashes, w.buf); err != nil {
		w.dropTree(err)
	}
}

// storeFrontier writes the hashes of a tree's right edge.
func (w *writer) storeFrontier(f *frontier) {
	for i, x := range frontierIndexes(f.size) {
		if w.tree == nil {
			return
		}
		if _, err := w.tree.WriteAt(f.hashes[i][:], x*tlog.HashSize); err != nil {
			w.dropTree(err)
		}
	}
}

// close syncs what was written and gives the files back. Nothing is acknowledged
// afterwards.
func (w *writer) close() error {
	l := w.log
	ended, err := false, error(nil)
	if w.seg != nil && l.brokenErr() == nil {
		ended, err = w.leave()
	}
	l.syncTurn.Lock()
	defer l.syncTurn.Unlock()
	if ended || l.written.Load().checkpoint.Size > l.Durable().Size {
		if _, serr := l.syncWritten(); serr != nil {
			err = errors.Join(err, w.failed(Unknown, serr))
		}
	}
	l.end()
	l.publish.close()
	return errors.Join(err, w.discard())
}

// discard closes the files.
func (w *writer) discard() error {
	if w.tree != nil {
		_ = w.tree.Close() // derived
		w.tree = nil
	}
	err := w.log.disk.Close()
	if w.seg != nil {
		err = errors.Join(err, w.seg.release())
		w.seg = nil
	}
	return err
}

// leave leaves the live segment as a whole that everybody can verify: without
// padding, and signed up to its end. On a full disk it stays as it is.
func (w *writer) leave() (ended bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), durable.Patience)
	defer cancel()
	unlock, err := w.exclude(ctx)
	if err != nil {
		return false, err
	}
	err = w.catchUp(true)
	switch {
	case err != nil || w.seg == nil:
	case !w.log.trust.v1 && w.cur.noted < w.cur.front.size:
		err = w.finish(false)
		ended = err == nil
	case w.size > w.end:
		err = w.cut()
	}
	if errors.As(err, new(noRoom)) {
		err = nil
	}
	return ended, errors.Join(err, unlock.Unlock())
}
