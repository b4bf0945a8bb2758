package multire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp/syntax"
	"unicode"
)

// Bounds of a program. They keep what a pattern with counted repetitions such as
// (\pL{50}){20} may cost in memory, and in time for each byte in the worst case.
const (
	maxPattern = 1 << 16 // instructions of one pattern
	maxProgram = 1 << 20 // instructions of all patterns
)

// ErrTooBig is returned, inside an [Error], when a pattern or all of them together
// need too many instructions.
var ErrTooBig = errors.New("too big")

// op is the kind of an instruction.
type op uint8

const (
	opBytes op = iota // reads one byte, by its edges; without edges it fails
	opSplit           // goes on at out and at alt
	opLook            // goes on at out where look holds
	opMatch           // its pattern matches
	opRoot            // before every character: begins all patterns
)

// inst is an instruction of the automaton. It never reads more than one byte.
type inst struct {
	op      op
	cut     bool // opBytes: stands within a character, so the text must not end here
	look    syntax.EmptyOp
	need    context // what closing over it may ask of the byte before
	pattern int32
	out     uint32
	alt     uint32
	lo, hi  uint32 // opBytes: edges[lo:hi], in order
}

// edge leads on with the bytes from lo to hi.
type edge struct {
	lo, hi byte
	to     uint32
}

// program is the automaton of all patterns: one thread runs over the characters of
// the text, valid or not, and begins each pattern before each of them.
type program struct {
	insts  []inst
	edges  []edge
	root   uint32
	starts []uint32 // where the patterns begin, and the thread over the characters

	// patterns is their number. A match of the pattern with that number, which
	// nobody wrote, says that the text is not valid UTF-8.
	patterns int
	always   []uint32 // patterns that match every text; no instruction is theirs

	class [256]uint8 // of bytes between which no instruction tells a difference
	last  []byte     // of each class, the last byte; a class is a range

	trees map[string]*tree // by class; only while patterns are compiled
}

// compile joins patterns into one program.
func compile(patterns []string) (*program, error) {
	p := &program{patterns: len(patterns), trees: map[string]*tree{}}
	p.insts = append(p.insts, inst{op: opRoot, pattern: int32(p.patterns)})
	p.runner()
	for i, pattern := range patterns {
		if err := p.add(int32(i), pattern); err != nil {
			return nil, &Error{Index: i, Err: err}
		}
	}
	p.trees = nil
	p.needs()
	p.classes()
	return p, nil
}

// runner adds the thread over the characters: whole ones lead back to the root,
// all else to a match that says so.
func (p *program) runner() {
	number := int32(p.patterns)
	bad := p.push(inst{op: opMatch, pattern: number})
	first := p.push(inst{pattern: number})
	p.plant(first, p.tree([]rune{0, unicode.MaxRune}), p.root)
	for i := bad + 1; i < uint32(len(p.insts)); i++ {
		p.insts[i].cut = i != first
		p.setEdges(i, fill(p.edges[p.insts[i].lo:p.insts[i].hi], bad))
	}
	p.starts = append(p.starts, first)
}

// fill returns edges with the gaps between them leading to bad.
func fill(edges []edge, bad uint32) (full []edge) {
	next := 0
	for _, e := range edges {
		if int(e.lo) > next {
			full = append(full, edge{byte(next), e.lo - 1, bad})
		}
		full = append(full, e)
		next = int(e.hi) + 1
	}
	if next <= 0xFF {
		full = append(full, edge{byte(next), 0xFF, bad})
	}
	return full
}

// add adds a pattern.
func (p *program) add(number int32, pattern string) error {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return err
	}
	if n := size(re); n > maxPattern || n > maxProgram-len(p.insts) {
		return tooBig(n)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return err
	}
	base, edges := uint32(len(p.insts)), len(p.edges)
	for range prog.Inst {
		p.push(inst{pattern: number})
	}
	for i := range prog.Inst {
		from, in := &prog.Inst[i], &p.insts[base+uint32(i)]
		in.out, in.alt = base+from.Out, base+from.Out
		switch from.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			in.op, in.alt = opSplit, base+from.Arg
		case syntax.InstCapture, syntax.InstNop:
			in.op = opSplit
		case syntax.InstEmptyWidth:
			in.op, in.look = opLook, syntax.EmptyOp(from.Arg)
		case syntax.InstMatch:
			in.op = opMatch
		case syntax.InstFail: // no edges
		default:
			p.plant(base+uint32(i), p.tree(runes(from)), in.out)
		}
		if n := len(p.insts) - int(base); n > maxPattern || len(p.insts) > maxProgram {
			return tooBig(n)
		}
	}
	start := base + uint32(prog.Start)
	if p.matchesEmpty(start) {
		p.always = append(p.always, uint32(number))
		p.insts, p.edges = p.insts[:base], p.edges[:edges]
		return nil
	}
	p.starts = append(p.starts, start)
	return nil
}

func tooBig(n int) error {
	return fmt.Errorf("%w: it needs %d instructions or more, of at most %d for a pattern and %d for all; repeat less, or a smaller class",
		ErrTooBig, n, maxPattern, maxProgram)
}

// size returns about how many instructions [syntax.Compile] makes of re, without
// making them.
func size(re *syntax.Regexp) int {
	n := 1
	for _, sub := range re.Sub { // the parser bounds the depth at 1,000
		n += size(sub)
	}
	switch re.Op {
	case syntax.OpLiteral:
		n += len(re.Rune)
	case syntax.OpRepeat: // the parser bounds the product of all repetitions at 1,000
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, maxProgram+1)
}

