package ledger

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// saltField is added to each record behind its own members.
	saltField = `"salt":"`
	saltSize  = 16
	// SaltOverhead is by how many bytes a stored line is longer than its record.
	SaltOverhead = len(`,`) + len(saltField) + 22 + len(`"`)
)

// salted is records as they will stand in a segment. The goroutine that appends
// makes them, so that the leader, whom all wait for, has only to copy.
type salted struct {
	lines  []byte      // whole lines
	leaves []tlog.Hash // the leaf hash of each
}

// reset empties s and keeps its memory, unless that is a lot.
func (s *salted) reset() {
	const most = 1 << 20
	if cap(s.lines) > most {
		*s = salted{}
	}
	s.lines, s.leaves = s.lines[:0], s.leaves[:0]
}

// add appends the lines of records: each record with a random salt as its last
// member, and a newline.
func (s *salted) add(records [][]byte) {
	var salt [saltSize]byte
	for _, r := range records {
		_, _ = rand.Read(salt[:]) // never fails
		// The prefix of a leaf stands before its line while it is hashed.
		start := len(s.lines)
		s.lines = append(s.lines, leafPrefix...)
		s.lines = append(s.lines, r[:len(r)-1]...)
		if len(bytes.TrimSpace(r[1:len(r)-1])) > 0 {
			s.lines = append(s.lines, ',')
		}
		s.lines = append(s.lines, saltField...)
		s.lines = base64.RawURLEncoding.AppendEncode(s.lines, salt[:])
		s.lines = append(s.lines, `"}`...)
		s.leaves = append(s.leaves, sha256.Sum256(s.lines[start:]))
		copy(s.lines[start:], s.lines[start+len(leafPrefix):])
		s.lines[len(s.lines)-1] = '\n'
	}
}

// checkRecord checks what the format rests on. That a record is valid JSON
// inside its braces is its writer's promise: to check it again would cost more
// than all the rest of an append.
func checkRecord(r []byte) error {
	switch {
	case len(r)+SaltOverhead > MaxLine:
		return fmt.Errorf("%w: %d bytes, more than %d", ErrInvalidRecord, len(r), MaxLine-SaltOverhead)
	case len(r) < 2 || r[0] != '{' || r[len(r)-1] != '}':
		return fmt.Errorf("%w: not one JSON object", ErrInvalidRecord)
	case bytes.IndexByte(r, '\n') >= 0 || bytes.IndexByte(r, 0) >= 0:
		return fmt.Errorf("%w: not on one line", ErrInvalidRecord)
	case bytes.HasPrefix(r, []byte(commitPrefix)):
		return fmt.Errorf("%w: starts like a commit line", ErrInvalidRecord)
	}
	return nil
}
