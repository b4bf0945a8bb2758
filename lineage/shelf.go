package lineage

import (
	"math"
	"slices"
	"sort"
	"sync"

	"github.com/flexorhq/flexor-go/internal/logindex"
	"github.com/flexorhq/flexor-go/internal/recorduri"
)

// shelf is what happened to one record, read part by part.
type shelf struct {
	// What the walk asks for of every record comes first, so that it stands together in memory.
	g             *graph
	around, below []*shelf   // nil: not looked for yet
	mu            sync.Mutex // guards homes, from and upto; held only to look at these
	homes         []home     // where it is, among the parts that were looked at, in their order
	from, upto    int        // these parts
	alone         [1]*shelf
	few           [4]home // most have no more
	number        int
	rank          int  // its place among the names of an answer
	collection    bool // it is one

	record string
	hash   uint64
	next   *shelf // with the same hash

	maybes   map[int][]mayBe   // by part
	versions map[string][]spot // contributions, by what they state; nil: not computed yet
}

// home is a part that names a record, and its number there.
type home struct{ part, record uint32 }

// shelfAt returns the shelf of the record of an access.
func (g *graph) shelfAt(at spot) *shelf {
	return g.shelfOf(at.Part(), g.Parts[at.Part()].RecordOf(at.Row()))
}

// shelfOf returns the shelf of the record that a part has under a number.
func (g *graph) shelfOf(part int, record uint32) *shelf {
	n := g.shelfNumber(part, record)
	if known := n.Load(); known > 0 {
		return g.shelves.at(int(known - 1))
	}
	s := g.shelf(g.Parts[part].Name(record))
	s.mu.Lock()
	if s.from == s.upto {
		s.from, s.upto, s.homes = part, part+1, append(s.homes, home{uint32(part), record})
	}
	s.mu.Unlock()
	n.Store(uint32(s.number + 1))
	return s
}

// shelf returns the shelf of a record, be there anything on it or not.
func (g *graph) shelf(record string) *shelf {
	hash := logindex.Hash(record)
	first := g.named.at(hash | 1)
	var same *shelf
	if *first > 0 {
		same = g.shelves.at(int(*first - 1))
	}
	for s := same; s != nil; s = s.next {
		if s.record == record {
			return s
		}
	}
	s, n := g.shelves.add()
	s.g, s.number, s.record, s.hash, s.collection, s.next = g, n, record, hash, recorduri.Collection(record), same
	s.homes, s.alone[0] = s.few[:0], s
	*first = uint64(n + 1)
	return s
}

