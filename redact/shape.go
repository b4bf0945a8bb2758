package redact

import (
	"cmp"
	"slices"
	"strconv"
)

// shapes are the JSON values that came before, without what stands in them: entries of one
// program differ in their values, hardly in their names. What is remembered of names, what lies
// between them, and values that are always the same, need not be looked at again. See
// [pass.skim].
type shapes struct {
	roots  map[string]*place // by the field in which a value stands
	places map[string]*place // by their paths
	count  int
	path   []byte
	bytes  int // of all that is remembered
	spent  int // how many values were learned, less those that were recognised
	credit int // what may be spent on ways, see [form.price]
}

// place is where a string or a number stands. Its path leaves the numbers of elements out, unless a pointer has one, so
// that all of an array are one place, but says what is an array: what may follow a value, and
// what its names mean for it, is the same whenever a value is there.
type place struct {
	id     int
	path   []pathStep
	named  int    // as in a pass
	name   string // that it stands under
	field  string // the names of path, with dots between them
	wanted bitset // the detectors that look at it for that name; nil: none
	kept   bool   // it is never altered
	number bool
	ahead  bool   // its text may say something of others: it is in an array, a command, or the kind of a manifest
	inside *place // the start of the JSON in a string
	next   []link // what came behind it, the latest first

	ways    ways
	strange int // how many texts in a row were not known
}

// pathStep is one step of a path: a name, or an element of an array.
type pathStep struct {
	name  string
	array bool
	index int32 // of the element, or that of the first of those that no pointer tells from it
}

// link is what stands between two values: the closing quote of the first, and all up to the text
// of the second.
type link struct {
	text string
	to   *place // nil: the end
}

const (
	// maxShape is the largest JSON value of which the shape is remembered.
	maxShape = 64 << 10
	// maxShapes bounds about what is remembered, in bytes; then all is forgotten.
	maxShapes = 1 << 20
	// placeSize is about what a place takes, with the forms of the values that came there.
	placeSize = 1 << 10
	// maxPath is the longest path of a place that is remembered, in bytes: each of thousands in a value could
	// begin with the same long name, and be as long as the value.
	maxPath = 1 << 10
	// maxLinks is how many ways to go on from a place are remembered.
	maxLinks = 8
	// maxSpent is how many more values are learned than are recognised; then one of so many is.
	maxSpent = 64
)

// mayLearn reports whether another value is worth its learning. Where few are recognised, few are.
func (s *shapes) mayLearn() bool {
	s.spent++
	return s.spent <= maxSpent || s.spent%maxSpent == 0
}

// earn notes that a value was read.
func (s *shapes) earn(size int) { s.credit = min(s.credit+size, maxCredit) }

// recognised notes that learning was worth it.
func (s *shapes) recognised() { s.spent = max(0, min(s.spent, maxSpent)-1) }

// forget forgets everything.
func (s *shapes) forget() {
	clear(s.roots)
	clear(s.places)
	s.bytes, s.count = 0, 0
}

// root returns where values of a field begin.
func (s *shapes) root(field string) *place {
	at := s.roots[field]
	if at == nil {
		if s.roots == nil {
			s.roots, s.places = map[string]*place{}, map[string]*place{}
		}
		at = s.place()
		s.roots[field] = at
		s.bytes += len(field)
	}
	return at
}

// place returns a new place.
func (s *shapes) place() *place {
	s.count++
	s.bytes += placeSize
	return &place{id: s.count, ways: ways{needed: manyRepeats}}
}

// link returns the place to which text leads from another place.
func (s *shapes) link(from *place, text []byte, to *place) {
	for i := range from.next {
		if l := &from.next[i]; l.to == to && l.text == string(text) {
			return
		}
	}
	if len(from.next) == maxLinks {
		from.next = from.next[:maxLinks-1]
	}
	from.next = slices.Insert(from.next, 0, link{string(text), to})
	s.bytes += len(text) + 64
}

// typical reports whether what is done to the JSON that was scanned says what will be done to others of its
// shape: whether nothing in it depends on another value, or on the number of an element, and all names stay.
func (p *pass) typical() bool {
	return !p.pairs && !p.ruled && !p.renamed && p.shapes.mayLearn()
}

// learnShape remembers the shape of the JSON value of that size that was scanned.
func (p *pass) learnShape(size int) {
	s := &p.shapes
	if s.bytes > maxShapes {
		s.forget()
	}
	p.learnFrom(s.root(p.field), 0, size, p.first, int32(len(p.items)))
}

// learnFrom remembers the JSON in text[start:end], of which the items are items[from:to], and reports whether it
// could. Where it could not, what was learned of it leads nowhere.
func (p *pass) learnFrom(root *place, start, end int, from, to int32) bool {
	at := root
	for n := from; n < to; {
		t := &p.items[n]
		next := n + 1
		if t.marks&nested != 0 {
			next = t.link
		}
		if t.kind == stringItem || t.kind == numberItem {
			there := p.placeOf(root, n)
			if there == nil || p.shapes.bytes > maxShapes {
				return false
			}
			p.shapes.link(at, p.text[start:t.start], there)
			at, start = there, int(t.end)
			if t.marks&nested != 0 {
				i, _ := slices.BinarySearchFunc(p.docs, n, func(d doc, n int32) int { return cmp.Compare(d.item, n) })
				if at.inside == nil {
					at.inside = p.shapes.place()
				}
				if !p.learnFrom(at.inside, p.docs[i].Start, p.docs[i].End, n+1, next) {
					return false
				}
			}
		}
		n = next
	}
	p.shapes.link(at, p.text[start:end], nil)
	return true
}

// told returns the number of an element, or that of the first one that no pointer tells from it.
func (p *pass) told(index int32) int32 { return min(index, int32(p.r.numbered)) }

// placeOf returns the place of a string or a number in JSON that begins at root; nil: its path is too long.
func (p *pass) placeOf(root *place, n int32) *place {
	s := &p.shapes
	t := &p.items[n]
	s.path = append(strconv.AppendInt(s.path[:0], int64(root.id), 10), ' ', byte('0'+t.kind))
	for _, q := range p.steps(n) {
		if q.key < 0 {
			s.path = append(strconv.AppendInt(s.path, int64(p.told(q.index)), 10), '*')
			continue
		}
		name := p.textOf(q.key)
		s.path = append(strconv.AppendInt(s.path, int64(len(name)), 10), ':') // so that no two paths are written alike
		s.path = append(s.path, name...)
		s.path = append(s.path, byte('0'+p.items[q.key].marks/behindName)) // or what one value has beside it could be taken for what another has
	}
	if at := s.places[string(s.path)]; at != nil || len(s.path) > maxPath {
		return at
	}
	at := s.place()
	for _, q := range p.steps(n) {
		if q.key < 0 {
			at.path = append(at.path, pathStep{array: true, index: p.told(q.index)})
		} else {
			at.path = append(at.path, pathStep{name: string(p.textOf(q.key))})
		}
	}
	if len(at.path) > 0 {
		last := &at.path[len(at.path)-1]
		naming := namingOf([]byte(last.name))
		at.ahead = last.array || naming == namesCommand || naming == namesType
	}
	at.named, at.field = p.named, p.path(n)
	at.name, at.kept, at.number = p.nameOver(n), p.kept(n), t.kind == numberItem
	clear(p.wanted)
	p.wantBy(n)
	if !p.wanted.empty() {
		at.wanted = slices.Clone(p.wanted)
	}
	s.places[string(s.path)] = at
	s.bytes += 3 * len(s.path) // it is there as names and as a field, too
	return at
}
