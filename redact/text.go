package redact

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// text is one string that is looked through, decoded: valid UTF-8, no escapes.
// Detectors share what they read of it. A text is used by one goroutine.
type text struct {
	b   []byte
	key string // the name under which it stands, such as the key of a JSON member; "" for none

	nums numbers // what scan made of b
	read bool    // nums is that of b
}

// reset makes t the text b under key. It keeps the memory of the text before.
func (t *text) reset(b []byte, key string) {
	t.b, t.key, t.read = b, key, false
}

// numbers returns what the detectors of digits look at.
func (t *text) numbers() *numbers {
	if !t.read {
		t.nums.scan(t.b, t.key)
		t.read = true
	}
	return &t.nums
}

// shields returns the places of ids, hashes and times, in order and disjoint.
// Nothing inside them is personal.
func (t *text) shields() []shield { return t.numbers().shields }

// span is a place in a text.
type span struct{ start, end int }

// cuts reports whether h lies in s or shares a part of it.
func (s span) cuts(h hit) bool {
	return h.start < s.end && s.start < h.end && !(h.start <= s.start && s.end <= h.end && h.end-h.start > s.end-s.start)
}

// valid returns src in valid UTF-8.
func valid(src []byte) []byte {
	if isASCII(src) || utf8.Valid(src) {
		return src
	}
	return bytes.ToValidUTF8(src, []byte("\uFFFD"))
}

// isASCII reports whether b is ASCII. It looks at 32 bytes at a time.
func isASCII(b []byte) bool {
	var all uint64
	for len(b) >= 32 {
		all |= binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:]) | binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
		b = b[32:]
	}
	for len(b) >= 8 {
		all |= binary.LittleEndian.Uint64(b)
		b = b[8:]
	}
	for _, c := range b {
		all |= uint64(c)
	}
	return all&highs == 0
}
