package ledger

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Chain is what the commit lines of a log rest on besides their own records: the tree
// over the records before, and the link of the line before. Who has it where some
// commits begin can do without what can be computed in their lines:
//
//	{"checkpoint":<size>,"durable":<n>,"sealed":true,"signed":"<note>","mac":"<base64>"}
//
// is a short commit line, with neither root nor link. The root in its note is left out
// too, between its newlines, where the note is of a size that a commit led to. What is
// left is needed: a mac and a signature take a key.
//
// It vouches for nothing. Whatever it is, and whatever the records are, roots and links
// come out that go with them: what was put back has to be compared with a hash of what
// was there, and is then worth as much as that was.
//
// It is not safe for concurrent use.
type Chain struct {
	front  frontier
	link   link
	roots  []sizedRoot // of the commits of which a note may still come, by size
	hasher leafHasher
	stored []tlog.Hash // scratch
}

// sizedRoot is the root of a tree of that size.
type sizedRoot struct {
	size uint64
	root tlog.Hash
}

func newChain(front frontier, before link) *Chain {
	return &Chain{front: front, link: before, roots: []sizedRoot{{front.size, front.root()}}, hasher: newLeafHasher()}
}

// Chain returns that of the place where the piece begins that Next returns.
func (c *Copier) Chain() (*Chain, error) {
	v, err := look(c.r.fs, c.r.dir, c.r.trust)
	if err != nil {
		return nil, err
	}
	at, err := c.enter(v)
	if err != nil {
		return nil, err
	}
	if at.c == nil {
		return newChain(frontier{}, link{}), nil
	}
	return newChain(at.c.front, at.c.link), nil
}

// Encode returns the link and the hashes of the tree's right edge, largest subtree
// first, in base64.
func (c *Chain) Encode() string {
	b := slices.Clone(c.link[:])
	for _, h := range c.front.hashes {
		b = append(b, h[:]...)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// ParseChain reads what Encode returned behind so many records.
func ParseChain(size uint64, text string) (*Chain, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != tlog.HashSize*(1+bits.OnesCount64(size)) {
		return nil, fmt.Errorf("not a link and the right edge of a tree of %d records, in base64", size)
	}
	front := frontier{size: size}
	for h := range slices.Chunk(b[tlog.HashSize:], tlog.HashSize) {
		front.hashes = append(front.hashes, tlog.Hash(h))
	}
	return newChain(front, link(b)), nil
}

// Short appends to dst what is left of the next line of a segment when Whole is to put
// the rest back: a short commit line, or any other line as it is. It is for lines that
// a Copier returned, with their newline, and does not move on. That Whole gives the line
// back is to be checked: commit lines of flexor.ledger/v1 have no short form.
func (c *Chain) Short(dst, line []byte) []byte {
	root := bytes.Index(line, []byte(rootField))
	rest := root + len(rootField) + hashText + len(`"`)
	link := len(line) - len(linkField) - hashText - len(lineEnd) - len("\n")
	if !IsCommit(line) || root < 0 || rest > link {
		return append(dst, line...)
	}
	dst = append(dst, line[:root]...)
	if at := c.notedRoot(line[rest:link]); at > 0 {
		dst = append(dst, line[rest:rest+at]...)
		rest += at + hashText
	}
	dst = append(dst, line[rest:link]...)
	return append(dst, "}\n"...)
}

// notedRoot returns where the root begins in the note that stands in a part of a commit
// line; 0 if there is none that Whole can put back.
func (c *Chain) notedRoot(part []byte) int {
	const newline = `\n` // as it stands in a line
	at := bytes.Index(part, []byte(signedField))
	if at < 0 {
		return 0
	}
	lines := bytes.SplitN(part[at:], []byte(newline), 4) // origin, size, root, the rest
	if len(lines) < 4 || len(lines[2]) != hashText {
		return 0
	}
	size, _ := plainDecimal(lines[1])
	if _, known := c.rootOf(size); !known && size != c.front.size {
		return 0
	}
	return at + len(lines[0]) + len(newline) + len(lines[1]) + len(newline)
}

// Whole appends to dst the next line of a segment, of which line is what Short left, and
// moves behind it.
func (c *Chain) Whole(dst, line []byte) ([]byte, error) {
	text := bytes.TrimSuffix(line, []byte("\n"))
	if !IsCommit(line) {
		c.stored = c.front.append(c.hasher.sum(text), c.stored[:0])
		return append(dst, line...), nil
	}
	l, err := c.parse(text)
	if err != nil {
		return dst, fmt.Errorf("short commit line: %w", err)
	}
	dst = append(l.append(dst, c.link, nil), '\n')
	c.link = l.link
	return dst, nil
}

// parse reads a short commit line behind the records that were passed, and puts back the
// roots.
func (c *Chain) parse(text []byte) (l commitLine, err error) {
	s := scanner{rest: text}
	s.expect(commitPrefix)
	l.size, l.root = s.number(), c.front.root()
	c.roots = append(c.roots, sizedRoot{c.front.size, l.root})
	s.expect(durableField)
	l.durable = s.number()
	l.sealed = s.skip(sealedField)
	if s.skip(signedField) {
		l.signed = c.note(&s)
	}
	s.expect(macField)
	l.mac = s.hash()
	s.expect(lineEnd)
	switch {
	case s.err != nil:
		return l, s.err
	case len(s.rest) > 0:
		return l, errors.New("something follows its end")
	case l.size != c.front.size:
		return l, fmt.Errorf("it states %d records where %d stand", l.size, c.front.size)
	}
	return l, nil
}

// note passes a note, and puts its root back if that was left out.
func (c *Chain) note(s *scanner) (cp Checkpoint) {
	cp.Note = s.noteBytes()
	lines := bytes.SplitN(cp.Note, []byte("\n"), 4) // origin, size, root, the rest
	if len(lines) < 4 {
		s.fail("a checkpoint of fewer than three lines")
		return cp
	}
	size, ok := plainDecimal(lines[1])
	if !ok {
		s.fail("a checkpoint of no size")
		return cp
	}
	if len(lines[2]) == 0 {
		root, ok := c.rootOf(size)
		if !ok {
			s.fail("a checkpoint without its root, of %d records, to which no commit led", size)
			return cp
		}
		lines[2] = base64.StdEncoding.AppendEncode(nil, root[:])
		cp.Note = bytes.Join(lines, []byte("\n"))
	}
	i, _ := c.search(size) // of smaller trees no note follows
	c.roots = c.roots[i:]
	return cp
}

// rootOf returns the root of the tree of that size, if a commit led to it of which a note
// may still come.
func (c *Chain) rootOf(size uint64) (tlog.Hash, bool) {
	i, ok := c.search(size)
	if !ok {
		return tlog.Hash{}, false
	}
	return c.roots[i].root, true
}

func (c *Chain) search(size uint64) (int, bool) {
	return slices.BinarySearchFunc(c.roots, size, func(r sizedRoot, size uint64) int { return cmp.Compare(r.size, size) })
}
