package lineage

import (
	"slices"
	"sort"
	"strings"
	"sync/atomic"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/logindex"
)

// run is what the log says of a run, as far as lineage needs it.
type run struct {
	// What the walk asks for of every run comes first, so that it stands together in memory.
	followed [2]spot       // how far its accesses were followed: down to, or up to
	touches  [roles]uint32 // what it has to do with the record in question: numbers of touches and 1
	trace    uint32        // of which what stands above and cited are
	cited    atomic.Bool   // its entry is cited
	loaded   bool          // its accesses were read
	known    bool          // what its records say was read
	number   uint32
	pieces   []piece // its accesses in the order of the log
	one      [1]piece
	g        *graph

	first  logindex.RunRef
	others []logindex.RunRef // all its places, if there are several

	name    string // its id; empty: not read yet
	agent   string
	version string
	status  audit.Status // empty: it has no entry
	dead    bool         // it has none, or others wrote it
	end     uint64       // index of its entry; the size of the log if there is none

	said    bool               // what its writes state to be made from was looked for
	made    map[spot][]reading // that
	repeats map[spot]spot      // of repeated reads: the same read before; nil: not looked for yet
}

// piece are the accesses of a run in a part, as [logindex.Part.RunRows] has them.
type piece struct {
	part int
	rows []uint32
}

// id returns the run's id.
func (r *run) id() string {
	if r.name == "" {
		r.name = r.g.Parts[r.first.Part].RunID(r.first.Run)
	}
	return r.name
}

// runAt returns the run of an access.
func (g *graph) runAt(at spot) *run {
	part := at.Part()
	return g.runOf(logindex.RunRef{Part: uint32(part), Run: g.Parts[part].RunOf(at.Row())})
}

// metAt returns the run of an access if it was met before, by whatever trace; else nil.
func (g *graph) metAt(at spot) *run {
	part := at.Part()
	return g.indexed[part].runs.at(g.Parts[part].RunOf(at.Row()), g.Parts[part].Runs()).Load()
}

// runOf returns a run.
func (g *graph) runOf(ref logindex.RunRef) *run {
	at := g.indexed[ref.Part].runs.at(ref.Run, g.Parts[ref.Part].Runs())
	if r := at.Load(); r != nil {
		return r.meet()
	}
	if len(g.spread.Same) > 0 {
		if same := g.spread.Same[ref]; same != nil && same[0] != ref {
			r := g.runOf(same[0])
			at.Store(r)
			return r
		}
	}
	r, n := g.runs.add()
	r.g, r.number, r.first, r.others = g, uint32(n), ref, g.spread.Same[ref]
	at.Store(r)
	return r.meet()
}

// meet notes that the trace has met the run, and forgets what it was to another one.
func (r *run) meet() *run {
	if r.trace != r.g.traces {
		r.trace, r.followed, r.touches = r.g.traces, [2]spot{}, [roles]uint32{}
		r.cited.Store(false)
		r.g.met = append(r.g.met, r)
	}
	return r
}

// places returns all places of a run, in the order of the log.
func (r *run) places(yield func(logindex.RunRef) bool) {
	if r.others == nil {
		yield(r.first)
		return
	}
	for _, ref := range r.others {
		if !yield(ref) {
			return
		}
	}
}

// info reads what the log says of a run.
func (g *graph) info(r *run) *run {
	if r.known {
		return r
	}
	r.known, r.end, r.dead = true, g.size, true
	for ref := range r.places {
		r.learn(g.Parts[ref.Part].Run(ref.Run))
	}
	return r
}

// learn takes over what a part says of the run.
func (r *run) learn(info logindex.RunInfo) {
	ended := r.g.ended(info)
	if info.Started || ended {
		r.agent, r.version = info.Agent, info.Version
	}
	if ended {
		r.status, r.end, r.dead = info.Status, info.End, info.Interrupted
	}
}

// load finds the accesses of the run.
func (r *run) load() {
	if r.loaded {
		return
	}
	r.loaded = true
	learn := !r.known
	if learn {
		r.known, r.end, r.dead = true, r.g.size, true
	}
	r.pieces = r.one[:0]
	for ref := range r.places {
		p := r.g.Parts[ref.Part]
		info := p.Run(ref.Run)
		if learn {
			r.learn(info)
		}
		most := info.MostRows()
		if cap(r.g.rows)-len(r.g.rows) < most {
			r.g.rows = make([]uint32, 0, max(most, rowsChunk))
		}
		n := len(r.g.rows)
		all := p.RunRows(r.g.rows, info)
		r.g.rows = all
		rows := all[n:]
		if !r.g.whole {
			rows = slices.DeleteFunc(rows, func(x uint32) bool { return !r.g.visible(logindex.SpotOf(int(ref.Part), x>>logindex.KindBits)) })
		}
		r.g.extra += 4 * len(rows)
		r.pieces = append(r.pieces, piece{int(ref.Part), rows[:len(rows):len(rows)]})
	}
}

