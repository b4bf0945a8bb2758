package redact

import (
	"bytes"
	"unicode/utf8"
)

// folded is a text with full-width forms, and the spaces, hyphens and dots of other scripts, as
// ASCII, and without characters that have no width.
type folded struct {
	b  []byte
	at []int // where each byte of b stood
}

// fold makes f of b, in the memory of the text before. It reports whether anything
// changed; otherwise f is of no use.
func (f *folded) fold(b []byte) bool {
	if isASCII(b) {
		return false
	}
	// The first bytes of all that is folded: C2 (U+00A0), E2 (U+20xx), E3 (U+3000), EF (U+FFxx).
	first := len(b)
	for _, c := range [...]byte{0xc2, 0xe2, 0xe3, 0xef} {
		if i := bytes.IndexByte(b[:first], c); i >= 0 {
			first = i
		}
	}
	for first < len(b) {
		r, size := utf8.DecodeRune(b[first:])
		if foldRune(r) != r {
			break
		}
		first += size
	}
	if first == len(b) {
		return false
	}
	f.b, f.at = append(f.b[:0], b[:first]...), f.at[:0]
	for i := range first {
		f.at = append(f.at, i)
	}
	for i := first; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if c := foldRune(r); c == r {
			for k := range size {
				f.b, f.at = append(f.b, b[i+k]), append(f.at, i+k)
			}
		} else if c != 0 {
			f.b, f.at = append(f.b, byte(c)), append(f.at, i)
		}
		i += size
	}
	return true
}

// foldedBytes is what fold makes of b.
func foldedBytes(b []byte) []byte {
	var f folded
	if f.fold(b) {
		return f.b
	}
	return b
}

// foldRune returns the ASCII character that r stands for, 0 for one without
// width, and otherwise r.
func foldRune(r rune) rune {
	switch {
	case r < 0xa0:
		return r
	case r == 0xa0, r == 0x202f, r == 0x205f, r == 0x3000, 0x2000 <= r && r <= 0x200a:
		return ' '
	case r == 0xad, r == 0xfeff, 0x200b <= r && r <= 0x200f, 0x202a <= r && r <= 0x202e, 0x2060 <= r && r <= 0x2069:
		return 0
	case 0x2010 <= r && r <= 0x2015, r == 0x2212:
		return '-'
	case 0xff01 <= r && r <= 0xff5e:
		return r - 0xff01 + '!'
	}
	return r
}

// foldedLen is the size of the first character of b if that is one that fold makes
// a byte of, and otherwise 1.
func foldedLen(b []byte) int {
	if r, size := utf8.DecodeRune(b); size > 1 && foldRune(r) != r {
		return size
	}
	return 1
}
