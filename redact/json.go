package redact

import (
	"encoding/binary"
	"math/bits"
)

// jsonNumber returns the end of the number that begins at i, and whether it has
// nothing but digits; -1 if there is none.
func jsonNumber(b []byte, i int) (end int, digits bool) {
	digits = true
	if i < len(b) && b[i] == '-' {
		digits = false
		i++
	}
	start := i
	if i = skipDigits(b, i); i == start || b[start] == '0' && i > start+1 {
		return -1, false
	}
	if i < len(b) && b[i] == '.' {
		digits = false
		start = i + 1
		if i = skipDigits(b, start); i == start {
			return -1, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		digits = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if i = skipDigits(b, i); i == start {
			return -1, false
		}
	}
	return i, digits
}

// skipDigits returns the end of the digits that begin at i.
func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' < 10 {
		i++
	}
	return i
}

// The bytes of a word in which each byte is one, and in which each has its high
// bit.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// stringEnd returns where the string that goes on at i ends, before its quote,
// and whether it has escapes, and is ASCII, and whether there may be a run of base64 in it; -1 if it does not
// end, or has control characters. It looks at eight bytes at a time: one of those in a run has no others.
func stringEnd(b []byte, i int) (end int, escaped, ascii, run bool) {
	var all uint64
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			// With that bit flipped, control characters and the quote are what is at most a
			// space. A byte is that, or a backslash, exactly if it is the lowest that is flagged; only
			// that one counts.
			quote, slash := w^(ones*2), w^(ones*'\\')
			m := ((quote-ones*(' '+1))&^quote | (slash-ones)&^slash) & highs
			if m != 0 {
				n := bits.TrailingZeros64(m) &^ 7
				all |= w & (1<<n - 1)
				i += n / 8
				break
			}
			all |= w
			run = run || mayBeBase64(w)
			i += 8
		}
		if i >= len(b) {
			return -1, false, false, false
		}
		switch c := b[i]; {
		case c == '"':
			return i, escaped, all&highs == 0, run
		case c == '\\':
			escaped = true
			i += 2
		case c < ' ':
			return -1, false, false, false
		default:
			all |= uint64(c)
			i++ // one of the last bytes
		}
	}
}
