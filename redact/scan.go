package redact

import (
	"encoding/binary"
	"math/bits"
)

const (
	maxNesting = 256 // arrays and objects inside each other
	maxLayers  = 4   // JSON inside the strings of JSON
)

// kind is what an item is.
type kind uint8

const (
	keyItem kind = iota
	stringItem
	numberItem
	boolItem
	arrayItem
)

// The marks of items.
const (
	hasTrigger  = 1 << iota // a trigger of a detector matched it, or it has encoded text
	nested                  // a string that holds JSON, of which the items follow
	done                    // looked at
	hasLong                 // there is a long word in it
	quiet                   // no trigger matches it
	hasBase64               // there is text in base64 in it
	behindName              // a key behind one that names a value, in one object, or that itself
	behindValue             // a key behind "value", or that itself
)

// item is what is looked at in JSON, in the order in which it stands there. The
// text of it stands in [pass.spans] under the same number: without quotes and
// escapes. There are many, so they are small; what becomes of one is a [fate].
type item struct {
	start, end int32 // of a string without its quotes
	parent     int32 // the key or the array in which it stands; -1: none
	index      int32 // in that array
	// link is of a key or a string what names it, see [pass.aliasOf]; of an array the key that it
	// stands under; of a nested string the item after the last of its own; each -1 for none.
	link  int32
	kind  kind
	marks uint8
}

// fate is what becomes of an item. The numbers are one more than those in the
// slices they mean, so that zero is nothing.
type fate struct {
	made int32 // what it becomes, in [pass.made]
	rule int32 // what holds for it and below, in [Redactor.keys]
}

// frame is an array or an object that is being scanned.
type frame struct {
	parent, index int32 // of the members of an object; an element has the array for a parent
	count         int32 // elements so far
	array         int32 // its item; -1: an object
	name, value   int32 // of an object the items of "name" and "value", of an array a flag, and the last string; -1: none
	typed         bool  // name is that of "type"
	marks         uint8 // behindName, behindValue
}

// scan appends the items of the JSON value in text[start:end], and reports
// whether it is one. What stands inside a string is scanned too, where that is
// JSON.
func (p *pass) scan(start, end int, parent, index int32, layer int) bool {
	b := p.text[start:end]
	s := scanner{p: p, b: b, base: start, layer: layer, bottom: len(p.frames)}
	ok := s.value(parent, index)
	p.frames = p.frames[:s.bottom]
	return ok
}

// scanner reads one JSON value. It keeps no stack of its own: hostile depth is
// bounded by the length of a slice.
type scanner struct {
	p      *pass
	b      []byte
	base   int // where b stands in the text
	pos    int
	layer  int // strings around it
	bottom int // the frames of who called
}

// space skips white space, and returns the byte after it; 0 at the end.
func (s *scanner) space() byte {
	for s.pos < len(s.b) {
		switch c := s.b[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// value reads the whole value.
func (s *scanner) value(parent, index int32) bool {
	p := s.p
	for {
		// A value begins.
		opened, n := false, int32(len(p.items))
		switch c := s.space(); c {
		case '"':
			if !s.str(stringItem, parent, index) {
				return false
			}
		case '{', '[':
			if len(p.frames)-s.bottom >= maxNesting {
				return false
			}
			if len(p.frames) > s.bottom && p.frames[len(p.frames)-1].array >= 0 {
				p.frames[len(p.frames)-1].name = -1 // no secret
			}
			s.pos++
			f := frame{parent: parent, index: index, array: -1, name: -1, value: -1}
			if c == '[' {
				f.array = p.add(arrayItem, s.base+s.pos-1, s.base+s.pos, parent, index)
				p.items[f.array].link = p.keyOver(f.array)
			}
			p.frames = append(p.frames, f)
			opened = true
		default:
			if !s.literal(c, parent, index) {
				return false
			}
		}
		if !opened && len(p.frames) > s.bottom && p.frames[len(p.frames)-1].array >= 0 {
			s.element(n)
		}
		// What follows it.
		for {
			if len(p.frames) == s.bottom {
				return s.space() == 0 && s.pos == len(s.b)
			}
			f := &p.frames[len(p.frames)-1]
			c := s.space()
			if f.array >= 0 && c == ']' || f.array < 0 && c == '}' {
				s.pos++
				if f.array < 0 {
					s.closePair(f)
				} else {
					s.closeRow(f)
				}
				p.frames = p.frames[:len(p.frames)-1]
				opened = false
				continue
			}
			if !opened {
				if c != ',' {
					return false
				}
				s.pos++
			}
			if f.array >= 0 {
				parent, index = f.array, f.count
				f.count++
				break
			}
			if s.space() != '"' || !s.str(keyItem, f.parent, f.index) {
				return false
			}
			parent, index = int32(len(p.items)-1), -1
			if s.space() != ':' {
				return false
			}
			s.pos++
			s.pair(f, parent)
			break
		}
	}
}

// str reads a string.
func (s *scanner) str(k kind, parent, index int32) bool {
	s.pos++
	start := s.pos
	end, escaped, _, run := stringEnd(s.b, start)
	if end < 0 {
		return false
	}
	s.pos = end + 1
	n := s.p.add(k, s.base+start, s.base+end, parent, index)
	if escaped {
		return s.p.unescape(n, s.b[start:end], s.layer)
	}
	if s.p.known.has(s.b[start:end]) {
		s.p.items[n].marks |= quiet
	} else if run {
		s.p.markLong(n)
	}
	return true
}

// literal reads a number, a boolean or null, of which c is the first byte.
func (s *scanner) literal(c byte, parent, index int32) bool {
	start := s.pos
	switch c {
	case 't':
		return s.word("true") && s.p.add(boolItem, s.base+start, s.base+s.pos, parent, index) >= 0
	case 'f':
		return s.word("false") && s.p.add(boolItem, s.base+start, s.base+s.pos, parent, index) >= 0
	case 'n':
		return s.word("null")
	}
	end, digits := jsonNumber(s.b, start)
	if end < 0 {
		return false
	}
	s.pos = end
	n := s.p.add(numberItem, s.base+start, s.base+end, parent, index)
	if !digits || end-start < minNumber {
		s.p.items[n].marks |= quiet
	}
	return true
}

// minNumber is how many digits a number has at least that could be something
// personal, such as a social security number.
const minNumber = 9

// word reads one of the words of JSON.
func (s *scanner) word(w string) bool {
	if len(s.b)-s.pos < len(w) || string(s.b[s.pos:s.pos+len(w)]) != w {
		return false
	}
	s.pos += len(w)
	return true
}

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
