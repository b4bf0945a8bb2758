package lineage

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/recorduri"
)

// The graph of versions. What a record holds at a position of the log is made of
// contributions: the newest write or delete of it, or of a collection it stands in,
// and the appends since. Before the first write it also holds what it held before the
// log began. A reading sees the contributions that are live at its position; a write
// is made from what was read. As a reading only sees what stands before it, the graph
// has no cycles.

// contribution is a write, append or delete, seen as part of what a record holds.
type contribution struct {
	*event
	replaces bool       // a write or a delete: what was there before is gone
	made     []*reading // what it was stated to be made from; nil: not stated
	before   int        // else it was made from so many of its run's readings
}

// explicit reports whether it was stated what the contribution was made from.
func (c *contribution) explicit() bool { return c.From != nil }

// reading is a look at a record. It sees contributions that are live at any position
// of a span: what stands before hi, and was not replaced at lo or before.
type reading struct {
	record string
	lo, hi uint64
	*event
	index int           // among the readings of its run
	made  *contribution // of a statement what something was made from; else nil
}

// shelf is what happened to one record.
type shelf struct {
	record        string
	contributions []*contribution // in the order of the log
	readings      readings
	statements    readings   // what something was stated to be made from
	open          []*reading // of the readings, those of runs that may have read again
}

// readings are readings by hi. least holds the smallest lo from each on.
type readings struct {
	list  []*reading
	least []uint64
}

// sort finishes the list.
func (l *readings) sort() {
	slices.SortStableFunc(l.list, func(a, b *reading) int { return cmp.Compare(a.hi, b.hi) })
	l.least = make([]uint64, len(l.list))
	for i, r := range slices.Backward(l.list) {
		l.least[i] = r.lo
		if i+1 < len(l.list) {
			l.least[i] = min(r.lo, l.least[i+1])
		}
	}
}

// seeing calls yield with those that see what stands at pos and is replaced at end.
func (l *readings) seeing(pos, end uint64, yield func(*reading)) {
	i := sort.Search(len(l.list), func(i int) bool { return l.list[i].hi > pos })
	for ; i < len(l.list) && l.least[i] < end; i++ {
		if l.list[i].lo < end {
			yield(l.list[i])
		}
	}
}

// repeat is what makes a read the repeat of another of its run.
type repeat struct {
	record, source, version, digest string
	rows                            int64
	task                            int
}

// recent is what a run did last.
type recent struct {
	access map[string]*reading // to each record
	read   map[repeat]uint64   // the position of the newest record of each read
}

// graph holds all of a history by record.
type graph struct {
	*history
	shelves []*shelf // by record, so that those in a collection stand together
	byURI   map[string]*shelf
	above   map[string][]*shelf // of a record: the collections it stands in, that have a shelf
}

// newGraph returns the graph of a history.
func newGraph(h *history) *graph {
	g := &graph{history: h, byURI: map[string]*shelf{}, above: map[string][]*shelf{}}
	for _, e := range h.events {
		g.shelf(e.Record)
		for _, f := range e.From {
			g.shelf(f)
		}
	}
	slices.SortFunc(g.shelves, func(a, b *shelf) int { return strings.Compare(a.record, b.record) })
	for _, s := range g.shelves {
		g.above[s.record] = g.collections(s.record)
	}
	last := map[*run]recent{}
	for _, e := range h.events {
		if last[e.run].access == nil {
			last[e.run] = recent{map[string]*reading{}, map[repeat]uint64{}}
		}
		g.add(e, last[e.run])
	}
	for _, s := range g.shelves {
		s.readings.sort()
		s.statements.sort()
	}
	return g
}

// shelf returns the shelf of a record, and makes it if there is none.
func (g *graph) shelf(record string) *shelf {
	s := g.byURI[record]
	if s == nil {
		s = &shelf{record: record}
		g.byURI[record] = s
		g.shelves = append(g.shelves, s)
	}
	return s
}

// collections returns the shelves of the collections that a record stands in.
func (g *graph) collections(record string) (out []*shelf) {
	for c := range recorduri.Above(record) {
		if s := g.byURI[c]; s != nil {
			out = append(out, s)
		}
	}
	return out
}

// below returns the shelves of what stands in a collection, not its own.
func (g *graph) below(record string) []*shelf {
	if !recorduri.Collection(record) {
		return nil
	}
	i := sort.Search(len(g.shelves), func(i int) bool { return g.shelves[i].record > record })
	n := sort.Search(len(g.shelves)-i, func(n int) bool { return !strings.HasPrefix(g.shelves[i+n].record, record) })
	return g.shelves[i : i+n]
}

// around returns the shelf of a record, if it has one, and those of the collections
// that it stands in.
func (g *graph) around(record string) []*shelf {
	above, ok := g.above[record]
	if !ok {
		return g.collections(record)
	}
	return append([]*shelf{g.byURI[record]}, above...)
}

