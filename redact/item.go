package redact

import "slices"

// kind is what an item is.
type kind uint8

const (
	keyItem kind = iota
	stringItem
	numberItem
	boolItem
	arrayItem
)

// The marks of items.
const (
	hasTrigger  = 1 << iota // a trigger of a detector matched it, or it has encoded text
	nested                  // a string that holds JSON, of which the items follow
	done                    // looked at
	hasLong                 // there is a long word in it
	quiet                   // no trigger matches it
	hasBase64               // there is text in base64 in it
	behindName              // a key behind one that names a value, in one object, or that itself
	behindValue             // a key behind "value", or that itself
)

// item is what is looked at in JSON, in the order in which it stands there. The
// text of it stands in [pass.spans] under the same number: without quotes and
// escapes. There are many, so they are small; what becomes of one is a [fate].
type item struct {
	start, end int32 // of a string without its quotes
	parent     int32 // the key or the array in which it stands; -1: none
	index      int32 // in that array
	// link is of a key or a string what names it or those further out, see [pass.aliasOf]; of an array the key that it
	// stands under; of a nested string the item after the last of its own; each -1 for none.
	link  int32
	kind  kind
	marks uint8
}

// fate is what becomes of an item. The numbers are one more than those in the
// slices they mean, so that zero is nothing.
type fate struct {
	made int32 // what it becomes, in [pass.made]
	rule int32 // what holds for it and below, in [Redactor.keys]
}

// add appends an item, of which the text stands in the source as it is.
func (p *pass) add(k kind, start, end int, parent, index int32) int32 {
	n := len(p.items)
	if n == cap(p.items) || n == cap(p.spans) {
		p.items, p.spans = slices.Grow(p.items, n+64), slices.Grow(p.spans, n+64)
	}
	// Field by field: to build items elsewhere and copy them is what would cost most
	// in all of a scan.
	p.items, p.spans = p.items[:n+1], p.spans[:n+1]
	t := &p.items[n]
	t.start, t.end, t.parent, t.index, t.link, t.kind, t.marks = int32(start), int32(end), parent, index, -1, k, 0
	s := &p.spans[n]
	s.Start, s.End = start, end
	if k == boolItem || k == arrayItem {
		t.marks = quiet
	}
	return int32(n)
}

// keyOver returns the key that an item stands under, itself or by its arrays; -1
// for none.
func (p *pass) keyOver(n int32) int32 {
	up := p.items[n].parent
	if up >= 0 && p.items[up].kind == arrayItem {
		return p.items[up].link
	}
	return up
}

// textOf returns the text of an item.
func (p *pass) textOf(n int32) []byte {
	s := p.spans[n]
	return p.text[s.Start:s.End]
}
