package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// checkpointName is the file that holds the newest signed note whose records
// are known to be on disk. It is derived, but a log that ends before it was
// cut short.
const checkpointName = "checkpoint"

// maxNote is the size in bytes that no checkpoint file exceeds.
const maxNote = 1 << 16

// view is the segments of a ledger as they stood at one moment.
type view struct {
	fs        durable.FS
	dir       string
	trust     authority
	start     start // where the log begins
	segs      []segment
	leftovers []segment // files of records that were purged
	strangers []string
	// published is the checkpoint file as it was before the segments were
	// listed, so that a log that grows meanwhile never looks cut short.
	published    Checkpoint
	publishedErr error // why published is not set though the file is there
}

// look reads what there is, without the segments' content.
func look(fsys durable.FS, dir string, a authority) (*view, error) {
	w := &view{fs: fsys, dir: dir, trust: a}
	if a.key != nil {
		w.trust.key = a.key.clone()
	}
	w.published, w.publishedErr = readPublished(fsys, dir, a)
	segs, strangers, err := listSegments(fsys, dir)
	if err != nil {
		return nil, err
	}
	w.strangers = strangers
	// Read behind the segments: a purge states where the log begins before it
	// removes any.
	if w.start, _, err = readStart(fsys, dir, a); err != nil {
		return nil, err
	}
	gone := 0
	for gone < len(segs) && segs[gone].first < w.start.cp.Size {
		gone++
	}
	w.leftovers, w.segs = segs[:gone:gone], segs[gone:]
	if len(w.segs) == 0 && w.published.Size > w.start.cp.Size {
		return nil, &CorruptionError{File: segmentsDir, Reason: fmt.Sprintf("no segments, but the signed checkpoint states %d records", w.published.Size)}
	}
	return w, nil
}

// readPublished reads the checkpoint file. A writer replaces its content in
// place, so a reader may meet half of it: it then looks again.
func readPublished(fsys durable.FS, dir string, v note.Verifier) (Checkpoint, error) {
	var before []byte
	for {
		data, err := durable.ReadFile(fsys, filepath.Join(dir, checkpointName), maxNote)
		if errors.Is(err, fs.ErrNotExist) {
			return Checkpoint{}, nil
		}
		if err != nil {
			return Checkpoint{}, err
		}
		cp, err := ParseCheckpoint(data, v)
		if err == nil || bytes.Equal(data, before) {
			return cp, err // right, or wrong and not changing
		}
		before = data
	}
}

// cursorAt returns a cursor that stands where segment i should begin.
func (w *view) cursorAt(i int) (*cursor, error) {
	if c, ok := w.vouched(i); ok {
		return c, nil
	}
	c := w.start.cursor(w.trust)
	return c, w.walk(c, i, nil)
}

// vouched is cursorAt without walking what is before. It trusts the tree file
// only where that matches the signed end of the segment before.
func (w *view) vouched(i int) (c *cursor, ok bool) {
	c = w.start.cursor(w.trust)
	if i == 0 {
		return c, true
	}
	l, err := w.sealOf(w.segs[i-1])
	if err != nil || l.size != w.segs[i].first {
		return nil, false
	}
	ok = w.put(c, &l)
	c.durable = l.size // another segment follows
	return c, ok
}

// walk passes the first n segments with c, which stands where the log begins, and calls each, if not nil, after every one.
func (w *view) walk(c *cursor, n int, each func() error) error {
	for i := range n {
		if _, err := w.pass(c, i, 0, nil); err != nil {
			return err
		}
		if each == nil {
			continue
		}
		if err := each(); err != nil {
			return err
		}
	}
	return nil
}

// put moves c behind the commit line l, if the tree file matches it.
func (w *view) put(c *cursor, l *commitLine) bool {
	tree, done := openTree(w.fs, w.dir)
	defer done()
	front, ok := loadFrontier(tree, l.size, l.root)
	if ok {
		c.front = front
		c.moved(l)
	}
	return ok
}

