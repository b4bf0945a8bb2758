package rbac

import (
	"iter"
	"math"
	"math/bits"
	"strings"
	"time"
)

// A keyTable finds keys by their number, and forgets none. It is open-addressed, and
// has by the place of a key all that a decision needs, also the name that goes into
// the sentence: among a million keys a decision waits for memory once, where a map of
// the language waits two or three times before it has as much as the key. The zero
// value is an empty table.
type keyTable struct {
	slots []keySlot // four in five of them used at most
	used  int
	// names has the name of the holder for each slot, in a cell of nameCell bytes.
	// Where it does not fit, or came later, the slot says so.
	names string
}

// nameCell is as long as most names are at most.
const nameCell = 24

// A keySlot is a key with what most who ask by it are told.
type keySlot struct {
	number  uint64   // as of keyNumber, which is never 0; 0: empty
	key     *heldKey // for all else
	title            // that the holder has
	good    uint32   // key and title are valid before this second of Unix time, surely
	expires bool     // the title does; the holder knows when
	cell    uint8    // how much of the cell is the holder's name; 0: it is not there
}

// newKeyTable returns a table with room for n keys.
func newKeyTable(n int) keyTable { return keyTable{slots: make([]keySlot, n+n/3)} }

// home returns where a number goes if the place is free.
func (t *keyTable) home(number uint64) int {
	// Ids are random, but not all their bits vary alike: the golden ratio spreads
	// them over the upper ones, which choose the place.
	at, _ := bits.Mul64(number*0x9e3779b97f4a7c15, uint64(len(t.slots)))
	return int(at)
}

// place returns the place of a number: the slot that has it, or the empty one where it
// would go. There must be an empty one.
func (t *keyTable) place(number uint64) int {
	at := t.home(number)
	for t.slots[at].number != number && t.slots[at].number != 0 {
		if at++; at == len(t.slots) {
			at = 0
		}
	}
	return at
}

// find returns the place of the key with that number, and -1 if there is none.
func (t *keyTable) find(number uint64) int {
	if len(t.slots) == 0 {
		return -1
	}
	if at := t.home(number) * nameCell; at < len(t.names) {
		_ = fetch(t.names, at)
	}
	if at := t.place(number); t.slots[at].number != 0 {
		return at
	}
	return -1
}

// fetch has the processor ask for text that is needed only later, so that it comes
// while all else is waited for.
//
//go:noinline
func fetch(text string, at int) byte { return text[at] }

// add returns the slot for a key that is not there yet.
func (t *keyTable) add(number uint64) *keySlot {
	if 5*(t.used+1) > 4*len(t.slots) {
		old := t.slots
		t.slots = make([]keySlot, max(4, 2*len(old)))
		for i := range old {
			if old[i].number != 0 {
				t.slots[t.place(old[i].number)] = old[i]
			}
		}
		t.fill()
	}
	t.used++
	return &t.slots[t.place(number)]
}

// fill fills the cells with the names of those who are there.
func (t *keyTable) fill() {
	var names strings.Builder
	names.Grow(len(t.slots) * nameCell)
	var none [nameCell]byte
	for i := range t.slots {
		s, name := &t.slots[i], ""
		if s.number != 0 && len(s.key.holder.subject.Name) <= nameCell {
			name = s.key.holder.subject.Name
		}
		s.cell = uint8(len(name))
		names.WriteString(name)
		names.Write(none[len(name):])
	}
	t.names = names.String()
}

// all yields the keys in no order.
func (t *keyTable) all() iter.Seq[*heldKey] {
	return func(yield func(*heldKey) bool) {
		for i := range t.slots {
			if k := t.slots[i].key; k != nil && !yield(k) {
				return
			}
		}
	}
}

// update makes the slot say what the key and its holder come to by now.
func (s *keySlot) update(k *heldKey) {
	end := k.Expires
	for _, earlier := range []time.Time{k.Revoked, k.holder.expires} {
		if !earlier.IsZero() && earlier.Before(end) {
			end = earlier
		}
	}
	s.number, s.key, s.title, s.expires = k.number(), k, k.holder.title, !k.holder.expires.IsZero()
	s.good = uint32(min(max(0, end.Unix()), math.MaxUint32))
}

// check returns Permitted, or why the key is not valid. It spares most who ask the way
// to the key.
func (s *keySlot) check(at time.Time) Code {
	if uint64(at.Unix()) < uint64(s.good) { // what is before 1970 is after all that
		return Permitted
	}
	return s.key.check(at)
}

// holder returns who holds the key in that place.
func (t *keyTable) holder(at int) Subject {
	s := &t.slots[at]
	if s.cell == 0 {
		return s.key.holder.subject
	}
	return Subject{kindOfNumber(s.number), t.names[at*nameCell:][:s.cell]}
}

// grant fills in g, which is zero, with the grant of subject, who holds the key, if
// there is one.
func (s *keySlot) grant(g *Grant, subject Subject) {
	s.title.grant(g, subject)
	if s.expires {
		g.Expires = s.key.holder.expires
	}
}
