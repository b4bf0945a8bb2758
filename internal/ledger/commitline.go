package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// commitPrefix starts every commit line and no record.
const commitPrefix = `{"checkpoint":`

// commitLine is the last line of each commit in a segment. It is no leaf.
//
//	{"checkpoint":<size>,"root":"<base64>","durable":<n>,"sealed":true,"signed":"<note>","mac":"<base64>","link":"<base64>"}
//
// checkpoint and root are of the tree over all records up to here. durable is a
// size that the writer knew to be on disk when it wrote the line, so that recovery
// can tell what a power cut may have torn from what it may not. sealed stands only in
// the last line of a finished segment. signed is a signed note: of this tree in a
// line without records, which ends a segment or the work of a writer; else of an
// earlier one, and only where none of that size or a larger one stood before. mac is
// made with a key that only holders of the signing key have, over this line up to
// `,"mac"`: see [authority]. link is SHA-256 over the link of the commit line
// before (32 zero bytes for the first) and over this line up to `,"link"`, so that a
// byte of any commit line that changes is noticed by those who cannot check the mac.
//
// In flexor.ledger/v1 every line holds the signed note of its tree, and no mac:
//
//	{"checkpoint":"<note>","durable":<n>,"sealed":true,"link":"<base64>"}
type commitLine struct {
	v1      bool
	size    uint64
	root    tlog.Hash
	durable uint64
	sealed  bool
	signed  Checkpoint // what the note states, unverified; without Note: there is none
	mac     mac
	link    link
}

const (
	rootField    = `,"root":"`
	durableField = `,"durable":`
	sealedField  = `,"sealed":true`
	signedField  = `,"signed":`
	macField     = `,"mac":"`
	linkField    = `,"link":"`
	lineEnd      = `"}`
)

// link is a link of the chain of commit lines.
type link [sha256.Size]byte

// next returns the link of the line that starts with prefix.
func (l link) next(prefix []byte) link {
	var buf [1024]byte
	return sha256.Sum256(append(append(buf[:0], l[:]...), prefix...))
}

// append appends the line, without a newline, to b, and sets its mac and link.
// before is the link of the line before; key is nil in flexor.ledger/v1.
func (l *commitLine) append(b []byte, before link, key *macKey) []byte {
	start := len(b)
	b = append(b, commitPrefix...)
	if l.v1 {
		b = appendNote(b, l.signed.Note)
	} else {
		b = strconv.AppendUint(b, l.size, 10)
		b = append(b, rootField...)
		b = base64.StdEncoding.AppendEncode(b, l.root[:])
		b = append(b, '"')
	}
	b = append(b, durableField...)
	b = strconv.AppendUint(b, l.durable, 10)
	if l.sealed {
		b = append(b, sealedField...)
	}
	if !l.v1 {
		if l.signed.Note != nil {
			b = append(b, signedField...)
			b = appendNote(b, l.signed.Note)
		}
		if key != nil {
			l.mac = key.sum(b[start:])
		}
		b = append(b, macField...)
		b = base64.StdEncoding.AppendEncode(b, l.mac[:])
		b = append(b, '"')
	}
	l.link = before.next(b[start:])
	b = append(b, linkField...)
	b = base64.StdEncoding.AppendEncode(b, l.link[:])
	return append(b, lineEnd...)
}

