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
		data, err := durable.ReadFile(fsys, filepath.Join(dir, checkpointName), 1<<16)
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

// cursorAt returns a cursor at the start of segment i. It trusts the tree file
// only where that matches the signed end of the segment before; otherwise it
// walks the log from its beginning.
func (w *view) cursorAt(i int) (*cursor, error) {
	c := newCursor(w.verifier)
	if i == 0 {
		return c, w.enter(c, 0)
	}
	prev := w.segs[i-1]
	tree, done := openTree(w.fs, w.dir)
	defer done()
	if line, cp, err := w.sealOf(prev); err == nil && cp.Size == w.segs[i].first {
		if front, ok := loadFrontier(tree, cp.Size, cp.Root); ok {
			c.front, c.link, c.last, c.sealed, c.durable = front, link(line.Link), cp, true, cp.Size
			return c, nil
		}
	}
	if err := w.walk(c, i, nil); err != nil {
		return nil, err
	}
	return c, w.enter(c, i)
}

// walk passes the first n segments with c, which stands at the beginning of
// the log, and calls visit for each once it is known to be right.
func (w *view) walk(c *cursor, n int, visit func(s segment, data []byte, end int)) error {
	for i := range n {
		if err := w.enter(c, i); err != nil {
			return err
		}
		data, err := readSegment(w.fs, w.dir, w.segs[i])
		if err != nil {
			return err
		}
		end, err := c.walk(data, 0, nil)
		if err := w.judge(c, i, data, end, err); err != nil {
			return err
		}
		if visit != nil {
			visit(w.segs[i], data, end)
		}
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
	buf := make([]byte, min(info.Size(), most))
	if _, err := f.ReadAt(buf, info.Size()-int64(len(buf))); err != nil {
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
	known := max(c.durable, w.published.Size, durableBehind(data[d.offset:], w.verifier))
	if last && d.index >= known {
		return nil
	}
	return &CorruptionError{File: name, Offset: int64(d.offset), Index: d.index, Reason: d.reason}
}

// durableBehind returns the largest size that a commit line in data knew to be
// on disk. A line counts only if the log's key signed it.
func durableBehind(data []byte, v note.Verifier) (known uint64) {
	for text := range bytes.Lines(data) {
		if !bytes.HasPrefix(text, []byte(commitPrefix)) {
			continue
		}
		l, cp, err := parseCommitLine(bytes.TrimSuffix(text, []byte("\n")))
		if err != nil || l.Durable <= known {
			continue
		}
		if _, err := ParseCheckpoint(cp.Note, v); err == nil {
			known = l.Durable
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
