package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// cursor walks the commits of a log in order and checks each: what it has
// passed matches the tree whose root stands in the last commit line. Who wrote
// them is another question. Readers let the cursor end at a limit, which the log's
// key signed, and so vouches for all records before it; who holds the key checks
// afterwards whether a holder of it wrote the commits ([cursor.authenticate]).
type cursor struct {
	trust   authority
	limit   *Checkpoint // what the log's key signed; nil: there is no limit
	hasher  leafHasher
	front   frontier
	link    link
	last    Checkpoint // the newest commit passed; with Note if its own line is signed
	noted   uint64     // the largest size that a note in the lines passed is of
	durable uint64     // the largest size that a passed commit knew to be on disk
	sealed  bool       // the newest commit finished its segment
	forged  bool       // the mac of a commit is wrong

	// tree, if set, is asked for the leaf hashes of commits of many records. They are
	// right if they lead to the root in the commit line, and else made from the records.
	tree   durable.File
	buf    []byte       // for tree
	spare  frontier     // takes turns with front, so that a failed step changes nothing
	hashes []tlog.Hash  // scratch for the tree hashes of one commit
	stored *[]tlog.Hash // if set, receives the tree hashes of the commits passed
}

// span is where a record stands in the bytes of its segment.
type span struct{ start, end int }

// commit is one commit that a cursor passed.
type commit struct {
	first   uint64 // index of its first record
	records []span
	line    span // its commit line
	size    uint64
	root    tlog.Hash
	signed  Checkpoint // that stands in its line, unverified
	sealed  bool       // it finished its segment
	end     int        // offset behind the newline of its commit line
}

// errRoot is what a changed record leads to.
var errRoot = errors.New("the records do not match the root in their commit line")

// errUnsigned ends a walk at the limit of its cursor.
var errUnsigned = errors.New("records that nobody signed yet")

// damage is why a cursor could not pass: the first record and the offset that
// cannot be vouched for. Whether it is the unfinished write of a process that
// died, or corruption, depends on what is known to have been on disk: see
// [view.judge].
type damage struct {
	index  uint64
	offset int
	reason string
}

// Error implements error.
func (d *damage) Error() string { return d.reason }

func newCursor(a authority) *cursor { return &cursor{trust: a, hasher: newLeafHasher()} }

// clone returns a cursor in the same place that shares nothing with c.
func (c *cursor) clone() *cursor {
	out := *c
	out.front, out.spare, out.hashes, out.buf, out.hasher = c.front.clone(), frontier{}, nil, nil, newLeafHasher()
	return &out
}

// next checks the commit at data[off:] and passes it. It returns [io.EOF] when
// nothing but padding follows, errUnsigned when a commit behind the limit follows,
// and a *damage when what follows is no whole and right commit; the cursor then
// stays where it was.
func (c *cursor) next(data []byte, off int) (commit, error) {
	at := commit{first: c.front.size}
	front := &c.spare
	bad := func(pos int, reason string) (commit, error) {
		return commit{}, &damage{at.first + uint64(len(at.records)), pos, reason}
	}
	for pos := off; ; {
		if pos == len(data) || data[pos] == 0 {
			if i := leadingZeros(data[pos:]); pos+i < len(data) {
				return bad(pos+i, "bytes in the padding behind the last commit")
			}
			if pos == off {
				return commit{}, io.EOF
			}
			return commit{}, &damage{at.first, off, "records without the commit line that ends them"}
		}
		n := bytes.IndexByte(data[pos:], '\n')
		if n < 0 {
			return bad(pos, "a line without its end")
		}
		line := span{pos, pos + n}
		pos += n + 1
		text := data[line.start:line.end]
		if bytes.HasPrefix(text, []byte(commitPrefix)) {
			at.line, at.end = line, pos
			taken := c.take(&at, front)
			if !taken {
				c.hash(data, &at, front)
			}
			err := c.accept(text, &at, front)
			if err == errRoot && taken {
				c.hash(data, &at, front)
				err = c.accept(text, &at, front)
			}
			if err != nil && err != errUnsigned {
				err = &damage{at.first, off, err.Error()}
			}
			return at, err
		}
		if err := checkLine(text); err != nil {
			return bad(line.start, err.Error())
		}
		at.records = append(at.records, line)
	}
}

// hash makes front that of the tree with the records of a commit.
func (c *cursor) hash(data []byte, at *commit, front *frontier) {
	front.size, front.hashes = c.front.size, append(front.hashes[:0], c.front.hashes...)
	c.hashes = c.hashes[:0]
	for _, sp := range at.records {
		c.hashes = front.append(c.hasher.sum(data[sp.start:sp.end]), c.hashes)
	}
}

