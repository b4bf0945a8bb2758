package redact

import "encoding/binary"

// form is what texts of one length have in common. The zero value is that of the empty text.
type form struct {
	low, high []byte
	loose     bool // each byte lies between that of low and that of high, which are ASCII; else the text is low
}

// set makes f the form of a text that came. digits: others may have other digits in their places, as
// times, prices and the numbers of orders do.
func (f *form) set(text []byte, digits, number bool) {
	f.low, f.high, f.loose = append(f.low[:0], text...), append(f.high[:0], text...), false
	if !digits || !isASCII(text) {
		return
	}
	for i, c := range text {
		if !isDigit(c) {
			continue
		}
		f.loose = true
		f.low[i], f.high[i] = '0', '9'
		if number && (i == 0 || i == 1 && text[0] == '-') && i+1 < len(text) && isDigit(text[i+1]) {
			f.low[i] = '1' // no number in JSON begins with a zero before other digits
		}
	}
}

// begins reports whether b begins with a text of this form.
func (f *form) begins(b []byte) bool {
	n := len(f.low)
	if n > len(b) {
		return false
	}
	b = b[:n]
	if !f.loose {
		return string(b) == string(f.low)
	}
	low, high := f.low, f.high[:n]
	if n < 8 {
		for i, c := range b {
			if c < low[i] || c > high[i] {
				return false
			}
		}
		return true
	}
	for i := 0; i+8 < n; i += 8 {
		if !allBetween(b[i:], low[i:], high[i:]) {
			return false
		}
	}
	return allBetween(b[n-8:], low[n-8:], high[n-8:])
}

// allBetween looks at the first eight bytes. None of low and high has its highest bit set, so no
// difference borrows from the next byte, unless one of b has it.
func allBetween(b, low, high []byte) bool {
	w := binary.LittleEndian.Uint64(b)
	return ((w|highs)-binary.LittleEndian.Uint64(low))&((binary.LittleEndian.Uint64(high)|highs)-w)&^w&highs == highs
}

// and returns the form of a text with another behind it, and whether there is one.
func (f *form) and(next *form) (both form, ok bool) {
	both.low = append(append([]byte(nil), f.low...), next.low...)
	if both.loose = f.loose || next.loose; both.loose {
		both.high = append(append([]byte(nil), f.upper()...), next.upper()...)
	}
	return both, !both.loose || isASCII(both.low)
}

// upper returns the highest text of the form.
func (f *form) upper() []byte {
	if !f.loose {
		return f.low
	}
	return f.high
}
