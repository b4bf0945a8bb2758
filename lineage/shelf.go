package lineage

import (
	"math"
	"slices"
	"sort"

	"github.com/flexorhq/flexor-go/internal/logindex"
)

// shelf is what happened to one record, read part by part.
type shelf struct {
	g      *graph
	record string
	hash   uint64
	ids    []int64 // its number in each part, or one of those below
	chunks []*chunk

	around, below []*shelf            // nil: not looked for yet
	versions      map[string][]uint64 // positions of contributions, by what they state; nil: not computed yet
}

const (
	unknownID = -1 // not looked for yet
	noID      = -2
)

// chunk is what happened to a record in one part.
type chunk struct {
	contributions []placed // in the order of the log

	looked    bool    // the rest was read
	irregular []mayBe // reads and statements that may see other than what was there at their position
}

// placed is where a contribution stands.
type placed struct {
	pos      uint64
	row      uint32
	replaces bool
}

// mayBe is an access that may have looked at what was there at any time since, and
// before its position.
type mayBe struct {
	pos, since uint64
	least      uint64 // of since, from here to the end of the list
	row        uint32
}

// id returns the number of the record in a part.
func (s *shelf) id(part int) (id uint32, ok bool) {
	if s.ids[part] == unknownID {
		s.ids[part] = noID
		if id, ok := s.g.Parts[part].Record(s.record, s.hash); ok {
			s.ids[part] = int64(id)
		}
	}
	return uint32(s.ids[part]), s.ids[part] >= 0
}

// known reports whether the log names the record.
func (s *shelf) known() bool {
	for part, p := range s.g.Parts {
		id, ok := s.id(part)
		if ok && s.g.whole() {
			return true
		}
		if !ok {
			continue
		}
		for _, class := range []logindex.Class{logindex.Contributions, logindex.Reads, logindex.Irregular, logindex.Mentions} {
			for row := range p.Postings(id, class, 0, math.MaxUint32) {
				if _, ok := s.g.row(part, row); ok {
					return true
				}
			}
		}
	}
	return false
}

// chunk returns what happened to the record in a part.
func (s *shelf) chunk(part int) *chunk {
	if c := s.chunks[part]; c != nil {
		return c
	}
	c := &chunk{}
	if id, ok := s.id(part); ok {
		for row := range s.g.Parts[part].Postings(id, logindex.Contributions, 0, math.MaxUint32) {
			if r, ok := s.g.row(part, row); ok {
				c.contributions = append(c.contributions, placed{r.Position, row, replaces(r.Op)})
			}
		}
	}
	s.chunks[part] = c
	return c
}

// contributions calls yield with every contribution to the record, in the order of the log.
func (s *shelf) contributions(yield func(*contribution)) {
	for part := range s.g.Parts {
		for _, c := range s.chunk(part).contributions {
			if e := s.g.eventAt(part, c.row); e != nil && e.contribution != nil {
				yield(e.contribution)
			}
		}
	}
}

// replacedIn returns where, in a part, the first write or delete behind a spot stands.
func (s *shelf) replacedIn(part int, from spot) (at spot, ok bool) {
	id, ok := s.id(part)
	if !ok {
		return spot{}, false
	}
	first := uint32(0)
	if part == from.part {
		first = from.row + 1
	}
	for row := range s.g.Parts[part].Postings(id, logindex.Contributions, first, math.MaxUint32) {
		if r, ok := s.g.row(part, row); ok && replaces(r.Op) {
			return spot{r.Position, part, row}, true
		}
	}
	return spot{}, false
}

// replacement returns the position of the newest write or delete at pos or before, if
// that is not before least.
func (s *shelf) replacement(pos, least uint64) (at uint64, ok bool) {
	for part := min(s.g.partOf(pos), len(s.g.Parts)-1); part >= 0 && s.g.Parts[part].End() > least; part-- {
		list := s.chunk(part).contributions
		for i := sort.Search(len(list), func(i int) bool { return list[i].pos > pos }) - 1; i >= 0; i-- {
			if list[i].replaces {
				return list[i].pos, true
			}
		}
	}
	return 0, false
}

// seeing calls yield with the readings and statements that see what was put somewhere and
// is replaced at end, in the order of the log.
func (s *shelf) seeing(at, end spot, yield func(*reading)) {
	var found []*reading
	plain := true
	for part := at.part; part < len(s.g.Parts); part++ {
		from, to := between(part, at, end)
		found = s.reads(found, part, from, to)
		if s.g.spread.Since[part] < end.pos {
			n := len(found)
			found = s.irregular(found, part, at.pos, end.pos)
			plain = plain && len(found) == n
		}
	}
	if !plain {
		slices.SortStableFunc(found, byPosition)
	}
	for _, r := range found {
		yield(r)
	}
}

// isSeen reports whether there are any of these, by a run that counts.
func (s *shelf) isSeen(at, end spot, counts func(*run) bool) bool {
	for part := at.part; part < len(s.g.Parts); part++ {
		from, to := between(part, at, end)
		if s.isReadIn(part, from, to, counts) {
			return true
		}
		if s.g.spread.Since[part] < end.pos && slices.ContainsFunc(s.irregular(nil, part, at.pos, end.pos), func(r *reading) bool { return counts(r.run) }) {
			return true
		}
	}
	return false
}

