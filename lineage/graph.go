package lineage

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync/atomic"
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
// record (see shelf) and by run (see run), and kept, also for the next trace. A contribution
// is nothing but the spot of its access; what else is known of it is looked up when it is
// wanted, and what is told of it when the walk is over.
type graph struct {
	*logindex.Snapshot
	size  uint64 // records from there on are not there
	asOf  int64  // nanoseconds since 1970; what is later is not there
	whole bool   // nothing is later than what is asked for
	parts int    // those from there on are later
	end   spot   // behind everything

	spread *logindex.Runs
	flat   bool  // no record that an access names is a collection
	odd    []int // parts with accesses that may look further back than to their own spots

	traces  uint32 // how many have used it
	shelves arena[shelf]
	named   table // by the hash of a name: the number of a shelf and 1
	runs    arena[run]
	met     []*run    // those that this trace has met
	indexed []indexed // by part

	rows  []uint32             // of which runs take what they need
	spans map[spot]span        // of irregular reads
	open  map[*shelf][]reading // of runs that may have read again; nil: not computed yet
	extra int                  // bytes of lists that shelves and runs have, about
}

type spot = logindex.Spot

// indexed is what the walk has come to in a part.
type indexed struct {
	shelves paged[atomic.Uint32]       // by the number of a record: that of its shelf and 1
	runs    paged[atomic.Pointer[run]] // by the number of a run
	marks   paged[uint32]              // by access: see [trace.mark]
}

// span is what a reading sees: what stands before hi, and was not replaced at lo or before.
type span struct{ lo, hi spot }

// sees reports whether what stands at a spot and is replaced at end is seen.
func (s span) sees(at, end spot) bool { return s.hi > at && s.lo < end }

// reading is a look at a record: a read, or what a write says that it was made from.
type reading struct {
	span
	at        spot // of the access
	shelf     *shelf
	run       *run // of the access, if it was met before; else nil
	made      bool // it is of a write
	irregular bool // it stands for more than one look
}

// graphOf returns the graph of the first size records of a log: that which the last trace
// has left, if it is the same.
func graphOf(s *logindex.Snapshot, size uint64, asOf time.Time) *graph {
	g, ok := s.Take().(*graph)
	if !ok || g.size != size || g.asOf != nanos(asOf) || g.traces >= maxTraces {
		g = newGraph(s, size, nanos(asOf))
	}
	g.traces++
	g.met = g.met[:0]
	return g
}

// leave leaves the graph to the next trace, unless it is large or not right.
func (g *graph) leave() {
	if g.bytes() <= maxGraph && g.Err() == nil {
		g.Leave(g)
	}
}

// maxTraces is how many traces can use a graph: their numbers are in marks.
const maxTraces = 1<<(32-markBits) - 1

// maxGraph is how many bytes a graph may have to be kept when a trace ends, about.
const maxGraph = 256 << 20

// How many bytes these take, about, with their names.
const (
	shelfBytes   = 400
	runBytes     = 400
	spanBytes    = 60
	readingBytes = 48
	spotBytes    = 8 // also a pointer
)

// bytes returns how many bytes the graph takes, about.
func (g *graph) bytes() int {
	n := g.extra + g.shelves.n*shelfBytes + g.runs.n*runBytes + len(g.spans)*spanBytes
	for i := range g.indexed {
		in := &g.indexed[i]
		n += pageNumbers * int(4*in.shelves.filled.Load()+8*in.runs.filled.Load()+4*in.marks.filled.Load())
	}
	return n
}

// nanos returns a time as the graph has it.
func nanos(asOf time.Time) int64 {
	if asOf.IsZero() {
		return math.MaxInt64
	}
	return logindex.Nanos(asOf)
}

// newGraph returns the graph of the first size records of a log, and of what was not later
// than asOf.
func newGraph(s *logindex.Snapshot, size uint64, asOf int64) *graph {
	g := &graph{Snapshot: s, size: size, asOf: asOf, spread: s.Runs(), flat: true}
	g.whole = g.asOf == math.MaxInt64 && size == s.Size
	for g.parts < len(s.Parts) && s.Parts[g.parts].First() < size {
		p := s.Parts[g.parts]
		g.flat = g.flat && p.Flat()
		if !p.Plain() {
			g.odd = append(g.odd, g.parts)
		}
		g.parts++
	}
	g.end = begin(g.parts)
	g.indexed = make([]indexed, len(s.Parts))
	return g
}

// begin returns the spot before the first access of a part.
func begin(part int) spot { return spot(part) << 32 }

// shelfNumber returns the number of the shelf of a record of a part and 1, to be set if it
// is 0.
func (g *graph) shelfNumber(part int, record uint32) *atomic.Uint32 {
	return g.indexed[part].shelves.at(record, g.Parts[part].Records())
}

// visible reports whether an access is not later than what is asked for.
func (g *graph) visible(at spot) bool {
	if g.whole {
		return true
	}
	p := g.Parts[at.Part()]
	return p.Position(at.Row()) < g.size && (g.asOf == math.MaxInt64 || p.Nanos(p.Row(at.Row())) <= g.asOf)
}

// pos returns the position of an access in the log.
func (g *graph) pos(at spot) uint64 { return g.Parts[at.Part()].Position(at.Row()) }

// row returns an access.
func (g *graph) row(at spot) logindex.Row { return g.Parts[at.Part()].Row(at.Row()) }

// flags returns the operation of an access, and what kind of one it is.
func (g *graph) flags(at spot) logindex.Row { return g.Parts[at.Part()].Flags(at.Row()) }

