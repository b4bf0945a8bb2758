package ledger

import "golang.org/x/mod/sumdb/tlog"

// Tree is the RFC 6962 tree over the records of a log, as far as somebody has
// read it. The zero value is the empty tree.
type Tree struct {
	front  frontier
	hasher leafHasher
	stored []tlog.Hash // scratch
}

// Add takes the next record into account: its line, without the newline.
func (t *Tree) Add(line []byte) {
	if t.hasher.h == nil {
		t.hasher = newLeafHasher()
	}
	t.stored = t.front.append(t.hasher.sum(line), t.stored[:0])
}

// Size returns how many records the tree has.
func (t *Tree) Size() uint64 { return t.front.size }

// Root returns the tree's root hash.
func (t *Tree) Root() tlog.Hash { return t.front.root() }