// home returns the first home of the record that is in a part or behind it, and not behind
// last. It looks at that part, at those between it and others that were looked at, and then no
// further than it must.
func (s *shelf) home(part, last int) (h home, ok bool) {
	if part > last {
		return home{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from == s.upto {
		s.from, s.upto = part, part
	}
	for s.from > part {
		s.from--
		if h, ok := s.look(s.from); ok {
			s.homes = slices.Insert(s.homes, 0, h)
		}
	}
	for s.upto <= part {
		s.forward()
	}
	i := len(s.homes)
	if i > 0 && int(s.homes[i-1].part) >= part {
		i = sort.Search(i, func(i int) bool { return int(s.homes[i].part) >= part })
	}
	for i == len(s.homes) && s.upto <= last && s.upto < s.g.parts {
		s.forward()
	}
	if i == len(s.homes) || int(s.homes[i].part) > last {
		return home{}, false
	}
	return s.homes[i], true
}

// forward looks at the part behind those that were looked at.
func (s *shelf) forward() {
	if h, ok := s.look(s.upto); ok {
		s.homes = append(s.homes, h)
	}
	s.upto++
}

// look looks for the record in a part.
func (s *shelf) look(part int) (h home, ok bool) {
	record, ok := s.g.Parts[part].Record(s.record, s.hash)
	if ok {
		s.g.shelfNumber(part, record).Store(uint32(s.number + 1))
	}
	return home{uint32(part), record}, ok
}

// in returns the number of the record in a part.
func (s *shelf) in(part int) (record uint32, ok bool) {
	h, ok := s.home(part, part)
	return h.record, ok
}

// known reports whether the log names the record.
func (s *shelf) known() bool {
	if s.g.whole {
		_, ok := s.home(0, s.g.parts-1)
		return ok
	}
	return s.postings(logindex.Mentions, func(spot) bool { return false })
}

// postings calls yield with all that has to do with the record, up to a class, part by part and
// class by class. It reports whether there is anything; it ends when yield returns false.
func (s *shelf) postings(last logindex.Class, yield func(spot) bool) (found bool) {
	for part := 0; ; part++ {
		h, ok := s.home(part, s.g.parts-1)
		if !ok {
			return found
		}
		part = int(h.part)
		for class := range last + 1 {
			l := s.g.Parts[part].Postings(h.record, class, 0, logindex.EndRow)
			for row, ok := l.Next(); ok; row, ok = l.Next() {
				if at := logindex.SpotOf(part, row); s.g.visible(at) {
					if found = true; !yield(at) {
						return found
					}
				}
			}
		}
	}
}

// nextWrite returns the first write or delete behind a spot, if that is before end; else end.
func (s *shelf) nextWrite(at, end spot) spot {
	for part := at.Part(); ; part++ {
		h, ok := s.home(part, (end - 1).Part())
		if !ok {
			return end
		}
		part = int(h.part)
		l := s.g.Parts[h.part].Postings(h.record, logindex.Writes, after(int(h.part), at), logindex.EndRow)
		for row, ok := l.Next(); ok; row, ok = l.Next() {
			if w := logindex.SpotOf(int(h.part), row); s.g.visible(w) {
				return min(w, end)
			}
		}
	}
}

// after returns the first access of a part that is behind a spot.
func after(part int, at spot) uint32 {
	if part == at.Part() {
		return uint32(at)
	}
	return 0
}

// before returns the first access of a part that is not before a spot.
func before(part int, at spot) uint32 {
	if part == at.Part() {
		return at.Row()
	}
	return logindex.EndRow
}

// lastWrite returns the newest write or delete at a spot or before, if that is not before
// least; else 0.
func (s *shelf) lastWrite(at, least spot) spot {
	for part := min(at.Part(), s.g.parts-1); part >= least.Part(); part-- {
		record, ok := s.in(part)
		if !ok {
			continue
		}
		to := uint32(logindex.EndRow)
		if part == at.Part() {
			to = uint32(at)
		}
		for row, ok := s.g.Parts[part].Newest(record, logindex.Writes, to); ok; row, ok = s.g.Parts[part].Newest(record, logindex.Writes, row) {
			if w := logindex.SpotOf(part, row); s.g.visible(w) {
				return w
			}
		}
	}
	return 0
}

// contributions calls yield with every contribution to the record from a spot on, and
// before another, in the order of the log.
func (s *shelf) contributions(from, to spot, yield func(spot)) {
	if from >= to || s.g.parts == 0 {
		return
	}
	for part := from.Part(); ; part++ {
		h, ok := s.home(part, min((to-1).Part(), s.g.parts-1))
		if !ok {
			return
		}
		part = int(h.part)
		first := uint32(0)
		if int(h.part) == from.Part() && from.Row() != math.MaxUint32 {
			first = from.Row()
		}
		p, last := s.g.Parts[h.part], before(int(h.part), to)
		writes, appends := p.Postings(h.record, logindex.Writes, first, last), p.Postings(h.record, logindex.Appends, first, last)
		w, isWrite := writes.Next()
		a, isAppend := appends.Next()
		for isWrite || isAppend {
			row := a
			if isWrite && (!isAppend || w < a) {
				row = w
				w, isWrite = writes.Next()
			} else {
				a, isAppend = appends.Next()
			}
			if at := logindex.SpotOf(int(h.part), row); s.g.visible(at) {
				yield(at)
			}
		}
	}
}

// reads appends the plain reads of the record between two spots.
func (s *shelf) reads(found []reading, at, end spot) []reading {
	last := min((end - 1).Part(), s.g.parts-1)
	if last < 0 {
		return found
	}
	for part := at.Part(); ; part++ {
		h, ok := s.home(part, last)
		if !ok {
			return found
		}
		part = int(h.part)
		l := s.g.Parts[h.part].Postings(h.record, logindex.Reads, after(int(h.part), at), before(int(h.part), end))
		for row, ok := l.Next(); ok; row, ok = l.Next() {
			if r := logindex.SpotOf(int(h.part), row); s.g.visible(r) {
				found = append(found, reading{span: span{r, r}, at: r, shelf: s})
			}
		}
	}
}

// isReadIn reports whether there is a plain read in a part, between two spots, by a run
// that counts.
func (s *shelf) isReadIn(part int, at, end spot, counts func(spot) bool) bool {
	record, ok := s.in(part)
	if !ok {
		return false
	}
	l := s.g.Parts[part].Postings(record, logindex.Reads, after(part, at), before(part, end))
	for row, ok := l.Next(); ok; row, ok = l.Next() {
		if r := logindex.SpotOf(part, row); s.g.visible(r) && counts(r) {
			return true
		}
	}
	return false
}

// all calls yield with every reading of the record, and every statement.
func (s *shelf) all(yield func(*reading)) {
	found := s.reads(nil, 0, s.g.end)
	for _, part := range s.g.odd {
		found = s.irregular(found, part, 0, always)
	}
	slices.SortStableFunc(found, byPosition)
	for i := range found {
		yield(&found[i])
	}
}