// time returns when an access was.
func (g *graph) time(at spot) time.Time { return g.Parts[at.Part()].Time(g.row(at)) }

// detail returns the rest of an access.
func (g *graph) detail(at spot) logindex.Detail { return g.Parts[at.Part()].Detail(g.row(at)) }

// ended reports whether a run has ended, by what a part says of it.
func (g *graph) ended(info logindex.RunInfo) bool {
	return info.Status != "" && info.EndedAt <= g.asOf && info.End < g.size
}

// around returns the shelf of a record, and those of the collections that it stands in
// and that the log knows.
func (g *graph) around(s *shelf) []*shelf {
	if s.around == nil {
		s.around = s.alone[:]
		if g.flat {
			return s.around
		}
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
	if s.below != nil || !s.collection {
		return s.below
	}
	s.below = []*shelf{}
	found := map[*shelf]bool{s: true}
	for i, p := range g.Parts[:g.parts] {
		for from, to := p.Below(s.record); from < to; from++ {
			if b := g.shelfOf(i, from); !found[b] && b.known() {
				found[b] = true
				s.below = append(s.below, b)
				g.extra += spotBytes
			}
		}
	}
	slices.SortFunc(s.below, func(a, b *shelf) int { return strings.Compare(a.record, b.record) })
	return s.below
}

// near finds the shelves around a shelf and below it, and around these.
func (g *graph) near(s *shelf) {
	g.around(s)
	for _, b := range g.below(s) {
		g.around(b)
	}
}

// replaced returns where what a record held at a spot is replaced: that of the next write
// or delete of it or of a collection it stands in, if that is before end.
func (g *graph) replaced(s *shelf, at, end spot) spot {
	for _, a := range g.around(s) {
		end = a.nextWrite(at, end)
	}
	return end
}

// seeing returns the readings of a record that see what was put somewhere and is replaced at
// end, in the order of the log; plain are those that are regular.
func (g *graph) seeing(s *shelf, plain []reading, at, end spot) []reading {
	found := plain
	for _, part := range g.odd {
		if part >= at.Part() && g.spread.Since[part] < end {
			found = s.irregular(found, part, at, end)
		}
	}
	if len(found) > len(plain) {
		slices.SortStableFunc(found, byPosition)
	}
	return found
}

// isRead reports whether any reading by a run that counts sees a contribution to a record.
func (g *graph) isRead(own *shelf, at spot, counts func(spot) bool) bool {
	// Mostly it is read not far from where it was made, so that there is no need to look
	// for what replaces it much later.
	for part := at.Part(); part < g.parts; part++ {
		end := g.replaced(own, max(at, begin(part)), begin(part+1))
		if own.isReadIn(part, at, end, counts) {
			return true
		}
		if end < begin(part+1) {
			break
		}
	}
	end := g.replaced(own, at, g.end)
	return slices.ContainsFunc(g.around(own), func(s *shelf) bool { return g.isSeen(s, at, end, counts) }) ||
		slices.ContainsFunc(g.below(own), func(s *shelf) bool { return g.isSeen(s, at, g.replaced(s, at, g.end), counts) })
}

// isSeen reports whether any reading of a record by a run that counts sees what was put
// somewhere and is replaced at end.
func (g *graph) isSeen(s *shelf, at, end spot, counts func(spot) bool) bool {
	for part := at.Part(); part < g.parts && begin(part) < end; part++ {
		if s.isReadIn(part, at, end, counts) {
			return true
		}
	}
	for _, part := range g.odd {
		if part >= at.Part() && g.spread.Since[part] < end &&
			slices.ContainsFunc(s.irregular(nil, part, at, end), func(r reading) bool { return counts(r.at) }) {
			return true
		}
	}
	return false
}

// sources calls yield with every contribution that a reading sees, and external
// with the shelf of a record if it also sees what that held before the log began.
func (g *graph) sources(r *reading, yield func(*shelf, spot), external func(*shelf)) {
	visit := func(of *shelf) {
		around := g.around(of)
		from := spot(0) // the newest replacement at lo or before
		for _, s := range around {
			from = max(from, s.lastWrite(r.lo, from))
		}
		if from == 0 {
			external(of)
		}
		for _, s := range around {
			s.contributions(from, r.hi, func(at spot) { yield(s, at) })
		}
	}
	visit(r.shelf)
	for _, s := range g.below(r.shelf) {
		visit(s)
	}
}

// anyOpen reports whether there are readings by runs that may have read again, and finds
// them if that was not done.
func (g *graph) anyOpen() bool {
	if g.open == nil {
		g.open = map[*shelf][]reading{}
		for _, r := range g.unsettled() {
			g.looks(r, 0, g.end, func(look *reading) {
				g.open[look.shelf] = append(g.open[look.shelf], *look)
				g.extra += readingBytes
			})
		}
	}
	return len(g.open) > 0
}

// unsettled returns the runs that did not end by themselves, in the order of the log.
func (g *graph) unsettled() (runs []*run) {
	seen := map[*run]bool{}
	add := func(ref logindex.RunRef) {
		if r := g.runOf(ref); g.info(r).dead && !seen[r] {
			seen[r] = true
			runs = append(runs, r)
		}
	}
	for _, ref := range g.spread.Unsettled {
		add(ref)
	}
	if g.whole {
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
func byPosition(a, b reading) int {
	return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.shelf.record, b.shelf.record), cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi))
}
