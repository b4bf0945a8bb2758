package redact

import (
	"bytes"
	"unicode/utf8"
)

// fold returns text b with full-width forms, and the spaces, hyphens and dots
// of other scripts, as ASCII, and without characters that have no width; and where each byte
// of it stood, in the memory of at. Where nothing changes, that is b itself and nil.
func fold(b []byte, at []int) ([]byte, []int) {
	// The first bytes of all that is folded: C2 (U+00A0), E2 (U+20xx), E3 (U+3000), EF (U+FFxx).
	first := -1
	for _, c := range [...]byte{0xc2, 0xe2, 0xe3, 0xef} {
		if i := bytes.IndexByte(b, c); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	if first < 0 {
		return b, nil
	}
	for first < len(b) {
		r, size := utf8.DecodeRune(b[first:])
		if foldRune(r) != r {
			break
		}
		first += size
	}
	if first == len(b) {
		return b, nil
	}
	folded := append(make([]byte, 0, len(b)), b[:first]...)
	at = at[:0]
	for i := range first {
		at = append(at, i)
	}
	for i := first; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch f := foldRune(r); {
		case f == 0:
		case f != r:
			folded, at = append(folded, byte(f)), append(at, i)
		default:
			for k := range size {
				folded, at = append(folded, b[i+k]), append(at, i+k)
			}
		}
		i += size
	}
	return folded, at
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