// take is hash with what the tree file says of the records. It reports false if that
// is nothing.
func (c *cursor) take(at *commit, front *frontier) bool {
	const few = 4 // take no longer to hash than to read
	if c.tree == nil || len(at.records) < few {
		return false
	}
	n := len(at.records)
	place := func(i int) int64 { return tlog.StoredHashIndex(0, int64(at.first)+int64(i)) }
	c.buf = slices.Grow(c.buf[:0], int(place(n)-place(0))*tlog.HashSize)[:int(place(n)-place(0))*tlog.HashSize]
	if _, err := c.tree.ReadAt(c.buf, place(0)*tlog.HashSize); err != nil {
		return false
	}
	front.size, front.hashes = c.front.size, append(front.hashes[:0], c.front.hashes...)
	c.hashes = c.hashes[:0]
	for i := range n {
		c.hashes = front.append(tlog.Hash(c.buf[(place(i)-place(0))*tlog.HashSize:]), c.hashes)
	}
	return true
}

// accept checks a commit line over the tree that its records make, and moves
// the cursor behind it.
func (c *cursor) accept(text []byte, at *commit, front *frontier) error {
	l, err := parseCommitLine(text)
	if err != nil {
		return err
	}
	root := front.root()
	switch {
	case l.v1 != c.trust.v1:
		return errors.New("a commit line of another format than that of the log")
	case l.signed.Note != nil && l.signed.Origin != c.trust.Name():
		return fmt.Errorf("a commit of the log %q in the log %q", l.signed.Origin, c.trust.Name())
	case l.size != front.size:
		return fmt.Errorf("the commit line states %d records where %d stand", l.size, front.size)
	case l.root != root:
		return errRoot
	case l.durable > at.first:
		return fmt.Errorf("the commit line states %d records on disk when %d were written", l.durable, at.first)
	case c.link.next(linkPrefix(text)) != l.link:
		return errors.New("the commit line does not link to the one before it")
	case c.limit != nil && l.size > c.limit.Size:
		return errUnsigned
	case c.limit != nil && l.size == c.limit.Size && root != c.limit.Root:
		return fmt.Errorf("the records are not those of the signed checkpoint of %d records", l.size)
	}
	at.size, at.root, at.signed, at.sealed = l.size, root, l.signed, l.sealed
	c.front, c.spare = *front, c.front
	c.moved(&l)
	c.forged = c.forged || c.trust.key != nil && !c.trust.vouches(&l, text)
	if c.stored != nil {
		*c.stored = append(*c.stored, c.hashes...)
	}
	return nil
}

// moved notes the commit line behind which the cursor, whose front is that of its
// tree, stands now.
func (c *cursor) moved(l *commitLine) {
	c.link, c.sealed = l.link, l.sealed
	c.last = Checkpoint{Origin: c.trust.Name(), Size: l.size, Root: l.root}
	if l.signed.Size == l.size {
		c.last.Note = l.signed.Note
	}
	c.noted = max(c.noted, l.signed.Size)
	c.durable = max(c.durable, l.durable)
}

// walk passes all commits of a segment from data[off:] on and calls visit for
// each. It returns the offset behind the last one, and a *damage when more
// follows that it could not pass.
func (c *cursor) walk(data []byte, off int, visit func(commit)) (end int, err error) {
	for {
		at, err := c.next(data, off)
		if err == io.EOF || err == errUnsigned {
			return off, nil
		}
		if err != nil {
			return off, err
		}
		off = at.end
		if visit != nil {
			visit(at)
		}
		if at.sealed && off != len(data) {
			return off, &damage{c.front.size, off, "bytes behind the end of a finished segment"}
		}
		if at.sealed {
			return off, nil
		}
	}
}

// authenticate checks that a holder of the log's key wrote what was passed.
func (c *cursor) authenticate() error {
	switch {
	case c.last.Size == 0:
		return nil // nothing was passed
	case c.forged:
		return errors.New("a commit was not written by a holder of the log's key: its mac is wrong")
	case !c.trust.v1:
		return nil
	}
	_, err := ParseCheckpoint(c.last.Note, c.trust)
	return err
}

// leadingZeros returns how many zero bytes data begins with. Every catch-up with
// another process looks at padding, so it goes by blocks.
func leadingZeros(data []byte) (n int) {
	var zeros [4096]byte
	for len(data)-n >= len(zeros) && bytes.Equal(data[n:n+len(zeros)], zeros[:]) {
		n += len(zeros)
	}
	for n < len(data) && data[n] == 0 {
		n++
	}
	return n
}

// checkLine checks what every record is: one JSON object on one line. That it
// is valid JSON inside was checked when it was appended; its hash vouches for
// the rest.
func checkLine(line []byte) error {
	switch {
	case len(line) > MaxLine:
		return fmt.Errorf("a record of more than %d bytes", MaxLine)
	case len(line) < 2 || line[0] != '{' || line[len(line)-1] != '}':
		return errors.New("a line that is no JSON object")
	case bytes.IndexByte(line, 0) >= 0:
		return errors.New("a zero byte inside a record")
	}
	return nil
}
