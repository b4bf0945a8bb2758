package sinktest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flexorhq/flexor-go/audit"
)

// kit is a place, and the rule that is tested on it.
type kit struct {
	testing.TB
	Place
	rule string
}

// broken reports that the rule is broken, and how that was seen.
func (k *kit) broken(format string, args ...any) {
	k.Helper()
	k.Fatalf("sinktest: %s\n\tThe rule: %s", fmt.Sprintf(format, args...), k.rule)
}

// open opens a sink that is closed with the test.
func (k *kit) open() audit.Sink {
	k.Helper()
	s, err := k.Open()
	if err != nil {
		k.broken("the place cannot be opened: %v", err)
	}
	k.Cleanup(func() {
		if err := s.Close(); err != nil {
			k.Errorf("sinktest: Close at the end of the test: %v", err)
		}
	})
	return s
}

// store appends a batch, which must not fail.
func (k *kit) store(s audit.Sink, b audit.Batch) {
	k.Helper()
	if err := s.Append(context.Background(), b); err != nil {
		k.broken("Append failed: %v", err)
	}
}

// close closes a sink, which must not fail.
func (k *kit) close(s audit.Sink) {
	k.Helper()
	if err := s.Close(); err != nil {
		k.broken("Close failed: %v", err)
	}
}

// stored returns what is stored.
func (k *kit) stored() [][]byte {
	k.Helper()
	got, err := k.Records()
	if err != nil {
		k.broken("the records cannot be read: %v", err)
	}
	return got
}

// kept returns the records of batches that the sink has to keep.
func (k *kit) kept(batches ...audit.Batch) (want [][]byte) {
	for _, b := range batches {
		for _, r := range b.Records {
			if k.Kinds == nil || slices.Contains(k.Kinds, r.Kind) {
				want = append(want, bytes.Clone(r.JSON))
			}
		}
	}
	return want
}

// holds fails the test unless exactly the given records are stored, in this order.
func (k *kit) holds(when string, want [][]byte) {
	k.Helper()
	got := k.stored()
	for i := range min(len(got), len(want)) {
		if !same(got[i], want[i]) {
			k.broken("%s, record %d is\n\t%s\n\tand should be\n\t%s", when, i, short(got[i]), short(want[i]))
		}
	}
	if len(got) != len(want) {
		k.broken("%s, %d records are stored, not %d", when, len(got), len(want))
	}
}

// position returns where the records of a batch stand, which must be contiguous and
// in order, or -1 if there is nothing of it.
func (k *kit) position(got, want [][]byte) int {
	k.Helper()
	at := -1
	for i, w := range want {
		j := slices.IndexFunc(got, func(g []byte) bool { return same(g, w) })
		switch {
		case i == 0:
			at = j
		case j == at+i && at >= 0, j < 0 && at < 0:
		case j < 0 || at < 0:
			k.broken("a batch of %d records is stored in part: record %d is at %d and the first at %d", len(want), i, j, at)
		default:
			k.broken("a batch is torn or out of order: record %d of it is at %d and the first at %d", i, j, at)
		}
	}
	return at
}

// same reports whether a stored record is the one that was appended, to which the
// sink may have added members.
func same(got, want []byte) bool {
	if bytes.Equal(got, want) {
		return true
	}
	more, ok := bytes.CutPrefix(got, want[:len(want)-1])
	return ok && bytes.HasPrefix(more, []byte(",")) && json.Valid(got)
}

// short returns a record for a message.
func short(line []byte) string {
	const most = 300
	if len(line) <= most {
		return string(line)
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(string(line[:most]), ""), len(line))
}
