package redact

import "encoding/binary"

// known remembers short texts in which no trigger matches, such as the names that
// stand in every entry, so that they need not go through the automaton again. It
// forgets what others take the place of. The zero value knows nothing.
type known [512]shortText

// maxKnown is the length of the longest text that is remembered.
const maxKnown = 24

// shortText is a text of 1 to 24 bytes: its length, and all of its bytes, some of them
// twice. The zero value is none.
type shortText struct {
	head, middle, tail uint64
	length             int
}

// shortTextOf returns a text of 1 to 24 bytes as a value that can be compared.
func shortTextOf(b []byte) (t shortText) {
	n := len(b)
	t.length = n
	switch {
	case n >= 8:
		t.head, t.tail = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
		if n > 16 {
			t.middle = binary.LittleEndian.Uint64(b[8:])
		}
	case n >= 4:
		t.head, t.tail = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	default:
		t.head, t.tail = uint64(b[0]), uint64(b[n/2])<<8|uint64(b[n-1])
	}
	return t
}

// slot returns where a text stands if it is known.
func (t *shortText) slot() uint64 {
	const odd1, odd2 = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93 // as good as any that mix the bits
	return (t.head*odd1 ^ (t.tail+t.middle+uint64(t.length))*odd2) >> 55
}

// has reports whether a text is known.
func (k *known) has(b []byte) bool {
	if len(b) == 0 || len(b) > maxKnown {
		return len(b) == 0
	}
	t := shortTextOf(b)
	return k[t.slot()] == t
}

// learn remembers a text.
func (k *known) learn(b []byte) {
	if len(b) > 0 && len(b) <= maxKnown {
		t := shortTextOf(b)
		k[t.slot()] = t
	}
}