// read returns the bytes of segment i.
func (w *view) read(i int) ([]byte, error) {
	s := w.segs[i]
	data, err := durable.ReadFile(w.fs, s.path(w.dir), MaxSegment+maxBatch+maxPadding)
	if errors.Is(err, fs.ErrNotExist) {
		if err := w.purged(s); err != nil {
			return nil, err
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && i == len(w.segs)-1:
		// Empty, left by a process that died before it wrote, and removed by a writer
		// since the segments were listed. Had it held records, the checkpoint would
		// miss them.
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &CorruptionError{File: s.name(), Index: s.first, Reason: "the segment is missing"}
	case errors.Is(err, durable.ErrTooLarge):
		return nil, &CorruptionError{File: s.name(), Index: s.first, Reason: "the segment is larger than any that was written"}
	}
	return data, err
}

// purged returns a [*PurgedError] if segment s, which is gone, was purged since the
// view was taken.
func (w *view) purged(s segment) error {
	now, _, err := readStart(w.fs, w.dir, w.trust)
	if err == nil && now.cp.Size > s.first {
		err = &PurgedError{now.cp.Size}
	}
	return err
}

// chained checks by the last lines of the finished segments that none is
// missing, misnamed or of another log.
func (w *view) chained() error {
	for i := range w.segs {
		if err := w.chainedTo(i); err != nil {
			return err
		}
	}
	return nil
}

// chainedTo checks that segment i begins where the one before it ends.
func (w *view) chainedTo(i int) error {
	first := w.start.cp.Size
	if i > 0 {
		l, err := w.sealOf(w.segs[i-1])
		if errors.Is(err, fs.ErrNotExist) {
			if err := w.purged(w.segs[i-1]); err != nil {
				return err
			}
		}
		if err != nil {
			return &CorruptionError{File: w.segs[i-1].name(), Index: w.segs[i-1].first, Reason: "another segment follows, but this one has no right last line: " + err.Error()}
		}
		first = l.size
	}
	if s := w.segs[i]; s.first != first {
		return &CorruptionError{File: s.name(), Index: min(first, s.first),
			Reason: fmt.Sprintf("the segment begins at record %d, but the records before it end at %d", s.first, first)}
	}
	return nil
}

// sealOf reads and checks the last line of a finished segment.
func (w *view) sealOf(s segment) (l commitLine, err error) {
	const most = 4096 // a commit line is shorter
	f, err := w.fs.OpenFile(s.path(w.dir), 0, 0)
	if err != nil {
		return l, err
	}
	defer f.Close() // opened for reading: nothing to lose
	info, err := f.Stat()
	if err != nil {
		return l, err
	}
	buf := make([]byte, min(info.Size, most))
	if _, err := f.ReadAt(buf, info.Size-int64(len(buf))); err != nil {
		return l, err
	}
	text, ok := bytes.CutSuffix(buf, []byte("\n"))
	if !ok {
		return l, errors.New("no whole last line")
	}
	if l, err = parseCommitLine(text[bytes.LastIndexByte(text, '\n')+1:]); err != nil {
		return l, err
	}
	if !l.sealed || l.v1 != w.trust.v1 {
		return l, errors.New("not finished")
	}
	cp, err := w.trust.signed(&l)
	if err == nil && cp.Root != l.root {
		err = errors.New("it is signed for another root")
	}
	return l, err
}

// enter checks that segment i begins where the cursor stands.
func (w *view) enter(c *cursor, i int) error {
	s := w.segs[i]
	switch {
	case c.front.size < w.start.cp.Size:
		return &PurgedError{w.start.cp.Size}
	case s.first < c.front.size:
		return &CorruptionError{File: s.name(), Index: s.first,
			Reason: fmt.Sprintf("the segment begins at record %d, but those before %d stand in an earlier one", s.first, c.front.size)}
	case s.first > c.front.size:
		return &CorruptionError{File: s.name(), Index: c.front.size,
			Reason: fmt.Sprintf("records %d to %d are missing before this segment", c.front.size, s.first-1)}
	case i > 0 && !c.sealed:
		return &CorruptionError{File: w.segs[i-1].name(), Index: s.first, Reason: "the segment was not finished, but another follows"}
	}
	return nil
}

// judge says whether the walk of segment i that ended at offset end with err
// shows corruption. It returns nil if the segment is whole, and also if what
// follows its last commit is the unfinished write of a process that died: that
// can only be where nothing was known to be on disk yet. The known sizes are
// those of the checkpoint file and of the commit lines behind the damage.
func (w *view) judge(c *cursor, i int, data []byte, end int, err error) error {
	var d *damage
	if err != nil && !errors.As(err, &d) {
		return err
	}
	name := w.segs[i].name()
	if aerr := c.authenticate(); aerr != nil {
		return &CorruptionError{File: name, Offset: int64(end), Index: c.front.size, Reason: aerr.Error()}
	}
	last := i == len(w.segs)-1
	if d == nil {
		switch {
		case !last && (!c.sealed || end == 0): // the cursor may still be at the end of the one before
			return &CorruptionError{File: name, Offset: int64(end), Index: c.front.size, Reason: "the segment was not finished, but another follows"}
		case last && c.front.size < w.published.Size:
			return &CorruptionError{File: name, Offset: int64(end), Index: c.front.size,
				Reason: fmt.Sprintf("the log ends after %d records, but its signed checkpoint states %d: records were removed", c.front.size, w.published.Size)}
		}
		return nil
	}
	// Without its commit line no record of a commit stands, so what counts is
	// where the commit begins, not how far into it the damage is.
	known := max(w.published.Size, c.durable, w.trust.knownBehind(data[end:], c.front.size))
	if last && c.front.size >= known {
		return nil
	}
	return &CorruptionError{File: name, Offset: int64(d.offset), Index: d.index, Reason: d.reason}
}

// precedes reports whether the tree file proves that the log of signed, or of the
// checkpoint file if that is newer, begins with the records of cp. It can even if the log
// is damaged behind those.
func (w *view) precedes(cp, signed Checkpoint) bool {
	if w.published.Size > signed.Size {
		signed = w.published
	}
	if cp.Size == 0 || cp.Size >= signed.Size {
		return false
	}
	tree, done := openTree(w.fs, w.dir)
	defer done()
	p, err := tlog.ProveTree(int64(signed.Size), int64(cp.Size), tree)
	return err == nil && tlog.CheckTree(p, int64(signed.Size), signed.Root, int64(cp.Size), cp.Root) == nil
}

// derive walks the whole log and returns a reader of the tree hashes of all signed
// records that can be told: of records that were purged, those that proofs of the
// others need.
func (w *view) derive() (tlog.HashReader, error) {
	c := w.start.cursor(w.trust)
	var stored []tlog.Hash
	c.stored = &stored
	if err := w.walk(c, len(w.segs), nil); err != nil {
		return nil, err
	}
	edge := map[int64]tlog.Hash{}
	for i, x := range frontierIndexes(w.start.cp.Size) {
		edge[x] = w.start.front.hashes[i]
	}
	first := tlog.StoredHashIndex(0, int64(w.start.cp.Size))
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			h, ok := edge[x]
			switch at := x - first; {
			case ok:
				out[i] = h
			case at >= 0 && at < int64(len(stored)):
				out[i] = stored[at]
			default:
				return nil, fmt.Errorf("%w: the log does not hold tree hash %d, or no longer", ErrProof, x)
			}
		}
		return out, nil
	}), nil
}