// appendNote appends a signed note as a JSON string. A note holds no control
// character but newline, and no quote or backslash can stand in our origins,
// numbers and base64.
func appendNote(b, note []byte) []byte {
	b = append(b, '"')
	for _, c := range note {
		if c == '\n' {
			b = append(b, `\n`...)
		} else {
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// parseCommitLine reads a commit line in the one form in which it is written, so
// that no byte of it can change unnoticed. Neither mac nor link nor signature are
// checked yet.
func parseCommitLine(line []byte) (l commitLine, err error) {
	s := scanner{rest: line}
	s.expect(commitPrefix)
	if l.v1 = bytes.HasPrefix(s.rest, []byte{'"'}); l.v1 {
		l.signed = s.note()
		l.size, l.root = l.signed.Size, l.signed.Root
	} else {
		l.size = s.number()
		s.expect(rootField)
		l.root = s.hash()
		s.expect(`"`)
	}
	s.expect(durableField)
	l.durable = s.number()
	l.sealed = s.skip(sealedField)
	if !l.v1 {
		if s.skip(signedField) {
			l.signed = s.note()
		}
		s.expect(macField)
		l.mac = s.hash()
		s.expect(`"`)
	}
	s.expect(linkField)
	l.link = s.hash()
	s.expect(lineEnd)
	switch {
	case s.err != nil:
		return l, fmt.Errorf("commit line: %w", s.err)
	case len(s.rest) > 0:
		return l, errors.New("commit line: something follows its end")
	case l.sealed && l.signed.Size != l.size:
		return l, errors.New("commit line: the end of a segment is not signed")
	case l.signed.Size > l.size:
		return l, errors.New("commit line: it holds a checkpoint of more records than there are")
	}
	return l, nil
}

// The parts of a whole commit line that its link and its mac cover.
func linkPrefix(line []byte) []byte { return line[:len(line)-len(linkField)-hashText-len(lineEnd)] }
func macPrefix(line []byte) []byte {
	covered := linkPrefix(line)
	return covered[:len(covered)-len(macField)-hashText-len(`"`)]
}

// hashText is how long a hash is in base64.
const hashText = (sha256.Size + 2) / 3 * 4

// scanner reads a commit line from its beginning. The first failure sticks.
type scanner struct {
	rest []byte
	err  error
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// skip passes text if it comes next.
func (s *scanner) skip(text string) bool {
	if s.err != nil || len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		return false
	}
	s.rest = s.rest[len(text):]
	return true
}

// expect passes text, which must come next.
func (s *scanner) expect(text string) {
	if !s.skip(text) {
		s.fail("there is no %s where it must stand", text)
	}
}

// number passes a plain decimal.
func (s *scanner) number() (n uint64) {
	digits := 0
	for digits < len(s.rest) && '0' <= s.rest[digits] && s.rest[digits] <= '9' {
		digits++
	}
	n, ok := plainDecimal(s.rest[:digits])
	if !ok {
		s.fail("a size is not a plain decimal")
	}
	s.rest = s.rest[digits:]
	return n
}

// plainDecimal reads a size as we write it.
func plainDecimal(digits []byte) (n uint64, ok bool) {
	if len(digits) == 0 || len(digits) > 19 || len(digits) > 1 && digits[0] == '0' {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, n < 1<<63
}

// hash passes 32 bytes in base64.
func (s *scanner) hash() (h [sha256.Size]byte) {
	if len(s.rest) < hashText {
		s.fail("a hash is cut off")
		return h
	}
	var buf [sha256.Size + 1]byte
	n, err := base64.StdEncoding.Strict().Decode(buf[:], s.rest[:hashText])
	if err != nil || n != len(h) {
		s.fail("a hash is not in base64")
	}
	s.rest = s.rest[hashText:]
	return [sha256.Size]byte(buf[:])
}

// note passes a signed note as appendNote writes it.
func (s *scanner) note() (cp Checkpoint) {
	signed := s.noteBytes()
	if s.err != nil {
		return cp
	}
	head, _, ok := bytes.Cut(signed, []byte("\n\n"))
	if !ok {
		s.fail("commit line holds no signed note")
		return cp
	}
	cp, err := parseNoteText(signed[:len(head)+1])
	if err != nil {
		s.err = err
	}
	cp.Note = signed
	return cp
}

// noteBytes passes a signed note as appendNote writes it, whatever it states.
func (s *scanner) noteBytes() []byte {
	s.expect(`"`)
	n := bytes.IndexByte(s.rest, '"')
	if s.err != nil || n < 0 {
		s.fail("a checkpoint is cut off")
		return nil
	}
	text := s.rest[:n]
	s.rest = s.rest[n+1:]
	if bytes.IndexByte(text, '\n') >= 0 {
		s.fail("a checkpoint is not in its canonical form") // a second form of a newline
		return nil
	}
	signed := make([]byte, 0, len(text))
	for len(text) > 0 {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			signed = append(signed, text...)
			break
		}
		if i+1 == len(text) || text[i+1] != 'n' {
			s.fail("a checkpoint is not in its canonical form")
			return nil
		}
		signed = append(append(signed, text[:i]...), '\n')
		text = text[i+2:]
	}
	return signed
}
