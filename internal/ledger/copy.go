package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Piece is some whole commits of one segment, byte for byte, all of them on
// disk and checked against the log's signed tree.
type Piece struct {
	Segment string    // path below the ledger's directory
	Offset  int64     // of Data in it
	Data    []byte    // ends behind a commit line; valid until the next call; empty: there is nothing yet
	First   uint64    // how many records stand before it
	Size    uint64    // how many stand in the log with it
	Root    tlog.Hash // of the tree over those
	Sealed  bool      // the segment ends with it
	// Head is the newest checkpoint known to be on disk. It may state more records
	// than Size.
	Head Checkpoint

	behind place
}

// Copier reads a log piece by piece, for a copy of it that is made elsewhere. It
// takes no lock, and holds no more than one piece in memory. It is not safe
// for concurrent use.
//
// A piece may be a line alone that ends a commit without records, such as the one that
// ends a segment.
type Copier struct {
	r       *Reader
	at      place
	buf     *[]byte
	suspect damage // met at the last look; real if it is met again, see [view.pass]
}

// place is where a piece begins.
type place struct {
	c   *cursor // nil: at the beginning of the log
	seg segment
	off int64
}

// readAhead is how much of a segment is read at once.
const readAhead = 1 << 20

// Identity returns the bytes of the ledger's log.json.
func (r *Reader) Identity() []byte { return r.info.encode() }

// Published returns the checkpoint of what is known to be on disk: that of the checkpoint
// file, which costs one short read. It may be behind after a power cut.
func (r *Reader) Published() (Checkpoint, error) { return readPublished(r.fs, r.dir, r.trust) }

// Copier returns a Copier that stands at the beginning of the log. It reads into
// buf, which several may share that are not used at the same time; nil: one of its own.
func (r *Reader) Copier(buf *[]byte) *Copier {
	if buf == nil {
		buf = new([]byte)
	}
	return &Copier{r: r, buf: buf}
}

// Seek moves to an offset in a segment, which must be one where a piece can end. It
// reports false, and leaves the Copier where it was, if the log as it is on disk
// has no such place.
func (c *Copier) Seek(segment string, offset int64) (bool, error) {
	v, err := look(c.r.fs, c.r.dir, c.r.trust)
	if err != nil {
		return false, err
	}
	for i, s := range v.segs {
		if s.name() != segment {
			continue
		}
		cur, err := v.cursorAt(i)
		if err != nil {
			return false, err
		}
		there := Copier{r: c.r, at: place{c: cur, seg: s}, buf: c.buf}
		for there.at.off < offset {
			p, err := there.Next(readAhead, offset)
			if err != nil || len(p.Data) == 0 {
				return false, err
			}
			there.Pass(p)
		}
		if there.at.off != offset {
			return false, nil
		}
		c.at = there.at
		return true, nil
	}
	return false, nil
}

// Next returns the piece that begins here, and does not move: see [Copier.Pass]. It
// ends as soon as it has most bytes, at the end of the segment, at the offset end
// of the segment if that is not 0, or where nothing more is known to be on disk.
//
// Damage is a [*CorruptionError]; where bytes may be an unfinished write, it takes
// a second call to tell.
func (c *Copier) Next(most int, end int64) (Piece, error) {
	v, err := look(c.r.fs, c.r.dir, c.r.trust)
	if err != nil {
		return Piece{}, err
	}
	none := Piece{Head: v.published, behind: c.at}
	at, err := c.enter(v)
	if err != nil || at.c == nil {
		return none, err
	}
	data, err := c.read(at, most)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil // begun by a process that died before it wrote; replaced meanwhile
	}
	if err != nil {
		return none, err
	}
	p := Piece{Segment: at.seg.name(), Offset: at.off, First: at.c.front.size, Head: v.published}
	from, limit := at.c.clone(), v.published
	n, found := at.walk(data, most, end, &limit)
	for n > 0 && at.c.front.size < limit.Size && !at.c.signed() && !v.precedes(at.c.last, limit) && !c.vouched(at, n, limit) {
		// Nothing vouches for what was passed, but a signature in it may for a part.
		if limit = v.trust.newest(data[:n], Checkpoint{Size: p.First}); limit.Size == p.First {
			return none, nil
		}
		at.c = from.clone()
		n, found = at.walk(data, most, end, &limit)
	}
	if err := at.c.authenticate(); err != nil {
		return none, &CorruptionError{File: p.Segment, Offset: at.off + int64(n), Index: at.c.front.size, Reason: err.Error()}
	}
	// What could not be passed for want of bytes is met again from their beginning.
	known := max(v.published.Size, at.c.durable)
	if found.reason != "" && n == 0 {
		known = max(known, v.trust.knownBehind(data, at.c.front.size))
	}
	if n == 0 && found.reason != "" && at.c.front.size < known && found == c.suspect {
		return none, &CorruptionError{File: p.Segment, Offset: int64(found.offset), Index: found.index, Reason: found.reason}
	}
	c.suspect = found
	if n == 0 {
		return none, nil
	}
	p.Data, p.Size, p.Root, p.Sealed = data[:n], at.c.front.size, at.c.front.root(), at.c.sealed
	at.off += int64(n)
	p.behind = at
	return p, nil
}

// walk passes the commits in data, which stand where the piece begins, up to limit, most
// bytes and the offset end. It returns how many bytes it passed, and what it could not
// pass.
func (at *place) walk(data []byte, most int, end int64, limit *Checkpoint) (n int, found damage) {
	for n == 0 || !at.c.sealed && n < most && (end == 0 || at.off+int64(n) < end) {
		before := *at.c
		at.c.limit = limit
		commit, err := at.c.next(data, n)
		at.c.limit = nil
		var d *damage
		switch {
		case errors.As(err, &d):
			return n, damage{d.index, int(at.off) + d.offset, d.reason}
		case err == io.EOF:
			return n, damage{at.c.front.size, int(at.off) + n, "the segment ends before the records that the signed checkpoint states"}
		case err != nil: // nobody signed it yet
			return n, damage{}
		case end > 0 && at.off+int64(commit.end) > end:
			*at.c = before
			return n, damage{}
		}
		n = commit.end
	}
	return n, damage{}
}

