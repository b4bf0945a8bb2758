package lineage

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/internal/logindex"
	"github.com/flexorhq/flexor-go/internal/recorduri"
)

// The graph of versions. What a record holds at a position of the log is made of
// contributions: the newest write or delete of it, or of a collection it stands in,
// and the appends since. Before the first write it also holds what it held before the
// log began. A reading sees the contributions that are live at its position; a write
// is made from what was read. As a reading only sees what stands before it, the graph
// has no cycles.
//
// The graph is not built: what the walk comes to is read from the index of the log, by
// record (see shelf) and by run (see run), and kept until the trace ends.

// event is an access as the log has it.
type event struct {
	position  uint64
	run       *run
	slot      int32 // its number among the accesses of the run
	part      int32
	row       uint32 // its number in the part
	number    uint32 // the number of its record there
	op        logindex.Op
	irregular bool
	stated    bool  // a write that states what it was made from
	counted   uint8 // the roles in which a touch counts it

	reading      *reading // of a read
	contribution *contribution
}

func (e *event) pos() uint64 { return e.position }

// shelf returns the shelf of the record.
func (e *event) shelf() *shelf { return e.run.g.shelfOf(int(e.part), e.number) }

// time returns when it was.
func (e *event) time() time.Time {
	p := e.run.g.Parts[e.part]
	return p.Time(p.Row(e.row))
}

// detail returns the rest of an access.
func (e *event) detail() logindex.Detail {
	p := e.run.g.Parts[e.part]
	return p.Detail(p.Row(e.row))
}

// contribution is a write, append or delete, seen as part of what a record holds.
type contribution struct {
	*event
	made []*reading // what was stated that it was made from; see [run.state]

	steps [2]int32 // and 1, from the record in question, in each direction; 0: it was not found
	order [2]int   // as the how-manieth it was found; 0: it is of the record in question
}

// reading is a look at a record. It sees contributions that are live at any position
// of a span: what stands before hi, and was not replaced at lo or before.
type reading struct {
	other  *shelf // of a statement: the record, which is not that of the event
	lo, hi uint64
	*event
	made *contribution // of a statement what something was made from; else nil
}

// shelf returns the shelf of the record.
func (r *reading) shelf() *shelf {
	if r.other != nil {
		return r.other
	}
	return r.event.shelf()
}

// sees reports whether it sees what stands at pos and is replaced at end.
func (r *reading) sees(pos, end uint64) bool { return r.hi > pos && r.lo < end }

// graph is a log as far as the walk has come in it.
type graph struct {
	*logindex.Snapshot
	size uint64 // records from there on are not there
	asOf int64  // nanoseconds since 1970; what is later is not there

	spread  *logindex.Runs
	shelves map[string]*shelf
	places  []table[shelf]        // of each part, by the number of a record there
	runs    []table[run]          // of each part, by the number of a run there; of several places, the first
	open    map[*shelf][]*reading // of runs that may have read again; nil: not computed yet
}

// table finds something by numbers of which few are used.
type table[T any] [][]*T

// tablePage is how many numbers stand together.
const tablePage = 256

// newTable returns a table of the numbers before n.
func newTable[T any](n uint32) table[T] { return make(table[T], n/tablePage+1) }

// at returns what has that number, to be set if it is nil.
func (t table[T]) at(n uint32) **T {
	page := &t[n/tablePage]
	if *page == nil {
		*page = make([]*T, tablePage)
	}
	return &(*page)[n%tablePage]
}

// newGraph returns the graph of the first size records of a log.
func newGraph(s *logindex.Snapshot, size uint64, asOf time.Time) *graph {
	g := &graph{Snapshot: s, size: size, asOf: math.MaxInt64, spread: s.Runs(), shelves: map[string]*shelf{}}
	for _, p := range s.Parts {
		g.places = append(g.places, newTable[shelf](p.Records()))
		g.runs = append(g.runs, newTable[run](p.Runs()))
	}
	if !asOf.IsZero() {
		g.asOf = logindex.Nanos(asOf)
	}
	return g
}

