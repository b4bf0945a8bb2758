package multire

import (
	"encoding/binary"
	"sort"
	"unicode/utf8"
)

// builder turns ranges of characters into instructions that read the bytes of
// their UTF-8 forms, one tree for each class of characters, in which equal
// branches are shared.
type builder struct {
	*program
	pattern int32
	to      uint32            // where the last byte of a character leads
	nodes   map[string]uint32 // instructions by their edges
	key     []byte
}

// sequences are the UTF-8 forms, all of one length, from lo to hi.
type sequences struct{ lo, hi []byte }

// lengths are the ranges of characters whose UTF-8 forms are of one length. The
// surrogates are in none: no text holds them.
var lengths = [...][2]rune{{0, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, utf8.MaxRune}}

// split returns the UTF-8 forms of ranges, pairs of characters, in order.
func (b *builder) split(ranges []rune) (all []sequences) {
	for i := 0; i < len(ranges); i += 2 {
		for _, l := range lengths {
			if lo, hi := max(ranges[i], l[0]), min(ranges[i+1], l[1]); lo <= hi {
				all = append(all, sequences{utf8.AppendRune(nil, lo), utf8.AppendRune(nil, hi)})
			}
		}
	}
	// The characters of one folding come in any order.
	sort.Slice(all, func(i, j int) bool { return string(all[i].lo) < string(all[j].lo) })
	return all
}

// edges returns the edges over the first bytes of all, in order, and adds the
// instructions for the bytes behind them.
func (b *builder) edges(all []sequences) (edges []edge) {
	type branch struct {
		lo, hi byte
		rest   []sequences
	}
	var branches []branch
	add := func(lo, hi byte, rest sequences) {
		if n := len(branches); n == 0 || branches[n-1].lo != lo || branches[n-1].hi != hi {
			branches = append(branches, branch{lo: lo, hi: hi})
		}
		last := &branches[len(branches)-1]
		last.rest = append(last.rest, rest)
	}
	for _, s := range all {
		// Behind the first and the last lead byte of the range may stand only some
		// sequences, behind those between them all.
		first, last := s.lo[0], s.hi[0]
		least, most := bound(len(s.lo)-1, 0x80), bound(len(s.lo)-1, 0xBF)
		if first == last {
			add(first, last, sequences{s.lo[1:], s.hi[1:]})
			continue
		}
		if string(s.lo[1:]) != string(least) {
			add(first, first, sequences{s.lo[1:], most})
			first++
		}
		partly := string(s.hi[1:]) != string(most)
		if partly {
			last--
		}
		if first <= last {
			add(first, last, sequences{least, most})
		}
		if partly {
			add(last+1, last+1, sequences{least, s.hi[1:]})
		}
	}
	for _, br := range branches {
		to := b.to
		if len(br.rest[0].lo) > 0 {
			to = b.node(b.edges(br.rest))
		}
		if n := len(edges); n > 0 && edges[n-1].to == to && edges[n-1].hi+1 == br.lo {
			edges[n-1].hi = br.hi
			continue
		}
		edges = append(edges, edge{br.lo, br.hi, to})
	}
	return edges
}

// bound returns n times b: the least or the greatest rest of a sequence.
func bound(n int, b byte) []byte {
	rest := make([]byte, n)
	for i := range rest {
		rest[i] = b
	}
	return rest
}

// node returns the instruction with these edges.
func (b *builder) node(edges []edge) uint32 {
	b.key = b.key[:0]
	for _, e := range edges {
		b.key = binary.BigEndian.AppendUint32(append(b.key, e.lo, e.hi), e.to)
	}
	pc, ok := b.nodes[string(b.key)]
	if !ok {
		pc = b.push(inst{pattern: b.pattern})
		b.setEdges(pc, edges)
		b.nodes[string(b.key)] = pc
	}
	return pc
}
