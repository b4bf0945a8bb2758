package redact

const (
	maxNesting = 256 // arrays and objects inside each other
	maxLayers  = 4   // JSON inside the strings of JSON
)

// frame is an array or an object that is being scanned.
type frame struct {
	parent, index int32 // of the members of an object; an element has the array for a parent
	count         int32 // elements so far
	array         int32 // its item; -1: an object
	name, typed   int32 // of an object the items of "name" and "type", of an array the first a flag; -1: none
	values        int32 // of an object how many of pass.values were there before its own
	last          int32 // of an array the last string or number; -1: none
	below         int32 // of an object the key of which the name, or what is beside that, may hold for all of its members; -1: none
	secret        int32 // of an object the key that says that its value is secret; -1: none
	flagged       bool  // there is such a key, whatever it says
	cookies       int32 // of an object the key "cookies" that it stands under; -1: none
	command       int32 // the item of the command of which the strings in an array are arguments, or will be; -1: none
	key           int32 // of an array the first line of a private key, the other lines of which come now; -1: none
	login         bool  // it is one that takes a password
	marks         uint8 // behindName, behindValue
}

// scan appends the items of the JSON value in text[start:end], and reports
// whether it is one. What stands inside a string is scanned too, where that is
// JSON.
func (p *pass) scan(start, end int, parent, index int32, layer int) bool {
	b := p.text[start:end]
	s := scanner{p: p, b: b, base: start, layer: layer, bottom: len(p.frames)}
	values := len(p.values)
	ok := s.value(parent, index)
	p.frames = p.frames[:s.bottom]
	p.values = p.values[:values]
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
			s.pos++
			s.open(c == '[', parent, index)
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

// open begins an array or an object.
func (s *scanner) open(array bool, parent, index int32) {
	p := s.p
	f := frame{parent: parent, index: index, array: -1, name: -1, typed: -1, values: int32(len(p.values)), last: -1, below: -1, secret: -1, cookies: -1, command: -1, key: -1}
	if array {
		f.array = p.add(arrayItem, s.base+s.pos-1, s.base+s.pos, parent, index)
		p.items[f.array].link = p.keyOver(f.array)
	} else {
		f.below = s.namedBelow(parent)
		if f.below >= 0 && foldEqual(p.textOf(f.below), "cookies") {
			f.cookies = f.below
		}
	}
	if len(p.frames) > s.bottom {
		switch outer := &p.frames[len(p.frames)-1]; {
		case outer.array >= 0:
			outer.name, outer.last = -1, -1 // no secret
		case array && outer.command >= 0 && commandOf(p.textOf(outer.command)) != nil:
			f.command = outer.command
		}
	}
	p.frames = append(p.frames, f)
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