// runes returns the ranges of characters that an instruction reads.
func runes(in *syntax.Inst) []rune {
	switch in.Op {
	case syntax.InstRuneAny:
		return []rune{0, unicode.MaxRune}
	case syntax.InstRuneAnyNotNL:
		return []rune{0, '\n' - 1, '\n' + 1, unicode.MaxRune}
	}
	if len(in.Rune) != 1 { // none: a class without a character
		return in.Rune
	}
	r := in.Rune[0]
	ranges := []rune{r, r}
	if syntax.Flags(in.Arg)&syntax.FoldCase != 0 {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			ranges = append(ranges, f, f)
		}
	}
	return ranges
}

// matchesEmpty says whether a match is reached from start without reading or asking.
func (p *program) matchesEmpty(start uint32) bool {
	seen := map[uint32]bool{}
	for todo := []uint32{start}; len(todo) > 0; {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch in := &p.insts[pc]; in.op {
		case opSplit:
			todo = append(todo, in.out, in.alt)
		case opMatch:
			return true
		}
	}
	return false
}

func (p *program) push(in inst) uint32 {
	p.insts = append(p.insts, in)
	return uint32(len(p.insts) - 1)
}

// plant makes pc the root of a tree whose leaves lead to the instruction to.
func (p *program) plant(pc uint32, t *tree, to uint32) {
	base := uint32(len(p.insts))
	for i, edges := range t.nodes {
		node := pc
		if i < len(t.nodes)-1 {
			node = p.push(inst{pattern: p.insts[pc].pattern})
		}
		p.setEdges(node, edges)
		in := &p.insts[node]
		for j := range p.edges[in.lo:in.hi] {
			if e := &p.edges[int(in.lo)+j]; e.to == leaf {
				e.to = to
			} else {
				e.to += base
			}
		}
	}
}

// tree returns the tree of a class. Patterns that repeat a class do so up to a
// thousand times.
func (p *program) tree(class []rune) *tree {
	var key []byte // string(class) would take all surrogates for U+FFFD
	for _, r := range class {
		key = binary.BigEndian.AppendUint32(key, uint32(r))
	}
	t, ok := p.trees[string(key)]
	if !ok {
		t = newTree(class)
		p.trees[string(key)] = t
	}
	return t
}

func (p *program) setEdges(pc uint32, edges []edge) {
	lo := len(p.edges)
	p.edges = append(p.edges, edges...)
	p.insts[pc].lo, p.insts[pc].hi = uint32(lo), uint32(len(p.edges))
}

// needs sets what each instruction needs to know of the byte before: what the
// instructions need that can be reached from it without reading. States in which
// nobody asks what stood before need not be told apart by it.
func (p *program) needs() {
	before := make([][]uint32, len(p.insts)) // where one comes from without reading
	for i := range p.insts {
		switch in, pc := &p.insts[i], uint32(i); in.op {
		case opSplit:
			before[in.out], before[in.alt] = append(before[in.out], pc), append(before[in.alt], pc)
		case opLook:
			before[in.out] = append(before[in.out], pc)
		case opRoot:
			for _, s := range p.starts {
				before[s] = append(before[s], pc)
			}
		}
	}
	for _, ask := range []struct {
		look syntax.EmptyOp
		need context
	}{
		{syntax.EmptyBeginText, atStart},
		{syntax.EmptyBeginLine, atStart | afterNewline},
		{syntax.EmptyWordBoundary | syntax.EmptyNoWordBoundary, afterWord},
	} {
		var todo []uint32
		for i := range p.insts {
			if p.insts[i].look&ask.look != 0 {
				todo = append(todo, uint32(i))
			}
		}
		for len(todo) > 0 {
			in := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if p.insts[in].need&ask.need == ask.need {
				continue
			}
			p.insts[in].need |= ask.need
			todo = append(todo, before[in]...)
		}
	}
}

// classes numbers the bytes, those alike that no instruction tells apart.
func (p *program) classes() {
	var ends [256]bool // the last byte of a class
	ends[0xFF] = true
	mark := func(lo, hi byte) {
		ends[hi] = true
		if lo > 0 {
			ends[lo-1] = true
		}
	}
	for _, e := range p.edges {
		mark(e.lo, e.hi)
	}
	var looks syntax.EmptyOp
	for i := range p.insts {
		looks |= p.insts[i].look
	}
	if looks&(syntax.EmptyBeginLine|syntax.EmptyEndLine) != 0 {
		mark('\n', '\n')
	}
	if looks&(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) != 0 {
		mark('0', '9')
		mark('A', 'Z')
		mark('_', '_')
		mark('a', 'z')
	}
	for b := range 256 {
		p.class[b] = uint8(len(p.last))
		if ends[b] {
			p.last = append(p.last, byte(b))
		}
	}
}

// number returns the class of b, and for the end one more.
func (p *program) number(b int) int {
	if b == end {
		return len(p.last)
	}
	return int(p.class[b])
}

// alike returns the first and the last byte of the class of b.
func (p *program) alike(b int) (first, last int) {
	class := p.class[b]
	if class > 0 {
		first = int(p.last[class-1]) + 1
	}
	return first, int(p.last[class])
}
