package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
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
	verifier  note.Verifier
	segs      []segment
	strangers []string
	// published is the checkpoint file as it was before the segments were
	// listed, so that a log that grows meanwhile never looks cut short.
	published    Checkpoint
	publishedErr error // why published is not set though the file is there
}

// look reads what there is, without the segments' content.
func look(fsys durable.FS, dir string, v note.Verifier) (*view, error) {
	w := &view{fs: fsys, dir: dir, verifier: v}
	w.published, w.publishedErr = readPublished(fsys, dir, v)
	var err error
	if w.segs, w.strangers, err = listSegments(fsys, dir); err != nil {
		return nil, err
	}
	if len(w.segs) == 0 && w.published.Size > 0 {
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
	c := newCursor(w.verifier)
	return c, w.walk(c, i, nil)
}

// vouched is cursorAt without walking what is before. It trusts the tree file
// only where that matches the signed end of the segment before.
func (w *view) vouched(i int) (c *cursor, ok bool) {
	c = newCursor(w.verifier)
	if i == 0 {
		return c, true
	}
	line, cp, err := w.sealOf(w.segs[i-1])
	if err != nil || cp.Size != w.segs[i].first {
		return nil, false
	}
	tree, done := openTree(w.fs, w.dir)
	defer done()
	front, ok := loadFrontier(tree, cp.Size, cp.Root)
	c.front, c.link, c.last, c.sealed, c.durable = front, link(line.Link), cp, true, cp.Size
	return c, ok
}

// walk passes the first n segments with c, which stands at the beginning of
// the log, and calls each, if not nil, after every one.
func (w *view) walk(c *cursor, n int, each func() error) error {
	for i := range n {
		if _, _, err := w.pass(c, i, 0, nil); err != nil {
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

// pass walks segment i with c, which stands where it should begin, and calls
// visit, if not nil, for each commit with the bytes that it stands in. Commits
// of records before from may be left out. It returns the segment's bytes and the
// offset behind the last commit.
//
// A read is not atomic: beside a writer it may miss bytes and yet return what
// was written behind them much later, which looks like corruption. Bytes that
// were known to be on disk when the first read ended are met by a second one,
// so only damage that is met again in the same place is real.
func (w *view) pass(c *cursor, i int, from uint64, visit func(data []byte, at commit)) (data []byte, end int, err error) {
	if err := w.enter(c, i); err != nil {
		return nil, 0, err
	}
	var before damage
	for {
		if data, err = w.read(i); err != nil {
			return nil, end, err
		}
		if len(data) < end {
			return data, end, &CorruptionError{File: w.segs[i].name(), Offset: int64(len(data)), Index: c.front.size, Reason: "the segment became shorter while it was read"}
		}
		if end == 0 && from > c.front.size {
			end = w.skip(c, data, from)
		}
		walked := error(nil)
		end, walked = c.walk(data, end, func(at commit) {
			if visit != nil {
				visit(data, at)
			}
		})
		err = w.judge(c, i, data, end, walked)
		var d *damage
		if err == nil || !errors.As(walked, &d) || *d == before || end > 0 && c.sealed {
			return data, end, err
		}
		before = *d
	}
}

// skip moves c behind the last commit in data, the bytes of its segment, before
// the record from, and returns the offset behind it. It stays where it is and
// returns 0 unless the log's key signed that commit and the tree file matches it.
func (w *view) skip(c *cursor, data []byte, from uint64) (off int) {
	for at := range commitLinesBackwards(data) {
		l, cp, err := parseCommitLine(data[at.start:at.end])
		if err != nil || cp.Size > from {
			continue
		}
		if _, err := ParseCheckpoint(cp.Note, w.verifier); err != nil || l.Sealed || cp.Size <= c.front.size {
			return 0
		}
		tree, done := openTree(w.fs, w.dir)
		defer done()
		front, ok := loadFrontier(tree, cp.Size, cp.Root)
		if !ok {
			return 0
		}
		c.front, c.link, c.last, c.sealed, c.durable = front, link(l.Link), cp, false, max(c.durable, l.Durable)
		return at.end + 1
	}
	return 0
}

// commitLinesBackwards yields where the commit lines in data stand, the last one
// first. A line whose end is missing is not among them.
func commitLinesBackwards(data []byte) iter.Seq[span] {
	return func(yield func(span) bool) {
		for rest := data; ; {
			at := bytes.LastIndex(rest, []byte("\n"+commitPrefix))
			if at < 0 {
				return
			}
			rest = data[:at]
			n := bytes.IndexByte(data[at+1:], '\n')
			if n >= 0 && !yield(span{at + 1, at + 1 + n}) {
				return
			}
		}
	}
}

// read returns the bytes of segment i.
func (w *view) read(i int) ([]byte, error) {
	s := w.segs[i]
	data, err := durable.ReadFile(w.fs, s.path(w.dir), MaxSegment+maxBatch+maxPadding)
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
	var first uint64
	if i > 0 {
		_, cp, err := w.sealOf(w.segs[i-1])
		if err != nil {
			return &CorruptionError{File: w.segs[i-1].name(), Index: w.segs[i-1].first, Reason: "another segment follows, but this one has no right last line: " + err.Error()}
		}
		first = cp.Size
	}
	if s := w.segs[i]; s.first != first {
		return &CorruptionError{File: s.name(), Index: min(first, s.first),
			Reason: fmt.Sprintf("the segment begins at record %d, but the records before it end at %d", s.first, first)}
	}
	return nil
}

// sealOf reads and checks the last line of a finished segment.
func (w *view) sealOf(s segment) (commitLine, Checkpoint, error) {
	const most = 4096 // a commit line is shorter
	f, err := w.fs.OpenFile(s.path(w.dir), 0, 0)
	if err != nil {
		return commitLine{}, Checkpoint{}, err
	}
	defer f.Close() // opened for reading: nothing to lose
	info, err := f.Stat()
	if err != nil {
		return commitLine{}, Checkpoint{}, err
	}
	buf := make([]byte, min(info.Size, most))
	if _, err := f.ReadAt(buf, info.Size-int64(len(buf))); err != nil {
		return commitLine{}, Checkpoint{}, err
	}
	text, ok := bytes.CutSuffix(buf, []byte("\n"))
	if !ok {
		return commitLine{}, Checkpoint{}, errors.New("no whole last line")
	}
	text = text[bytes.LastIndexByte(text, '\n')+1:]
	line, cp, err := parseCommitLine(text)
	if err != nil {
		return commitLine{}, Checkpoint{}, err
	}
	if !line.Sealed {
		return commitLine{}, Checkpoint{}, errors.New("not finished")
	}
	cp, err = ParseCheckpoint(cp.Note, w.verifier)
	return line, cp, err
}

// enter checks that segment i begins where the cursor stands.
func (w *view) enter(c *cursor, i int) error {
	s := w.segs[i]
	switch {
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
		case !last && !c.sealed:
			return &CorruptionError{File: name, Offset: int64(end), Index: c.front.size, Reason: "the segment was not finished, but another follows"}
		case last && c.front.size < w.published.Size:
			return &CorruptionError{File: name, Offset: int64(end), Index: c.front.size,
				Reason: fmt.Sprintf("the log ends after %d records, but its signed checkpoint states %d: records were removed", c.front.size, w.published.Size)}
		}
		return nil
	}
	// Without its commit line no record of a commit stands, so what counts is
	// where the commit begins, not how far into it the damage is.
	known := max(c.durable, w.published.Size, knownBehind(data[end:], c.front.size, w.verifier))
	if last && c.front.size >= known {
		return nil
	}
	return &CorruptionError{File: name, Offset: int64(d.offset), Index: d.index, Reason: d.reason}
}

// knownBehind returns the size of which data, the damage behind a commit of size
// passed, shows that it was on disk: the largest that a commit line there knew
// to be. A line that states no more records than were passed was copied or
// moved there, because no write leaves it: so more than those were on disk. A
// line counts only if the log's key signed it.
func knownBehind(data []byte, passed uint64, v note.Verifier) (known uint64) {
	for text := range bytes.Lines(data) {
		if !bytes.HasPrefix(text, []byte(commitPrefix)) {
			continue
		}
		l, cp, err := parseCommitLine(bytes.TrimSuffix(text, []byte("\n")))
		if err != nil {
			continue
		}
		states := l.Durable
		if cp.Size <= passed && !l.Sealed {
			states = passed + 1
		}
		if states <= known {
			continue
		}
		if _, err := ParseCheckpoint(cp.Note, v); err == nil {
			known = states
		}
	}
	return known
}

// derive walks the whole log and returns all its tree hashes.
func (w *view) derive() (stored []tlog.Hash, err error) {
	c := newCursor(w.verifier)
	c.stored = &stored
	err = w.walk(c, len(w.segs), nil)
	return stored, err
}
