package ledger

import (
	"crypto/sha256"
	"hash"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// frontier is the right edge of an RFC 6962 tree: the roots of its perfect
// subtrees, largest first. It is all that is needed to append and to know the
// root; the zero value is the empty tree.
type frontier struct {
	size   uint64
	hashes []tlog.Hash
}

// clone returns a copy that shares nothing.
func (f *frontier) clone() frontier {
	return frontier{f.size, append(make([]tlog.Hash, 0, 64), f.hashes...)}
}

// append adds a leaf and appends to stored the hashes that it completes, in
// the stored-hash order of x/mod/sumdb/tlog.
func (f *frontier) append(leaf tlog.Hash, stored []tlog.Hash) []tlog.Hash {
	stored = append(stored, leaf)
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.hashes) - 1
		leaf = tlog.NodeHash(f.hashes[last], leaf)
		f.hashes = f.hashes[:last]
		stored = append(stored, leaf)
	}
	f.hashes = append(f.hashes, leaf)
	f.size++
	return stored
}

// root returns the tree's root hash.
func (f *frontier) root() tlog.Hash {
	if len(f.hashes) == 0 {
		return sha256.Sum256(nil)
	}
	h := f.hashes[len(f.hashes)-1]
	for i := len(f.hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.hashes[i], h)
	}
	return h
}

// frontierIndexes returns the stored-hash indexes of the frontier of a tree of
// that size.
func frontierIndexes(size uint64) []int64 {
	var out []int64
	var before uint64
	for rest := size; rest != 0; {
		level := bits.Len64(rest) - 1
		out = append(out, tlog.StoredHashIndex(level, int64(before>>level)))
		before += 1 << level
		rest -= 1 << level
	}
	return out
}

// leafHasher computes RFC 6962 leaf hashes without an allocation for each.
type leafHasher struct{ h hash.Hash }

func newLeafHasher() leafHasher { return leafHasher{sha256.New()} }

// leafPrefix stands before a leaf when it is hashed, so that no leaf has the
// hash of an inner node.
var leafPrefix = []byte{0}

func (l leafHasher) sum(line []byte) (out tlog.Hash) {
	l.h.Reset()
	l.h.Write(leafPrefix)
	l.h.Write(line)
	l.h.Sum(out[:0])
	return out
}
