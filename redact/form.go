package redact

import "encoding/binary"

// form is what texts of one length have in common. The zero value is that of the empty text.
type form struct {
	low, high []byte
	loose     bool    // each byte lies between that of low and that of high, which are ASCII; else the text is low
	blocks    []block // of a loose form, eight bytes each; the last one ends where the form does
}

// block is eight bytes of low, and of high with their highest bits set.
type block struct{ low, high uint64 }

// hourEnd is where the last digit of the hour stands in a time as isTime knows it.
const hourEnd = len("0000-00-00T0")

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
	if isTime(text) && text[hourEnd] != '0' {
		f.low[hourEnd] = '1' // or it could be midnight, which may be a day of birth
	}
	f.cut()
}

// cut sets the blocks.
func (f *form) cut() {
	f.blocks = f.blocks[:0]
	if n := len(f.low); f.loose && n >= 8 {
		for i := 0; i < n; i += 8 {
			i := min(i, n-8)
			f.blocks = append(f.blocks, block{binary.LittleEndian.Uint64(f.low[i:]), binary.LittleEndian.Uint64(f.high[i:]) | highs})
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
	if n < 8 {
		for i, c := range b {
			if c < f.low[i] || c > f.high[i] {
				return false
			}
		}
		return true
	}
	// What is of another form differs soon. To ask that of the other blocks one by one would cost more than it spares.
	if f.blocks[0].between(b) != highs {
		return false
	}
	last := len(f.blocks) - 1
	all := f.blocks[last].between(b[n-8:])
	for _, k := range f.blocks[1:max(1, last)] {
		b = b[8:]
		all &= k.between(b)
	}
	return all == highs
}

// between returns the highest bits of the first eight bytes that lie between those of the block. No byte of low and
// high borrows from the next one, unless that of b has its highest bit set, which is seen there.
func (k *block) between(b []byte) uint64 {
	w := binary.LittleEndian.Uint64(b)
	return ((w | highs) - k.low) & (k.high - w) &^ w & highs
}

// and returns the form of a text with another behind it, and whether there is one.
func (f *form) and(next *form) (both form, ok bool) {
	both.low = append(append([]byte(nil), f.low...), next.low...)
	if both.loose = f.loose || next.loose; both.loose {
		both.high = append(append([]byte(nil), f.upper()...), next.upper()...)
		both.cut()
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

// size is about what a way of that form takes, in bytes: its bounds are there twice.
func (f *form) size() int { return 4*len(f.low) + 128 }
