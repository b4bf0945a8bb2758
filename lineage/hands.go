package lineage

import (
	"runtime"
	"slices"
	"sync"
)

// hands are goroutines that share work of which no part waits for another.
type hands struct {
	many  int // how many
	least int // what is less than so much for each is not shared
}

// newHands returns as many as there are processors; in tests, so many, that share all.
func newHands(forced int) hands {
	if forced > 0 {
		return hands{forced, 1}
	}
	return hands{runtime.GOMAXPROCS(0), 1 << 12}
}

// share calls do for pieces of what is numbered from 0 to n, each once, and returns when
// all have returned.
func (h hands) share(n int, do func(piece, from, to int)) (pieces int) {
	pieces = max(1, min(h.many, n/h.least))
	var wg sync.WaitGroup
	for i := 1; i < pieces; i++ {
		wg.Go(func() { do(i, n*i/pieces, n*(i+1)/pieces) })
	}
	do(0, 0, n/pieces)
	wg.Wait()
	return pieces
}

// tell returns what one tells of the numbers from 0 to n, in their order, without those of which
// it reports false. It is called by several goroutines, and leaves out as it is then.
func tell[T any](h hands, n int, one func(i int, out *T) bool) []T {
	all := make([]T, n)
	told := make([][]T, h.many)
	pieces := h.share(n, func(piece, from, to int) {
		at := from
		for i := from; i < to; i++ {
			if one(i, &all[at]) {
				at++
			}
		}
		told[piece] = all[from:at]
	})
	out := all[:0]
	for _, list := range told[:pieces] {
		if len(list) > 0 && len(out) < cap(out) && &out[:len(out)+1][len(out)] == &list[0] {
			out = out[:len(out)+len(list)] // it is there
			continue
		}
		out = append(out, list...)
	}
	return out
}

// sort sorts a list, of which no two elements must keep their order.
func sortBy[T any](h hands, list []T, compare func(a, b T) int) {
	if h.many < 2 || len(list) < 2*h.least {
		slices.SortFunc(list, compare)
		return
	}
	half := hands{h.many / 2, h.least}
	a, b := slices.Clone(list[:len(list)/2]), list[len(list)/2:]
	var wg sync.WaitGroup
	wg.Go(func() { sortBy(half, a, compare) })
	sortBy(half, b, compare)
	wg.Wait()
	for i := range list { // b is not overtaken, as what is left of it and a fills the list
		if len(b) == 0 || len(a) > 0 && compare(a[0], b[0]) <= 0 {
			list[i], a = a[0], a[1:]
		} else {
			list[i], b = b[0], b[1:]
		}
	}
}
