package multire

import (
	"regexp/syntax"
	"slices"
)

// context is what a state knows of the byte before it.
type context uint8

const (
	atStart      context = 1 << iota // there is none
	afterNewline                     // it is a newline
	afterWord                        // it is a letter of a word: [0-9A-Za-z_]

	contexts = 1 << iota // how many there are
)

// end is what is read behind the last byte.
const end = -1

// looks returns which empty-width conditions hold between a context and the byte b
// behind it, or the end.
func looks(ctx context, b int) (holds syntax.EmptyOp) {
	if ctx&atStart != 0 {
		holds |= syntax.EmptyBeginText | syntax.EmptyBeginLine
	}
	if ctx&afterNewline != 0 {
		holds |= syntax.EmptyBeginLine
	}
	if b == end {
		holds |= syntax.EmptyEndText | syntax.EmptyEndLine
	}
	if b == '\n' {
		holds |= syntax.EmptyEndLine
	}
	if (ctx&afterWord != 0) != isWord(b) {
		return holds | syntax.EmptyWordBoundary
	}
	return holds | syntax.EmptyNoWordBoundary
}

func isWord(b int) bool {
	return b != end && syntax.IsWordChar(rune(b))
}

// read returns what the program is given to read for the byte b: for a separator the end.
func read(b int) int {
	if b == separator {
		return end
	}
	return b
}

// contextAfter returns all that is known behind the byte b. Behind a separator a text begins.
func contextAfter(b int) (ctx context) {
	if b == separator {
		return atStart
	}
	if b == '\n' {
		return afterNewline
	}
	if isWord(b) {
		return afterWord
	}
	return 0
}

// simulator walks the program as a set of threads: all of them read a byte, then the
// next. A step costs at most the size of the program.
type simulator struct {
	*program
	round   uint32   // of the stamps
	closed  []uint32 // by instruction: reached in this round
	reached []uint32 // by instruction: a thread goes on there after this round
	matched []uint32 // by pattern: matched in this round

	todo    []uint32 // instructions to close over
	readers []uint32 // instructions that read the byte

	threads []uint32 // result of a step: where the threads go on
	accepts []uint32 // result of a step: patterns that match before the byte that was read

	// firsts are the results of steps from the root alone, by what it knows of the byte before,
	// and by what is read. They spare each step to begin all patterns.
	firsts [contexts][]*first
}

// first is the result of a step from the root.
type first struct{ threads, accepts []uint32 }

func newSimulator(p *program) simulator {
	m := simulator{
		program: p,
		closed:  make([]uint32, len(p.insts)),
		reached: make([]uint32, len(p.insts)),
		matched: make([]uint32, p.patterns+1),
	}
	for i := range m.firsts {
		m.firsts[i] = make([]*first, len(p.last)+1)
	}
	return m
}

// step lets threads read b, or the end, and sets threads and accepts, in no order.
func (m *simulator) step(threads []uint32, ctx context, b int) {
	at := &m.firsts[ctx&m.insts[m.root].need][m.number(b)]
	if *at == nil {
		m.nextRound()
		m.close(m.starts, looks(ctx, b))
		m.read(b)
		*at = &first{slices.Clone(m.threads), slices.Clone(m.accepts)}
	}
	m.nextRound()
	if m.close(threads, looks(ctx, b)) {
		for _, p := range (*at).accepts {
			m.accept(p)
		}
		m.read(b)
		for _, pc := range (*at).threads {
			m.reach(pc)
		}
		return
	}
	m.read(b)
}

// close follows everything that reads nothing, and sets readers and accepts. It
// returns whether a thread is at the root, and does not follow that.
func (m *simulator) close(threads []uint32, holds syntax.EmptyOp) (rooted bool) {
	m.readers, m.accepts = m.readers[:0], m.accepts[:0]
	m.todo = append(m.todo[:0], threads...)
	for len(m.todo) > 0 {
		pc := m.todo[len(m.todo)-1]
		m.todo = m.todo[:len(m.todo)-1]
		if m.closed[pc] == m.round {
			continue
		}
		m.closed[pc] = m.round
		switch in := &m.insts[pc]; in.op {
		case opBytes:
			m.readers = append(m.readers, pc)
		case opSplit:
			m.todo = append(m.todo, in.alt, in.out)
		case opLook:
			if in.look&^holds == 0 {
				m.todo = append(m.todo, in.out)
			}
		case opMatch:
			m.accept(uint32(in.pattern))
		case opRoot:
			rooted = true
		}
	}
	return rooted
}

// read lets the readers read b, or the end, and sets threads.
func (m *simulator) read(b int) {
	m.threads = m.threads[:0]
	for _, pc := range m.readers {
		switch in := &m.insts[pc]; {
		case b != end:
			if to, ok := m.follow(in, byte(b)); ok {
				m.reach(to)
			}
		case in.cut:
			m.accept(uint32(in.pattern))
		}
	}
}

// reach lets a thread go on at pc. If its pattern has matched it does not: once is enough.
func (m *simulator) reach(pc uint32) {
	if m.reached[pc] != m.round && m.matched[m.insts[pc].pattern] != m.round {
		m.reached[pc] = m.round
		m.threads = append(m.threads, pc)
	}
}

func (m *simulator) accept(pattern uint32) {
	if m.matched[pattern] != m.round {
		m.matched[pattern] = m.round
		m.accepts = append(m.accepts, pattern)
	}
}

// follow returns where in leads with b.
func (m *simulator) follow(in *inst, b byte) (to uint32, ok bool) {
	edges := m.edges[in.lo:in.hi]
	for len(edges) > 8 {
		if half := len(edges) / 2; edges[half].lo <= b {
			edges = edges[half:]
		} else {
			edges = edges[:half]
		}
	}
	for _, e := range edges {
		if b <= e.hi {
			return e.to, b >= e.lo
		}
	}
	return 0, false
}

// nextRound makes all stamps old.
func (m *simulator) nextRound() {
	m.round++
	if m.round == 0 { // after 4 GiB
		clear(m.closed)
		clear(m.reached)
		clear(m.matched)
		m.round = 1
	}
}
