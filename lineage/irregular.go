package lineage

import (
	"math"
	"slices"
	"sort"

	"github.com/flexorhq/flexor-go/internal/logindex"
)

// mayBe is an access that may have looked at what was there at any time since, and
// before its spot.
type mayBe struct {
	at, since spot
	least     spot // of since, from here to the end of the list
}

// always is an end at which nothing is replaced that any reading could see.
const always = spot(math.MaxUint64)

// irregular appends the other readings in a part that see what stands at a spot and is
// replaced at end, and the statements.
func (s *shelf) irregular(found []reading, part int, at, end spot) []reading {
	list := s.mayBes(part)
	i := sort.Search(len(list), func(i int) bool { return list[i].at > at })
	for ; i < len(list) && list[i].least < end; i++ {
		if list[i].since >= end {
			continue
		}
		add := func(r *reading) {
			if r.shelf == s && (end == always || r.sees(at, end)) {
				found = append(found, *r)
			}
		}
		if s.g.flags(list[i].at).Op == logindex.Read {
			add(s.g.reading(list[i].at))
			continue
		}
		for _, r := range s.g.runAt(list[i].at).state(list[i].at) {
			add(&r)
		}
	}
	return found
}

// mayBes returns the irregular reads of the record in a part, and the writes that may state
// to be made from it.
func (s *shelf) mayBes(part int) []mayBe {
	if list, ok := s.maybes[part]; ok {
		return list
	}
	p := s.g.Parts[part]
	var rows []uint32
	add := func(record uint32, c logindex.Class) {
		l := p.Postings(record, c, 0, logindex.EndRow)
		for row, ok := l.Next(); ok; row, ok = l.Next() {
			rows = append(rows, row)
		}
	}
	if record, ok := s.in(part); ok {
		add(record, logindex.Irregular)
	}
	for _, a := range s.g.around(s) { // who names a collection names what its run saw of it
		if record, ok := a.in(part); ok {
			add(record, logindex.Mentions)
		}
	}
	slices.Sort(rows)
	var list []mayBe
	for _, row := range slices.Compact(rows) {
		if at := logindex.SpotOf(part, row); s.g.visible(at) {
			list = append(list, mayBe{at: at, since: s.g.since(part, p.RunOf(row))})
		}
	}
	least := always
	for i := range slices.Backward(list) {
		least = min(least, list[i].since)
		list[i].least = least
	}
	if s.maybes == nil {
		s.maybes = map[int][]mayBe{}
	}
	s.maybes[part] = list
	s.g.extra += len(list) * 3 * spotBytes
	return list
}

// since returns the first access of a run that is in a part.
func (g *graph) since(part int, run uint32) spot {
	refs := g.spread.Of(logindex.RunRef{Part: uint32(part), Run: run})
	for _, ref := range refs {
		if g.Parts[ref.Part].Run(ref.Run).LooksBack {
			return 0 // what a read states may have been there long before
		}
	}
	for _, ref := range refs {
		if row, ok := g.Parts[ref.Part].FirstAccess(ref.Run); ok {
			return logindex.SpotOf(int(ref.Part), row)
		}
	}
	return 0
}

// stated returns the newest contribution before a spot that has the version, or else
// the digest, that a read states; 0: there is none.
func (s *shelf) stated(version, digest string, before spot) spot {
	if s.versions == nil {
		s.versions = map[string][]spot{}
		s.contributions(0, s.g.end, func(at spot) {
			if !s.g.flags(at).Extra {
				return
			}
			d := s.g.detail(at)
			for _, key := range []string{versionKey + d.Version, digestKey + d.Digest} {
				if len(key) > len(versionKey) {
					s.versions[key] = append(s.versions[key], at)
					s.g.extra += spotBytes
				}
			}
		})
	}
	for _, key := range []string{versionKey + version, digestKey + digest} {
		list := s.versions[key]
		i, _ := slices.BinarySearch(list, before)
		if i > 0 && len(key) > len(versionKey) {
			return list[i-1]
		}
	}
	return 0
}

// What a contribution can be known by.
const (
	versionKey = "v"
	digestKey  = "d"
)