// row returns an access; ok is false if it is later than what is asked for.
func (g *graph) row(part int, row uint32) (r logindex.Row, ok bool) {
	p := g.Parts[part]
	r = p.Row(row)
	return r, r.Position < g.size && (g.asOf == math.MaxInt64 || p.Nanos(r) <= g.asOf)
}

// whole reports whether nothing is later than what is asked for.
func (g *graph) whole() bool { return g.asOf == math.MaxInt64 && g.size == g.Size }

// ended reports whether a run has ended, by what a part says of it.
func (g *graph) ended(info logindex.RunInfo) bool {
	return info.Status != "" && info.EndedAt <= g.asOf && info.End < g.size
}

// partOf returns the number of the part that a position is in, or stands before.
func (g *graph) partOf(pos uint64) int {
	return sort.Search(len(g.Parts), func(i int) bool { return g.Parts[i].End() > pos })
}

// shelfOf returns the shelf of the record that an access names by a number.
func (g *graph) shelfOf(part int, record uint32) *shelf {
	s := g.places[part].at(record)
	if *s == nil {
		*s = g.shelf(g.Parts[part].Name(record))
		(*s).ids[part] = int64(record)
	}
	return *s
}

// shelf returns the shelf of a record, be there anything on it or not.
func (g *graph) shelf(record string) *shelf {
	s := g.shelves[record]
	if s == nil {
		s = &shelf{g: g, record: record, hash: logindex.Hash(record), ids: make([]int64, len(g.Parts)), chunks: make([]*chunk, len(g.Parts))}
		for i := range s.ids {
			s.ids[i] = unknownID
		}
		g.shelves[record] = s
	}
	return s
}

// around returns the shelf of a record, and those of the collections that it stands in
// and that the log knows.
func (g *graph) around(s *shelf) []*shelf {
	if s.around == nil {
		s.around = []*shelf{s}
		for c := range recorduri.Above(s.record) {
			if above := g.shelf(c); above.known() {
				s.around = append(s.around, above)
			}
		}
	}
	return s.around
}

// below returns the shelves of what stands in a collection, not its own, by their names.
func (g *graph) below(s *shelf) []*shelf {
	if s.below != nil || !recorduri.Collection(s.record) {
		return s.below
	}
	s.below = []*shelf{}
	found := map[*shelf]bool{s: true}
	for i, p := range g.Parts {
		for from, to := p.Below(s.record); from < to; from++ {
			if b := g.shelfOf(i, from); !found[b] && b.known() {
				found[b] = true
				s.below = append(s.below, b)
			}
		}
	}
	slices.SortFunc(s.below, func(a, b *shelf) int { return strings.Compare(a.record, b.record) })
	return s.below
}

// spot is a place in the log: a position, and the access there.
type spot struct {
	pos  uint64
	part int
	row  uint32
}

// end is behind everything.
func (g *graph) end() spot { return spot{pos: g.size, part: len(g.Parts)} }

// replaced returns where what a record held at a spot is replaced: that of the next write
// or delete of it or of a collection it stands in.
func (g *graph) replaced(s *shelf, from spot) spot {
	end := g.end()
	for _, s := range g.around(s) {
		for part := from.part; part < len(g.Parts) && g.Parts[part].First() < end.pos; part++ {
			if at, ok := s.replacedIn(part, from); ok {
				if at.pos < end.pos {
					end = at
				}
				break
			}
		}
	}
	return end
}

// readings calls yield with every reading, and every statement, that sees a
// contribution.
func (g *graph) readings(c *contribution, yield func(*reading)) {
	own, at := c.shelf(), spot{c.pos(), int(c.part), c.row}
	end := g.replaced(own, at)
	for _, s := range g.around(own) {
		s.seeing(at, end, yield)
	}
	for _, s := range g.below(own) {
		s.seeing(at, g.replaced(s, at), yield)
	}
}

