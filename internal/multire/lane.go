package multire

import (
	"bytes"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// lane walks one span at a time. Four of them walk side by side: where a byte
// leads is not known before the load for the byte before has arrived, so that one
// lane alone waits most of its time.
type lane struct {
	text  []byte // the span, or its repaired form; of an idle lane, anything
	pos   int    // how far it is walked
	state uint16 // a transition; idle: there is no span

	seen []uint64 // a bit for each pattern that has matched
	left int      // how many have not
	over bool     // all that can be said of the span is said

	row   bool // text is a part of the row, which begins there at base; seen and left are not used
	base  int
	index int // in the row, of the span it was in last

	repaired []byte // memory for text that is not UTF-8
}

// work is what the lanes take their spans from.
type work struct {
	text  []byte
	spans []Span
	next  int // index of the first span that no lane has taken
	line  row // those of the spans that are walked together
	inRow int // how many spans before next are in it
	busy  int // lanes that have one

	seen  []uint64 // width words for each span
	width int
}

// batch is how many spans are walked before their hits are written.
const batch = 1024

// scan does what [Set.Scan] says.
func (c *cache) scan(dst []Hit, text []byte, spans []Span) []Hit {
	for at := 0; at < len(spans); at += batch {
		part := spans[at:min(at+batch, len(spans))]
		c.walk(text, part)
		for i, word := range c.seen {
			for ; word != 0; word &= word - 1 {
				pattern := i%c.width*64 + bits.TrailingZeros64(word)
				dst = append(dst, Hit{int32(at + i/c.width), int32(pattern)})
			}
		}
	}
	return dst
}

// walk sets a bit in seen for each span and each pattern that matches in it.
func (c *cache) walk(text []byte, spans []Span) {
	n := len(spans) * c.width
	c.seen = slices.Grow(c.seen[:0], n)[:n]
	clear(c.seen)
	c.text, c.spans, c.next, c.inRow = text, spans, 0, 0
	c.line.fill(text, spans)
	if len(c.always) > 0 {
		for i := range spans {
			for _, p := range c.always {
				c.seen[i*c.width+int(p/64)] |= 1 << (p % 64)
			}
		}
	}
	for i := range c.lanes {
		c.busy++
		c.begin(&c.lanes[i])
	}
	for c.busy > 0 {
		for due := c.advance(); due != 0; due &= due - 1 {
			c.settle(&c.lanes[bits.TrailingZeros32(due)%4])
		}
	}
	c.text, c.spans = nil, nil
}

// begin gives a lane a part of the row, or the next span.
func (c *cache) begin(l *lane) {
	l.state = c.start
	if l.row = c.line.part(l, len(c.lanes)); l.row {
		return
	}
	for c.inRow < len(c.line.spans) && c.next == int(c.line.spans[c.inRow]) {
		c.next++
		c.inRow++
	}
	if c.next == len(c.spans) {
		c.busy--
		l.text, l.pos, l.state = c.text, 0, idle
		return
	}
	s := c.spans[c.next]
	l.text, l.pos = c.text[s.Start:s.End], 0
	l.seen = c.seen[c.next*c.width:][:c.width]
	l.left, l.over = c.patterns-len(c.always), false
	c.next++
	if bytes.IndexByte(l.text, separator) >= 0 {
		c.repair(l)
	}
}

// note marks a pattern as seen.
func (l *lane) note(pattern uint32) {
	word, bit := pattern/64, uint64(1)<<(pattern%64)
	if l.seen[word]&bit == 0 {
		l.seen[word] |= bit
		l.left--
	}
}

// advance lets all lanes read on together, until one is at the end of its text or at a
// transition with a stop.
func (c *cache) advance() (due uint32) {
	l0, l1, l2, l3 := &c.lanes[0], &c.lanes[1], &c.lanes[2], &c.lanes[3]
	n := min(len(l0.text)-l0.pos, len(l1.text)-l1.pos, len(l2.text)-l2.pos, len(l3.text)-l3.pos)
	t0, t1, t2, t3 := l0.text[l0.pos:l0.pos+n], l1.text[l1.pos:l1.pos+n], l2.text[l2.pos:l2.pos+n], l3.text[l3.pos:l3.pos+n]
	t1, t2, t3 = t1[:len(t0)], t2[:len(t0)], t3[:len(t0)] // tells the compiler
	s0, s1, s2, s3 := uint(l0.state), uint(l1.state), uint(l2.state), uint(l3.state)
	table := c.table
	i := 0
	for ; i < len(t0); i++ {
		x0 := s0<<8 | uint(t0[i])
		x1 := s1<<8 | uint(t1[i])
		x2 := s2<<8 | uint(t2[i])
		x3 := s3<<8 | uint(t3[i])
		if x0 >= uint(len(table)) || x1 >= uint(len(table)) || x2 >= uint(len(table)) || x3 >= uint(len(table)) {
			break
		}
		s0, s1, s2, s3 = uint(table[x0]), uint(table[x1]), uint(table[x2]), uint(table[x3])
	}
	l0.state, l1.state, l2.state, l3.state = uint16(s0), uint16(s1), uint16(s2), uint16(s3)
	l0.pos += i
	l1.pos += i
	l2.pos += i
	l3.pos += i
	c.credit += int64(i * c.busy)
	return l0.due() | l1.due()<<1 | l2.due()<<2 | l3.due()<<3
}

// due returns 1 for a lane that cannot read on, else 0. It has no branch, since nobody could foretell it.
func (l *lane) due() uint32 {
	return uint32(l.state>>15) | uint32(uint64(len(l.text)-l.pos-1)>>63)
}

// settle looks at the transition of a lane if it has a stop, and goes on to the next span
// if this one is over.
func (c *cache) settle(l *lane) {
	if l.state == idle {
		l.pos = 0
		return
	}
	if l.state&stop != 0 {
		c.resolve(l, int(l.text[l.pos-1]))
		if l.pos < len(l.text) && !l.over {
			return
		}
	}
	if !l.over && !l.row {
		l.state = c.ends[l.state]
		l.over = true
		if l.state&stop != 0 {
			c.resolve(l, end)
		}
	}
	if l.over || l.row {
		c.begin(l)
	}
}

// resolve builds the transition with b, if it is unknown, and notes what has
// matched.
func (c *cache) resolve(l *lane, b int) {
	if l.state&unknown != 0 {
		to, ok := c.build(l, b)
		if !ok {
			c.simulate(l, b)
			return
		}
		l.state = to
	}
	if l.state&stop != 0 {
		l.state &^= stop
		c.noteAll(l, c.acceptsOf(&c.list[l.state]))
	}
}

// noteAll notes patterns that match. It returns whether the lane can read on from
// where it is.
func (c *cache) noteAll(l *lane, accepts []uint32) bool {
	if l.row {
		if len(accepts) > 0 {
			seen := c.seen[c.line.spanOf(l)*c.width:][:c.width]
			for _, p := range accepts {
				seen[p/64] |= 1 << (p % 64)
			}
		}
		return true
	}
	for _, p := range accepts {
		if int(p) == c.patterns {
			c.repair(l)
			return false
		}
		l.note(p)
	}
	l.over = l.over || l.left == 0
	return !l.over
}

// simulate goes on from the byte b without building states, for some bytes or to the
// end.
func (c *cache) simulate(l *lane, b int) {
	from := &c.list[l.state&stateOf]
	ctx := from.ctx
	c.walkers = append(c.walkers[:0], c.threadsOf(from)...)
	for n := 1; ; n++ {
		c.step(c.walkers, ctx, read(b))
		c.walkers, c.threads = c.threads, c.walkers
		c.credit++
		if !c.noteAll(l, c.accepts) {
			return
		}
		if b == end {
			l.over = true
			return
		}
		if ctx = contextAfter(b); b == separator {
			c.walkers = append(c.walkers[:0], c.root)
		}
		if l.row && l.pos == len(l.text) {
			return
		}
		if n%simulated == 0 && c.spend() {
			l.state = c.enter(nil, c.walkers, ctx)
			return
		}
		b = end
		if l.pos < len(l.text) {
			b = int(l.text[l.pos])
			l.pos++
		}
	}
}

// repair begins a span anew with each byte that is no UTF-8 replaced by U+FFFD.
// What was seen holds: it was found before such a byte.
func (c *cache) repair(l *lane) {
	l.repaired = l.repaired[:0]
	for text := l.text; len(text) > 0; {
		r, n := utf8.DecodeRune(text)
		l.repaired = utf8.AppendRune(l.repaired, r)
		text = text[n:]
	}
	l.text, l.pos, l.state, l.over = l.repaired, 0, c.start, false
}