// isReadIn reports whether there is a plain read in a part, from row from on and before row
// to, by a run that counts.
func (s *shelf) isReadIn(part int, from, to uint32, counts func(*run) bool) bool {
	id, ok := s.id(part)
	if !ok || from >= to {
		return false
	}
	for row := range s.g.Parts[part].Postings(id, logindex.Reads, from, to) {
		r, ok := s.g.row(part, row)
		if ok && counts(s.g.runOf(logindex.RunRef{Part: uint32(part), Run: r.Run})) {
			return true
		}
	}
	return false
}

// between returns which accesses of a part, not before that of at, stand behind at and
// before end.
func between(part int, at, end spot) (from, to uint32) {
	if part > end.part {
		return 0, 0
	}
	to = math.MaxUint32
	if part == at.part {
		from = at.row + 1
	}
	if part == end.part {
		to = end.row
	}
	return from, to
}

// all calls yield with every reading of the record, and every statement.
func (s *shelf) all(yield func(*reading)) {
	var found []*reading
	for part := range s.g.Parts {
		found = s.reads(found, part, 0, math.MaxUint32)
		found = s.irregular(found, part, 0, math.MaxUint64)
	}
	slices.SortStableFunc(found, byPosition)
	for _, r := range found {
		yield(r)
	}
}

// reads appends the plain reads in a part from row from on and before row to.
func (s *shelf) reads(found []*reading, part int, from, to uint32) []*reading {
	id, ok := s.id(part)
	if !ok || from >= to {
		return found
	}
	for row := range s.g.Parts[part].Postings(id, logindex.Reads, from, to) {
		if e := s.g.eventAt(part, row); e != nil && e.reading != nil {
			found = append(found, e.reading)
		}
	}
	return found
}

// irregular appends the other readings in a part that see what stands at pos and is
// replaced at end, and the statements.
func (s *shelf) irregular(found []*reading, part int, pos, end uint64) []*reading {
	list := s.maybes(part)
	i := 0
	if pos > 0 {
		i = sort.Search(len(list), func(i int) bool { return list[i].pos > pos })
	}
	for ; i < len(list) && list[i].least < end; i++ {
		if list[i].since >= end {
			continue
		}
		e := s.g.eventAt(part, list[i].row)
		switch {
		case e == nil:
		case e.reading != nil:
			if e.reading.shelf() == s && (e.reading.sees(pos, end) || end == math.MaxUint64) {
				found = append(found, e.reading)
			}
		case e.contribution != nil:
			for _, r := range e.run.state(e.contribution) {
				if r.shelf() == s && (r.sees(pos, end) || end == math.MaxUint64) {
					found = append(found, r)
				}
			}
		}
	}
	return found
}

// maybes returns the irregular reads of the record in a part, and the writes that may state
// to be made from it.
func (s *shelf) maybes(part int) []mayBe {
	c := s.chunk(part)
	if c.looked {
		return c.irregular
	}
	c.looked = true
	if s.g.Parts[part].Plain() {
		return nil
	}
	var rows []uint32
	if id, ok := s.id(part); ok {
		rows = slices.AppendSeq(rows, s.g.Parts[part].Postings(id, logindex.Irregular, 0, math.MaxUint32))
	}
	for _, a := range s.g.around(s) { // who names a collection names what its run saw of it
		if id, ok := a.id(part); ok {
			rows = slices.AppendSeq(rows, s.g.Parts[part].Postings(id, logindex.Mentions, 0, math.MaxUint32))
		}
	}
	slices.Sort(rows)
	for _, row := range slices.Compact(rows) {
		if r, ok := s.g.row(part, row); ok {
			c.irregular = append(c.irregular, mayBe{pos: r.Position, since: s.g.since(part, r.Run), row: row})
		}
	}
	least := uint64(math.MaxUint64)
	for i := range slices.Backward(c.irregular) {
		least = min(least, c.irregular[i].since)
		c.irregular[i].least = least
	}
	return c.irregular
}

// since returns the position of the first access of a run that is in a part.
func (g *graph) since(part int, run uint32) uint64 {
	refs := g.spread.Of(logindex.RunRef{Part: uint32(part), Run: run})
	for _, ref := range refs {
		if g.Parts[ref.Part].Run(ref.Run).LooksBack {
			return 0 // what a read states may have been there long before
		}
	}
	for _, ref := range refs {
		if pos, ok := g.Parts[ref.Part].FirstAccess(ref.Run); ok {
			return pos
		}
	}
	return 0
}

// stated returns the position of the newest contribution before pos that has the
// version, or else the digest, that a read states.
func (s *shelf) stated(version, digest string, pos uint64) (at uint64, ok bool) {
	if s.versions == nil {
		s.versions = map[string][]uint64{}
		for part, p := range s.g.Parts {
			for _, c := range s.chunk(part).contributions {
				row := p.Row(c.row)
				if !row.Extra {
					continue
				}
				d := p.Detail(row)
				for _, key := range []string{versionKey + d.Version, digestKey + d.Digest} {
					if len(key) > len(versionKey) {
						s.versions[key] = append(s.versions[key], c.pos)
					}
				}
			}
		}
	}
	for _, key := range []string{versionKey + version, digestKey + digest} {
		list := s.versions[key]
		i, _ := slices.BinarySearch(list, pos)
		if i > 0 && len(key) > len(versionKey) {
			return list[i-1], true
		}
	}
	return 0, false
}

// What a contribution can be known by.
const (
	versionKey = "v"
	digestKey  = "d"
)
