package lineage

import "sync/atomic"

// table finds numbers by numbers that are not 0: a hash table with open addressing. The
// zero value is an empty one.
type table struct {
	slots []slot // a power of two; at most half of them are in use
	used  int
}

type slot struct{ key, value uint64 }

// at returns the value of a key, to be set if it is 0. It is good until the next call.
func (t *table) at(key uint64) *uint64 {
	if t.used*2 >= len(t.slots) {
		t.grow()
	}
	s := t.slot(key)
	if s.key == 0 {
		s.key = key
		t.used++
	}
	return &s.value
}

// slot returns the slot of a key, or the one where it would stand.
func (t *table) slot(key uint64) *slot {
	last := uint64(len(t.slots) - 1)
	h := key * 0x9e3779b97f4a7c15
	for i := h ^ h>>32; ; i++ {
		if s := &t.slots[i&last]; s.key == key || s.key == 0 {
			return s
		}
	}
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]slot, max(64, 2*len(old)))
	for _, s := range old {
		if s.key != 0 {
			*t.slot(s.key) = s
		}
	}
}

// paged holds a value for each of many numbers of which few may be used; at first, its zero
// value. It is safe for concurrent use, if the values are.
type paged[T any] struct {
	pages  atomic.Pointer[[]atomic.Pointer[numbered[T]]]
	filled atomic.Int32 // how many pages there are
}

// pageNumbers is how many numbers stand together.
const pageNumbers = 512

type numbered[T any] [pageNumbers]T

// at returns the value of a number below n.
func (p *paged[T]) at(i, n uint32) *T {
	if pages := p.pages.Load(); pages != nil {
		if page := (*pages)[i/pageNumbers].Load(); page != nil {
			return &page[i%pageNumbers]
		}
	}
	p.fill(i/pageNumbers, n/pageNumbers+1)
	return p.at(i, n)
}

// fill makes a page, of so many.
func (p *paged[T]) fill(i, pages uint32) {
	if p.pages.Load() == nil {
		none := make([]atomic.Pointer[numbered[T]], pages)
		p.pages.CompareAndSwap(nil, &none)
	}
	if (*p.pages.Load())[i].CompareAndSwap(nil, new(numbered[T])) {
		p.filled.Add(1)
	}
}

// arena holds what is numbered from 0, at places that do not change.
type arena[T any] struct {
	chunks [][]T
	n      int
}

const arenaChunk = 128

// add returns a new one, and its number.
func (a *arena[T]) add() (*T, int) {
	if a.n%arenaChunk == 0 {
		a.chunks = append(a.chunks, make([]T, arenaChunk))
	}
	a.n++
	return a.at(a.n - 1), a.n - 1
}

// push adds v, and returns its number.
func (a *arena[T]) push(v T) int {
	at, n := a.add()
	*at = v
	return n
}

// at returns the one with that number.
func (a *arena[T]) at(i int) *T { return &a.chunks[i/arenaChunk][i%arenaChunk] }
