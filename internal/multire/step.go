package multire

import "regexp/syntax"

// context is what a state knows of the byte before it.
type context uint8

const (
	atStart      context = 1 << iota // there is none
	afterNewline                     // it is a newline
	afterWord                        // it is a letter of a word: [0-9A-Za-z_]
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

// contextAfter returns all that is known behind the byte b.
func contextAfter(b int) (ctx context) {
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

	walkers []uint32 // the threads of a text that is simulated
	threads []uint32 // result of a step: where the threads go on
	accepts []uint32 // result of a step: patterns that match before the byte that was read
}

func newSimulator(p *program) simulator {
	return simulator{
		program: p,
		closed:  make([]uint32, len(p.insts)),
		reached: make([]uint32, len(p.insts)),
		matched: make([]uint32, p.patterns+1),
	}
}

// step lets threads read b, or the end, and sets threads and accepts, in no order.
// A thread whose pattern matches is over, and so are the others of that pattern:
// once is enough.
func (m *simulator) step(threads []uint32, ctx context, b int) {
	m.nextRound()
	m.close(threads, looks(ctx, b))
	m.threads = m.threads[:0]
	for _, pc := range m.readers {
		in := &m.insts[pc]
		if m.matched[in.pattern] == m.round {
			continue
		}
		if b == end {
			if in.cut {
				m.accept(uint32(in.pattern))
			}
			continue
		}
		if to, ok := m.read(in, byte(b)); ok && m.reached[to] != m.round {
			m.reached[to] = m.round
			m.threads = append(m.threads, to)
		}
	}
}

// close follows everything that reads nothing, and sets readers and accepts.
func (m *simulator) close(threads []uint32, holds syntax.EmptyOp) {
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
			m.todo = append(m.todo, m.starts...)
		}
	}
}

func (m *simulator) accept(pattern uint32) {
	if m.matched[pattern] != m.round {
		m.matched[pattern] = m.round
		m.accepts = append(m.accepts, pattern)
	}
}

// read returns where in leads with b.
func (m *simulator) read(in *inst, b byte) (to uint32, ok bool) {
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
