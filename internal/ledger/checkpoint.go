package ledger

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

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
	c, err := parseNoteText([]byte(n.Text))
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
func parseNoteText(text []byte) (Checkpoint, error) {
	origin, text, _ := bytes.Cut(text, []byte("\n"))
	digits, text, _ := bytes.Cut(text, []byte("\n"))
	hash, _, ok := bytes.Cut(text, []byte("\n"))
	if !ok || len(origin) == 0 {
		return Checkpoint{}, errors.New("ledger: checkpoint: fewer than three lines")
	}
	size, ok := plainDecimal(digits)
	if !ok {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: size %q is not a plain decimal", digits)
	}
	root, err := tlog.ParseHash(string(hash))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: root: %w", err)
	}
	return Checkpoint{Origin: string(origin), Size: size, Root: root}, nil
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