// vouched reports whether what was passed, n bytes from where the piece begins, leads to
// limit, or to a signed commit before it in the same segment. It reads on as far as that, and is
// for a log without its tree file, which tells it at once.
func (c *Copier) vouched(at place, n int, limit Checkpoint) bool {
	ahead := Copier{r: c.r, at: place{at.c.clone(), at.seg, at.off + int64(n)}, buf: new([]byte)}
	for {
		data, err := ahead.read(ahead.at, readAhead)
		if err != nil {
			return false
		}
		n, _ := ahead.at.walk(data, readAhead, 0, &limit)
		ahead.at.off += int64(n)
		switch {
		case n == 0:
			return false
		case ahead.at.c.front.size == limit.Size, ahead.at.c.signed():
			return ahead.at.c.authenticate() == nil
		}
	}
}

// signed reports whether the log's key signed the newest commit passed.
func (c *cursor) signed() bool {
	_, err := ParseCheckpoint(c.last.Note, c.trust)
	return err == nil
}

// Pass moves behind p, which Next returned last.
func (c *Copier) Pass(p Piece) { c.at = p.behind }

// Quiet reports whether nothing stands in the segment behind the place where the next
// piece begins. It costs one short read, and does not look for another segment.
func (c *Copier) Quiet() bool { return c.at.c == nil || !c.holds(c.at, 0) }

// holds reports whether something was written to the segment more than n bytes behind
// a place: zeros are padding, as no record or commit line holds one.
func (c *Copier) holds(at place, n int) bool {
	f, err := c.r.fs.OpenFile(at.seg.path(c.r.dir), os.O_RDONLY, 0)
	if err != nil {
		return true // Next will tell
	}
	defer f.Close() // opened for reading: nothing to lose
	var b [1]byte
	_, _ = f.ReadAt(b[:], at.off+int64(n)) // the end of the file is no error here
	return b[0] != 0
}

// Full reports whether a piece of most bytes, or the end of a segment, can be
// expected from Next. It costs one short read.
func (c *Copier) Full(most int) bool {
	v, err := look(c.r.fs, c.r.dir, c.r.trust)
	if err != nil {
		return true // Next will tell
	}
	at, err := c.enter(v)
	if err != nil || at.c == nil {
		return err != nil
	}
	return len(v.segs) == 0 || v.segs[len(v.segs)-1].first > at.seg.first || c.holds(at, most-1)
}

// enter returns a copy of the place where the next piece begins; its cursor is nil
// if there is no segment for it yet.
func (c *Copier) enter(v *view) (place, error) {
	at := c.at
	switch {
	case at.c == nil:
		if len(v.segs) == 0 {
			return place{}, nil
		}
		cur, err := v.cursorAt(0)
		return place{c: cur, seg: v.segs[0]}, err
	case at.c.sealed && at.off > 0:
		i := 0
		for i < len(v.segs) && v.segs[i].first < at.c.front.size {
			i++
		}
		if i == len(v.segs) && at.c.front.size < v.published.Size {
			return place{}, &CorruptionError{File: segmentsDir, Index: at.c.front.size,
				Reason: fmt.Sprintf("no segment holds the records from %d on, but the signed checkpoint states %d", at.c.front.size, v.published.Size)}
		}
		if i == len(v.segs) {
			return place{}, nil
		}
		if err := v.enter(at.c, i); err != nil {
			return place{}, err
		}
		at.seg, at.off = v.segs[i], 0
	case !slices.Contains(v.segs, at.seg):
		return place{}, &CorruptionError{File: at.seg.name(), Offset: at.off, Index: at.c.front.size, Reason: "the segment is gone before its end was read"}
	}
	at.c = at.c.clone()
	return at, nil
}

// read returns what stands in the segment from where the piece begins: enough for a
// piece of most bytes with the commit that takes it there.
func (c *Copier) read(at place, most int) ([]byte, error) {
	f, err := c.r.fs.OpenFile(at.seg.path(c.r.dir), os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() // opened for reading: nothing to lose
	buf := (*c.buf)[:0]
	for want, n := readAhead, 0; n < want; {
		buf = slices.Grow(buf, want-n)
		got, err := f.ReadAt(buf[n:want], at.off+int64(n))
		n += got
		buf = buf[:n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		want = most + maxBatch + maxCommitLine // there is more than a little
	}
	*c.buf = buf
	return buf, nil
}

// Lay makes dir, which must not hold anything yet, the directory of a ledger whose
// log.json is info and that has no records. They can then be put into its
// segments; nothing is checked but info.
func Lay(dir string, info []byte) error {
	fsys := durable.Disk{}
	if err := durable.MkdirAll(fsys, dir, 0o755); err != nil {
		return err
	}
	if err := durable.Touch(fsys, lockName(dir), lockPerm); err != nil {
		return err
	}
	for _, d := range []string{segmentsDir, writersDir} {
		if err := fsys.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	if err := durable.WriteFile(fsys, filepath.Join(dir, infoFile), info, 0o644); err != nil {
		return err
	}
	_, _, err := ReadInfo(fsys, dir)
	return err
}

// IsCommit reports whether a line of a segment is one that ends a commit, and no
// record.
func IsCommit(line []byte) bool { return bytes.HasPrefix(line, []byte(commitPrefix)) }
