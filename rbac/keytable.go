package rbac

import (
	"iter"
	"math/bits"
	"time"
)

// A keyTable finds keys by their number, and forgets none. It is open-addressed:
// among a million keys, a look-up waits for memory once, where a map of the language
// waits two or three times. The zero value is an empty table.
type keyTable struct {
	slots []keySlot // a power of two of them, at most half full
	used  int
}

type keySlot struct {
	number uint64 // as of keyNumber, which is never 0; 0: empty
	key    *heldKey
	holder *member // that of key, so that one need not wait for the other
	good   int64   // the key is valid before this second of Unix time, surely
}

// newKeyTable returns a table with room for n keys.
func newKeyTable(n int) keyTable {
	if n == 0 {
		return keyTable{}
	}
	return keyTable{slots: make([]keySlot, 1<<bits.Len(uint(2*n-1)))}
}

// slot returns the slot of a number: the one that has it, or the empty one where it
// would go. There must be slots.
func (t *keyTable) slot(number uint64) *keySlot {
	mask := uint64(len(t.slots) - 1)
	// Ids are random, but not all their bits vary alike: the golden ratio spreads
	// them over the upper ones.
	at := number * 0x9e3779b97f4a7c15 >> (64 - bits.Len64(mask))
	for {
		s := &t.slots[at&mask]
		if s.number == number || s.number == 0 {
			return s
		}
		at++
	}
}

// find returns the slot of the key with that number, and nil if there is none.
func (t *keyTable) find(number uint64) *keySlot {
	if len(t.slots) == 0 {
		return nil
	}
	if s := t.slot(number); s.number != 0 {
		return s
	}
	return nil
}

// check returns Permitted, or why the key is not valid. It spares most who ask the way
// to the key.
func (s *keySlot) check(at time.Time) Code {
	if at.Unix() < s.good {
		return Permitted
	}
	return s.key.check(at)
}

// ends notes when the validity of a key ends.
func (t *keyTable) ends(number uint64) {
	s := t.slot(number)
	end := s.key.Expires
	if r := s.key.Revoked; !r.IsZero() && r.Before(end) {
		end = r
	}
	s.good = end.Unix()
}

// add adds a key that is not there yet.
func (t *keyTable) add(number uint64, key *heldKey) {
	if 2*(t.used+1) > len(t.slots) {
		old := t.slots
		t.slots = make([]keySlot, max(2, 2*len(old)))
		for i := range old {
			if old[i].number != 0 {
				*t.slot(old[i].number) = old[i]
			}
		}
	}
	*t.slot(number) = keySlot{number: number, key: key, holder: key.holder}
	t.used++
	t.ends(number)
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