// isRead reports whether any reading or statement of a run that counts sees a
// contribution.
func (g *graph) isRead(c *contribution, counts func(*run) bool) bool {
	own, at := c.shelf(), spot{c.pos(), int(c.part), c.row}
	if g.isReadSoon(own, at, counts) {
		return true
	}
	for _, s := range slices.Concat(g.around(own), g.below(own)) {
		if s.isSeen(at, g.replaced(s, at), counts) {
			return true
		}
	}
	return false
}

// isReadSoon reports whether a plain read of the record itself comes before it is replaced.
// It looks no further than that, and so mostly spares a search for what is much later.
func (g *graph) isReadSoon(s *shelf, at spot, counts func(*run) bool) bool {
	for part := at.part; part < len(g.Parts); part++ {
		end := g.end()
		for _, a := range g.around(s) {
			if next, ok := a.replacedIn(part, at); ok && next.pos < end.pos {
				end = next
			}
		}
		from, to := between(part, at, end)
		if s.isReadIn(part, from, to, counts) {
			return true
		}
		if end.part == part {
			return false
		}
	}
	return false
}

// sources calls yield with every contribution that a reading sees, and external
// with the shelf of a record if it also sees what that held before the log began.
func (g *graph) sources(r *reading, yield func(*contribution), external func(*shelf)) {
	visit := func(of *shelf) {
		around := g.around(of)
		from, replaced := uint64(0), false // where the newest replacement at lo or before stands
		for _, s := range around {
			if pos, ok := s.replacement(r.lo, from); ok {
				from, replaced = max(from, pos), true
			}
		}
		if !replaced {
			external(of)
		}
		for _, s := range around {
			for part := g.partOf(from); part < len(g.Parts) && g.Parts[part].First() < r.hi; part++ {
				list := s.chunk(part).contributions
				i := sort.Search(len(list), func(i int) bool { return list[i].pos >= from })
				for ; i < len(list) && list[i].pos < r.hi; i++ {
					if e := g.eventAt(part, list[i].row); e != nil && e.contribution != nil {
						yield(e.contribution)
					}
				}
			}
		}
	}
	own := r.shelf()
	visit(own)
	for _, s := range g.below(own) {
		visit(s)
	}
}

// openReadings returns the readings of a record by runs that may have read again.
func (g *graph) openReadings(s *shelf) []*reading {
	if g.open == nil {
		g.open = map[*shelf][]*reading{}
		for _, r := range g.unsettled() {
			r.load()
			for _, look := range r.readings(0, len(r.slots)) {
				g.open[look.shelf()] = append(g.open[look.shelf()], look)
			}
		}
	}
	return g.open[s]
}

// unsettled returns the runs that did not end by themselves, in the order of the log.
func (g *graph) unsettled() (runs []*run) {
	seen := map[*run]bool{}
	add := func(ref logindex.RunRef) {
		if r := g.runOf(ref); r.dead && !seen[r] {
			seen[r] = true
			runs = append(runs, r)
		}
	}
	for _, ref := range g.spread.Unsettled {
		add(ref)
	}
	if g.whole() {
		return runs
	}
	for i, p := range g.Parts { // those that ended later had not ended
		for run := range p.Runs() {
			if info := p.Run(run); info.Status != "" && !g.ended(info) {
				add(logindex.RunRef{Part: uint32(i), Run: run})
			}
		}
	}
	return runs
}

// byPosition is the order in which readings are shown to the walk: that of the log,
// however that is cut into parts.
func byPosition(a, b *reading) int {
	return cmp.Or(cmp.Compare(a.pos(), b.pos()), strings.Compare(a.shelf().record, b.shelf().record), cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi))
}

// replaces reports whether what a record held is gone with it.
func replaces(op logindex.Op) bool { return op != logindex.Append }
