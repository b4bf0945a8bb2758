package multire

import (
	"math/bits"
	"unicode/utf8"
)

// lane walks one span at a time. Four of them walk side by side: a
// transition cannot be loaded before the one before it has arrived, so one lane alone waits most
// of its time.
type lane struct {
	text  []byte // the span; or its repaired form
	pos   int    // how far it is walked
	state uint32 // a transition; idle: there is no span
	over  bool   // all that can be said of the span is said
	span  int32

	seen []uint64 // a bit for each pattern that matched
	left int      // how many did not

	repaired []byte // memory for text that is not UTF-8
}

// scan does what [Set.Scan] says.
func (c *cache) scan(dst []Hit, text []byte, spans []Span) []Hit {
	first, next, active := len(dst), 0, 0
	for i := range c.lanes {
		if next < len(spans) {
			c.begin(&c.lanes[i], text, spans, next)
			next++
			active++
		}
	}
	for active > 0 {
		c.walk()
		for i := range c.lanes {
			l := &c.lanes[i]
			if l.state == idle {
				continue
			}
			c.settle(l)
			for l.over {
				dst = c.finish(l, dst)
				if next == len(spans) {
					l.state, l.over = idle, false
					active--
					break
				}
				c.begin(l, text, spans, next)
				next++
			}
		}
	}
	sortHits(dst[first:])
	return dst
}

// begin puts a lane before the first byte of a span.
func (c *cache) begin(l *lane, text []byte, spans []Span, number int) {
	s := spans[number]
	l.span = int32(number)
	c.enter(l, text[s.Start:s.End])
}

// enter puts a lane before the first byte of text.
func (c *cache) enter(l *lane, text []byte) {
	l.text, l.pos, l.state = text, 0, c.start
	clear(l.seen)
	l.left = c.patterns
	for _, p := range c.always {
		l.note(uint32(p))
	}
	l.over = l.left == 0
}

// note marks a pattern as seen.
func (l *lane) note(pattern uint32) {
	word, bit := pattern/64, uint64(1)<<(pattern%64)
	if l.seen[word]&bit == 0 {
		l.seen[word] |= bit
		l.left--
	}
}

// finish appends what was seen.
func (c *cache) finish(l *lane, dst []Hit) []Hit {
	c.credit = min(c.credit+l.pos, c.maxCredit)
	if l.left == c.patterns {
		return dst
	}
	for i, word := range l.seen {
		for ; word != 0; word &= word - 1 {
			dst = append(dst, Hit{l.span, int32(i*64 + bits.TrailingZeros64(word))})
		}
	}
	return dst
}

// walk lets all lanes go on together, until one is at its end or at a transition with a stop.
func (c *cache) walk() {
	l0, l1, l2, l3 := &c.lanes[0], &c.lanes[1], &c.lanes[2], &c.lanes[3]
	var any []byte // for idle lanes to look at
	n := int(^uint(0) >> 1)
	for i := range c.lanes {
		if l := &c.lanes[i]; l.state != idle && len(l.text)-l.pos < n {
			any = l.text[l.pos:]
			n = len(any)
		}
	}
	rest := func(l *lane) []byte {
		if l.state == idle {
			return any
		}
		return l.text[l.pos:][:n]
	}
	t0, t1, t2, t3 := rest(l0), rest(l1), rest(l2), rest(l3)
	s0, s1, s2, s3 := l0.state, l1.state, l2.state, l3.state
	table, class := c.table, &c.class
	t1, t2, t3 = t1[:len(t0)], t2[:len(t0)], t3[:len(t0)]
	i := 0
	for i < len(t0) {
		x0 := uint(s0) + uint(class[t0[i]])
		x1 := uint(s1) + uint(class[t1[i]])
		x2 := uint(s2) + uint(class[t2[i]])
		x3 := uint(s3) + uint(class[t3[i]])
		if x0 >= uint(len(table)) || x1 >= uint(len(table)) || x2 >= uint(len(table)) || x3 >= uint(len(table)) {
			break
		}
		s0, s1, s2, s3 = table[x0], table[x1], table[x2], table[x3]
		i++
	}
	l0.state, l1.state, l2.state, l3.state = s0, s1, s2, s3
	l0.pos += i
	l1.pos += i
	l2.pos += i
	l3.pos += i
}

// settle looks at a transition with a stop, and at the end of the text.
func (c *cache) settle(l *lane) {
	if l.state&stop != 0 {
		c.resolve(l, int(l.text[l.pos-1]))
	}
	if l.pos == len(l.text) && !l.over {
		l.state = c.table[int(l.state)+len(c.samples)]
		l.over = true
		if l.state&stop != 0 {
			c.resolve(l, end)
		}
	}
}

// resolve builds the transition with b, if it is unknown, and notes what has matched.
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
		c.noteAll(l, c.acceptsOf(c.stateAt(l.state)))
	}
}

// noteAll notes patterns that match. It returns whether the lane can go on from
// where it is.
func (c *cache) noteAll(l *lane, accepts []uint32) bool {
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

// simulate goes through the rest of a span, from the byte b on, without building
// states.
func (c *cache) simulate(l *lane, b int) {
	from := c.stateAt(l.state & stateOf)
	ctx := from.ctx
	c.walkers = append(c.walkers[:0], c.threadsOf(from)...)
	for {
		c.step(c.walkers, ctx, b)
		if !c.noteAll(l, c.accepts) {
			return
		}
		if b == end {
			l.over = true
			return
		}
		c.walkers, c.threads = c.threads, c.walkers
		ctx = contextAfter(b)
		b = end
		if l.pos < len(l.text) {
			b = int(l.text[l.pos])
			l.pos++
		}
	}
}

// repair begins a span anew, in which each byte that is no UTF-8 is replaced by
// U+FFFD.
func (c *cache) repair(l *lane) {
	l.repaired = l.repaired[:0]
	for text := l.text; len(text) > 0; {
		r, n := utf8.DecodeRune(text)
		l.repaired = utf8.AppendRune(l.repaired, r)
		text = text[n:]
	}
	c.enter(l, l.repaired)
}