// add adds an event. last is what its run did before.
func (g *graph) add(e *event, last recent) {
	s := g.byURI[e.Record]
	if e.Op == audit.OpRead {
		r := &reading{record: e.Record, lo: e.pos, hi: e.pos, event: e, index: len(e.run.reads)}
		key := repeat{e.Record, e.Source, e.Version, e.Digest, e.Rows, e.Task}
		if e.Repeats > 0 {
			r.lo = last.read[key] // the repeats came at any time since
		}
		last.read[key] = e.pos
		if c := s.stated(e); c != nil {
			r.lo, r.hi = c.pos, c.pos+1
		}
		e.run.reads = append(e.run.reads, r)
		s.readings.list = append(s.readings.list, r)
		if e.run.dead {
			s.open = append(s.open, r)
		}
		last.access[e.Record] = r
		return
	}
	c := &contribution{event: e, replaces: e.Op != audit.OpAppend, before: len(e.run.reads)}
	for _, f := range e.From {
		for _, r := range g.seen(e, f, last.access) {
			r.made = c
			c.made = append(c.made, r)
			own := g.byURI[r.record]
			own.statements.list = append(own.statements.list, r)
		}
	}
	if !c.explicit() && c.Op != audit.OpDelete {
		e.run.made = append(e.run.made, c)
	}
	s.contributions = append(s.contributions, c)
	last.access[e.Record] = &reading{record: e.Record, lo: e.pos, hi: e.pos + 1, event: e}
}

// stated returns the newest contribution that has the version, or else the digest, of
// a read; nil if there is none.
func (s *shelf) stated(e *event) *contribution {
	same := func(of func(*event) string) *contribution {
		if of(e) == "" {
			return nil
		}
		for _, c := range slices.Backward(s.contributions) {
			if of(c.event) == of(e) {
				return c
			}
		}
		return nil
	}
	if c := same(func(e *event) string { return e.Version }); c != nil {
		return c
	}
	return same(func(e *event) string { return e.Digest })
}

// seen returns what a write saw of a record that it states to be made from: what its
// run saw of it the last time, else what is there now. Of a collection it is also what
// the run saw the last time of each record in it.
func (g *graph) seen(e *event, record string, last map[string]*reading) []*reading {
	var newest *reading
	for _, s := range g.around(record) {
		if r := last[s.record]; r != nil && (newest == nil || r.pos > newest.pos) {
			newest = r
		}
	}
	span := reading{record: record, lo: e.pos, hi: e.pos, event: e}
	if newest != nil {
		span.lo, span.hi = newest.lo, newest.hi
	}
	out := []*reading{&span}
	for _, s := range g.below(record) {
		if r := last[s.record]; r != nil {
			out = append(out, &reading{record: s.record, lo: r.lo, hi: r.hi, event: e})
		}
	}
	return out
}

// replaced returns the position at which what a record held at pos is replaced: that
// of the next write or delete of it or of a collection it stands in.
func (g *graph) replaced(record string, pos uint64) uint64 {
	at := g.head.Size
	for _, s := range g.around(record) {
		for i := s.after(pos); i < len(s.contributions) && s.contributions[i].pos < at; i++ {
			if s.contributions[i].replaces {
				at = s.contributions[i].pos
				break
			}
		}
	}
	return at
}

// readings calls yield with every reading, and every statement, that sees a
// contribution.
func (g *graph) readings(c *contribution, yield func(*reading)) {
	visit := func(s *shelf, end uint64) {
		s.readings.seeing(c.pos, end, yield)
		s.statements.seeing(c.pos, end, yield)
	}
	end := g.replaced(c.Record, c.pos)
	for _, s := range g.around(c.Record) {
		visit(s, end)
	}
	for _, s := range g.below(c.Record) {
		visit(s, g.replaced(s.record, c.pos))
	}
}

// sources calls yield with every contribution that a reading sees, and external
// with the record if it also sees what that held before the log began.
func (g *graph) sources(r *reading, yield func(*contribution), external func(record string)) {
	visit := func(record string) {
		around := g.around(record)
		from, replaced := uint64(0), false // where the newest replacement at lo or before stands
		for _, s := range around {
			for i := s.after(r.lo) - 1; i >= 0; i-- {
				if c := s.contributions[i]; c.replaces {
					from, replaced = max(from, c.pos), true
					break
				}
			}
		}
		if !replaced {
			external(record)
		}
		for _, s := range around {
			i := sort.Search(len(s.contributions), func(i int) bool { return s.contributions[i].pos >= from })
			for ; i < len(s.contributions) && s.contributions[i].pos < r.hi; i++ {
				yield(s.contributions[i])
			}
		}
	}
	visit(r.record)
	for _, s := range g.below(r.record) {
		visit(s.record)
	}
}

// after returns the index of the first contribution behind pos.
func (s *shelf) after(pos uint64) int {
	return sort.Search(len(s.contributions), func(i int) bool { return s.contributions[i].pos > pos })
}
