package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a signed statement of a log's size and root hash, by the
// C2SP specifications tlog-checkpoint and signed-note.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   tlog.Hash
	Note   []byte // the signed note, byte for byte; nil for the empty log that nobody signed yet
}

// ParseCheckpoint opens a signed note, checks its signature by v and that its
// origin is the name of v's key, and returns what it states.
func ParseCheckpoint(data []byte, v note.Verifier) (Checkpoint, error) {
	n, err := note.Open(data, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: %w", err)
	}
	c, err := parseNoteText(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != v.Name() {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint is of %q, not of %q", c.Origin, v.Name())
	}
	c.Note = bytes.Clone(data)
	return c, nil
}

// parseNoteText reads the text of a checkpoint: origin, size, root, each on a
// line. Extension lines are allowed by C2SP and not looked at.
func parseNoteText(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, errors.New("ledger: checkpoint: fewer than three lines")
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: size %q is not a plain decimal", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: root: %w", err)
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// signCheckpoint returns the signed note for a tree.
func signCheckpoint(origin string, size uint64, root tlog.Hash, s note.Signer) (Checkpoint, error) {
	text := origin + "\n" + strconv.FormatUint(size, 10) + "\n" + root.String() + "\n"
	sig, err := s.Sign([]byte(text))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: sign checkpoint: %w", err)
	}
	// The form of note.Sign, which takes about a fifth longer than the signature:
	// it checks text and name, which are known here to be right.
	sig = append(binary.BigEndian.AppendUint32(nil, s.KeyHash()), sig...)
	signed := append([]byte(text), "\n\u2014 "+s.Name()+" "...)
	signed = append(base64.StdEncoding.AppendEncode(signed, sig), '\n')
	return Checkpoint{Origin: origin, Size: size, Root: root, Note: signed}, nil
}

// commitPrefix starts every commit line and no record.
const commitPrefix = `{"checkpoint":`

// commitLine is the last line of each commit in a segment. It is no leaf.
//
//	{"checkpoint":"<signed note>","durable":<n>,"sealed":true,"link":"<base64>"}
//
// durable is a size that the writer knew to be on disk when it wrote the line,
// so that recovery can tell what a power cut may have torn from what it may
// not. sealed stands only in the last line of a finished segment. link is
// SHA-256 over the link of the commit line before (32 zero bytes for the
// first) and over this line up to `,"link"`: a byte of any commit line that
// changes is noticed even though only the last signature of a segment is checked.
// That signature vouches for all records before it. It does not cover the links:
// who recomputes all of them can change durable, or where commits end, but no
// record.
type commitLine struct {
	Checkpoint string `json:"checkpoint"`
	Durable    uint64 `json:"durable"`
	Sealed     bool   `json:"sealed,omitempty"`
	Link       []byte `json:"link"`
}

// linkField introduces the last member of a commit line.
const linkField = `,"link":"`

// link is a link of the chain of commit lines.
type link [sha256.Size]byte

// encodeCommitLine returns the line, without a newline, and its link.
func encodeCommitLine(signed []byte, durable uint64, sealed bool, before link) ([]byte, link) {
	b := make([]byte, 0, 512)
	b = append(b, commitPrefix...)
	b = append(b, '"')
	for _, c := range signed {
		// A signed note holds no control character but newline, and no quote or
		// backslash can stand in our origins, numbers and base64.
		if c == '\n' {
			b = append(b, `\n`...)
		} else {
			b = append(b, c)
		}
	}
	b = append(b, `","durable":`...)
	b = strconv.AppendUint(b, durable, 10)
	if sealed {
		b = append(b, `,"sealed":true`...)
	}
	l := before.next(b)
	b = append(b, linkField...)
	b = base64.StdEncoding.AppendEncode(b, l[:])
	return append(b, `"}`...), l
}

// next returns the link of the line that starts with prefix.
func (l link) next(prefix []byte) link {
	h := sha256.New()
	h.Write(l[:])
	h.Write(prefix)
	return link(h.Sum(nil))
}

// parseCommitLine reads a commit line and checks that it is in the one form
// in which [encodeCommitLine] writes it. The signature and the link are not
// checked yet.
func parseCommitLine(line []byte) (commitLine, Checkpoint, error) {
	var c commitLine
	if err := json.Unmarshal(line, &c); err != nil {
		return c, Checkpoint{}, fmt.Errorf("commit line: %w", err)
	}
	// One way to write a line, so that no byte of it can change unnoticed; the
	// link is taken as found.
	again, _ := encodeCommitLine([]byte(c.Checkpoint), c.Durable, c.Sealed, link{})
	if len(c.Link) == sha256.Size {
		base64.StdEncoding.Encode(again[len(linkPrefix(again))+len(linkField):], c.Link)
	}
	if !bytes.Equal(line, again) {
		return c, Checkpoint{}, errors.New("commit line is not in its canonical form")
	}
	text, _, ok := strings.Cut(c.Checkpoint, "\n\n")
	if !ok {
		return c, Checkpoint{}, errors.New("commit line holds no signed note")
	}
	cp, err := parseNoteText(text + "\n")
	if err != nil {
		return c, Checkpoint{}, err
	}
	cp.Note = []byte(c.Checkpoint)
	return c, cp, nil
}

// linkPrefix is the part of a canonical commit line that its link covers.
func linkPrefix(line []byte) []byte {
	return line[:len(line)-len(linkField)-base64.StdEncoding.EncodedLen(sha256.Size)-len(`"}`)]
}