// rowsChunk is how many accesses of runs have their place together.
const rowsChunk = 1 << 12

// accesses calls yield with its accesses from a spot on and before another.
func (r *run) accesses(from, to spot, yield func(spot, logindex.Kind)) {
	r.load()
	for _, p := range r.pieces {
		if p.part < from.Part() {
			continue
		}
		rows := p.rows
		if p.part == from.Part() && from > begin(p.part) {
			rows = rows[sort.Search(len(rows), func(i int) bool { return rows[i]>>logindex.KindBits >= from.Row() }):]
		}
		for _, x := range rows {
			at := logindex.SpotOf(p.part, x>>logindex.KindBits)
			if at >= to {
				return
			}
			yield(at, logindex.Kind(x&(1<<logindex.KindBits-1)))
		}
	}
}

// looks calls yield with the readings among its accesses from a spot on and before another.
func (g *graph) looks(r *run, from, to spot, yield func(*reading)) {
	r.accesses(from, to, func(at spot, kind logindex.Kind) {
		if kind == logindex.Look {
			yield(g.reading(at))
		}
	})
}

// reading returns a read.
func (g *graph) reading(at spot) *reading {
	r := &reading{span: span{at, at}, at: at, shelf: g.shelfAt(at)}
	if g.Parts[at.Part()].Plain() || !g.flags(at).Irregular {
		return r
	}
	r.irregular = true
	if s, ok := g.spans[at]; ok {
		r.span = s
		return r
	}
	d := g.detail(at)
	if d.Repeats > 0 {
		r.lo = g.runAt(at).before(at) // the repeats came at any time since
	}
	if d.Version != "" || d.Digest != "" {
		if made := r.shelf.stated(d.Version, d.Digest, at); made > 0 {
			r.span = span{made, made + 1}
		}
	}
	if g.spans == nil {
		g.spans = map[spot]span{}
	}
	g.spans[at] = r.span
	return r
}

// repeat is what makes a read the repeat of another of its run.
type repeat struct {
	shelf                   *shelf
	source, version, digest string
	rows                    int64
	task                    int
}

// before returns the newest read that is repeated by another; 0: there is none.
func (r *run) before(at spot) spot {
	if r.repeats == nil {
		r.repeats = map[spot]spot{}
		last := map[repeat]spot{}
		r.accesses(0, r.g.end, func(at spot, kind logindex.Kind) {
			if kind != logindex.Look {
				return
			}
			d := r.g.detail(at)
			key := repeat{r.g.shelfAt(at), d.Source, d.Version, d.Digest, d.Rows, d.Task}
			if d.Repeats > 0 {
				r.repeats[at] = last[key]
				r.g.extra += 2 * spotBytes
			}
			last[key] = at
		})
	}
	return r.repeats[at]
}

// state returns what a contribution was stated to be made from.
func (r *run) state(c spot) []reading {
	if r.said {
		return r.made[c]
	}
	r.said, r.made = true, map[spot][]reading{}
	last := map[*shelf]reading{} // the newest access to each record
	r.accesses(0, r.g.end, func(at spot, kind logindex.Kind) {
		own := r.g.shelfAt(at)
		if kind == logindex.Look {
			last[own] = *r.g.reading(at)
			return
		}
		if kind == logindex.State {
			for _, f := range r.g.detail(at).From {
				seen := r.g.seen(at, r.g.shelfOf(at.Part(), f), last)
				r.made[at] = append(r.made[at], seen...)
				r.g.extra += len(seen) * readingBytes
			}
		}
		last[own] = reading{span: span{at, at + 1}, at: at, shelf: own}
	})
	return r.made[c]
}

// seen returns what a write saw of a record that it states to be made from: what its
// run saw of it the last time, else what is there now. Of a collection it is also what
// the run saw the last time of each record in it.
func (g *graph) seen(at spot, s *shelf, last map[*shelf]reading) []reading {
	look := reading{span: span{at, at}, at: at, shelf: s, made: true}
	newest := spot(0)
	for _, a := range g.around(s) {
		if l, ok := last[a]; ok && l.at > newest {
			newest, look.span = l.at, l.span
		}
	}
	out := []reading{look}
	if !s.collection {
		return out
	}
	for below, l := range last {
		if below != s && strings.HasPrefix(below.record, s.record) {
			out = append(out, reading{span: l.span, at: at, shelf: below, made: true})
		}
	}
	slices.SortFunc(out[1:], func(a, b reading) int { return strings.Compare(a.shelf.record, b.shelf.record) })
	return out
}
