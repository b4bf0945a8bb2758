package multire

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// tree reads one character of a class, byte by byte. Equal branches are shared, so that
// a node is at most one for each different rest of a character.
type tree struct {
	nodes [][]edge // in them, edges lead to other nodes by index; the last is the root
}

// leaf is where the last byte of a character leads.
const leaf = ^uint32(0)

// forms are UTF-8 forms of characters, all of one length, from lo to hi.
type forms struct{ lo, hi []byte }

// lengths are the ranges of characters whose UTF-8 forms are of one length. The
// surrogates are in none: no text holds them.
var lengths = [...][2]rune{{0, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, utf8.MaxRune}}

// newTree returns the tree of a class, given as pairs of characters that do not overlap.
func newTree(ranges []rune) *tree {
	var all []forms
	for i := 0; i < len(ranges); i += 2 {
		for _, l := range lengths {
			if lo, hi := max(ranges[i], l[0]), min(ranges[i+1], l[1]); lo <= hi {
				all = append(all, forms{utf8.AppendRune(nil, lo), utf8.AppendRune(nil, hi)})
			}
		}
	}
	// The characters of one folding come in any order.
	slices.SortFunc(all, func(a, b forms) int { return bytes.Compare(a.lo, b.lo) })
	b := builder{index: map[string]uint32{}}
	b.nodes = append(b.nodes, b.edges(all))
	return &b.tree
}

// builder makes a tree from its leaves up.
type builder struct {
	tree
	index map[string]uint32 // nodes by their edges
	key   []byte
}

// node returns the node that reads all, which are of one length.
func (b *builder) node(all []forms) uint32 {
	if len(all[0].lo) == 0 {
		return leaf
	}
	edges := b.edges(all)
	b.key = b.key[:0]
	for _, e := range edges {
		b.key = binary.BigEndian.AppendUint32(append(b.key, e.lo, e.hi), e.to)
	}
	n, ok := b.index[string(b.key)]
	if !ok {
		n = uint32(len(b.nodes))
		b.index[string(b.key)] = n
		b.nodes = append(b.nodes, edges)
	}
	return n
}

// edges returns the edges over the first bytes of all, which are in order.
func (b *builder) edges(all []forms) (edges []edge) {
	var parts []part
	for _, f := range all {
		parts = f.divide(parts)
	}
	for len(parts) > 0 {
		lo, hi := parts[0].lo, parts[0].hi
		var rests []forms
		for len(parts) > 0 && parts[0].lo == lo && parts[0].hi == hi {
			rests = append(rests, parts[0].rest)
			parts = parts[1:]
		}
		to := b.node(rests)
		if n := len(edges); n > 0 && edges[n-1].to == to && edges[n-1].hi+1 == lo {
			edges[n-1].hi = hi
			continue
		}
		edges = append(edges, edge{lo, hi, to})
	}
	return edges
}

// part is forms with the first bytes from lo to hi, behind each of which the same
// rests stand. Two parts of a class have the same first bytes or none in common.
type part struct {
	lo, hi byte
	rest   forms
}

// divide appends the parts of f.
func (f forms) divide(parts []part) []part {
	lo, hi := f.lo[0], f.hi[0]
	rest := forms{f.lo[1:], f.hi[1:]}
	if lo == hi {
		return append(parts, part{lo, hi, rest})
	}
	// Behind the first and the last byte may stand only some rests, behind those
	// between them all.
	all := forms{[]byte("\x80\x80\x80")[:len(rest.lo)], []byte("\xBF\xBF\xBF")[:len(rest.lo)]}
	if !bytes.Equal(rest.lo, all.lo) {
		parts = append(parts, part{lo, lo, forms{rest.lo, all.hi}})
		lo++
	}
	if bytes.Equal(rest.hi, all.hi) {
		return append(parts, part{lo, hi, all})
	}
	if lo < hi {
		parts = append(parts, part{lo, hi - 1, all})
	}
	return append(parts, part{hi, hi, forms{all.lo, rest.hi}})
}
