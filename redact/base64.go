package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"unicode/utf8"
)

// minBase64 is how many characters base64 has at least that is looked into: what
// is shorter holds less than twelve bytes.
const minBase64 = 16

// base64Value returns the value of each byte in base64, of either kind; noBase64 of
// those that do not stand in it, and of padding.
var base64Value = func() (values [256]byte) {
	for i := range values {
		values[i] = noBase64
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		values[c] = byte(i)
	}
	values['-'], values['_'] = 62, 63
	return values
}()

const noBase64 = 0xFF

// longWords looks for long words in b, and reports whether there is one that
// longWord means, if anybody looks at those, and whether there is text in base64.
func (r *Redactor) longWords(b []byte) (long, encoded bool) {
	long = !r.looksLong
	for from := 0; !long || !encoded; {
		start, end := base64Run(b, from)
		if start < 0 {
			break
		}
		word := b[start:end]
		long = long || len(word) >= minLongWord && hasCapital(word)
		encoded = encoded || textStart(word) >= 0
		from = end
	}
	return long && r.looksLong, encoded
}

// neverLong reports whether [Redactor.longWords] says that there is nothing in b, whatever digits stand
// in it in the place of its own.
func (r *Redactor) neverLong(b []byte) bool {
	for from := 0; ; {
		start, end := base64Run(b, from)
		if start < 0 {
			return true
		}
		word := b[start:end]
		if r.looksLong && len(word) >= minLongWord && hasCapital(word) || mayBeText(word) {
			return false
		}
		from = end
	}
}

// mayBeText reports whether textStart may find text in a run with other digits: by its heads, as far as they have none.
func mayBeText(run []byte) bool {
	may := func(run []byte) bool { return bytes.ContainsAny(run[:4], "0123456789") || headIsText(run) }
	i := 1 + bytes.LastIndexByte(run[:len(run)-minBase64], '/')
	return may(run) || i > 0 && may(run[i:])
}

// hasCapital reports whether there is a capital ASCII letter in b.
func hasCapital(b []byte) bool {
	for _, c := range b {
		if c-'A' < 26 {
			return true
		}
	}
	return false
}

const minLongWord = 26

// base64Run returns the first run of base64 characters that is long enough;
// negative: there is none. It reads eight bytes at a time: all eight are in a run
// somewhere, if that is twice as long.
func base64Run(b []byte, from int) (start, end int) {
	for i := from; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if !mayBeBase64(w) {
			continue
		}
		start, end = i, i
		for end < len(b) && base64Value[b[end]] != noBase64 {
			end++
		}
		if end == i {
			continue
		}
		for start > from && base64Value[b[start-1]] != noBase64 {
			start--
		}
		if end-start >= minBase64 {
			return start, end
		}
		i = end - 8
	}
	return -1, -1
}

// mayBeBase64 reports whether none of eight bytes is a space, or a sign before the plus, or no ASCII.
func mayBeBase64(w uint64) bool { return ((w-ones*'+')&^w|w)&highs == 0 }

// textStart returns where in a run of base64 characters text in base64 begins:
// at its start, or behind a slash; negative: it is not text. Ids and hashes are
// told apart by their first bytes.
func textStart(run []byte) int {
	if isText(run) {
		return 0
	}
	if i := 1 + bytes.LastIndexByte(run[:len(run)-minBase64], '/'); i > 0 && isText(run[i:]) {
		return i
	}
	return -1
}

// isText reports whether run is base64 of which the beginning is text. Most of
// what is none fails by its first three bytes.
func isText(run []byte) bool {
	if !headIsText(run) {
		return false
	}
	var buf [48]byte
	n, ok := decodeBase64(buf[:], run[:min(len(run), 64)])
	return ok && printable(buf[:n])
}

// headIsText is isText for the first three bytes, which four characters encode.
func headIsText(run []byte) bool {
	a, b, c := base64Value[run[0]], base64Value[run[1]], base64Value[run[2]]
	head := [...]byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | base64Value[run[3]]}
	return printable(head[:])
}

// printable reports whether text, which may be cut inside a rune, is UTF-8
// without control characters.
func printable(text []byte) bool {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c < ' ' && !isSpace(c) || c == 0x7F {
				return false
			}
			i++
			continue
		}
		if c < 0xC2 || i+1 < len(text) && text[i+1]&0xC0 != 0x80 {
			return false // what most ids and hashes decode to is not even the beginning of a rune
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return !utf8.FullRune(text[i:])
		}
		i += size
	}
	return true
}

// decodeBase64 decodes either kind of base64 without padding, and stops where
// that is no use.
func decodeBase64(dst, src []byte) (n int, ok bool) {
	if len(src)%4 == 1 {
		src = src[:len(src)-1]
	}
	enc := base64.RawStdEncoding
	for _, c := range src {
		if c == '-' || c == '_' {
			enc = base64.RawURLEncoding
			break
		}
	}
	n, err := enc.Decode(dst, src)
	return n, err == nil
}
