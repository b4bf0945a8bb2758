package lineage

import (
	"slices"
	"sort"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/logindex"
	"github.com/flexorhq/flexor-go/internal/recorduri"
)

// run is what the log says of a run, as far as lineage needs it.
type run struct {
	g       *graph
	name    string // its id; empty: not read yet
	places  []logindex.RunRef
	agent   string
	version string
	status  audit.Status // empty: it has no entry
	dead    bool         // it has none, or others wrote it
	end     uint64       // index of its entry; the size of the log if there is none

	loaded bool
	events []event         // in the order of the log
	reads  []*reading      // of them
	made   []*contribution // of them: those made from what was read before
	said   bool            // what its writes state to be made from was looked for

	followed [2]int        // how far its readings were followed: down to, and 1, or up to
	touches  [roles]*touch // what it has to do with the record in question
}

// id returns the run's id.
func (r *run) id() string {
	if r.name == "" {
		r.name = r.g.Parts[r.places[0].Part].RunID(r.places[0].Run)
	}
	return r.name
}

// runOf returns a run.
func (g *graph) runOf(ref logindex.RunRef) *run {
	at := g.runs[ref.Part].at(ref.Run)
	if *at != nil {
		return *at
	}
	places := g.spread.Of(ref)
	if places[0] != ref {
		*at = g.runOf(places[0])
		return *at
	}
	r := &run{g: g, places: places, end: g.size, dead: true}
	for _, p := range places {
		info := g.Parts[p.Part].Run(p.Run)
		ended := g.ended(info)
		if info.Started || ended {
			r.agent, r.version = info.Agent, info.Version
		}
		if ended {
			r.status, r.end, r.dead = info.Status, info.End, info.Interrupted
		}
	}
	*at = r
	return r
}

// eventAt returns an access as its run has it; nil: it is later than what is asked for.
func (g *graph) eventAt(part int, row uint32) *event {
	at := g.Parts[part].Row(row)
	r := g.runOf(logindex.RunRef{Part: uint32(part), Run: at.Run})
	r.load()
	i := sort.Search(len(r.events), func(i int) bool { return r.events[i].pos() >= at.Position })
	if i < len(r.events) && r.events[i].pos() == at.Position {
		return &r.events[i]
	}
	return nil
}

// repeat is what makes a read the repeat of another of its run.
type repeat struct {
	shelf                   *shelf
	source, version, digest string
	rows                    int64
	task                    int
}

// load reads the accesses of the run.
func (r *run) load() {
	if r.loaded {
		return
	}
	r.loaded = true
	g := r.g
	for _, place := range r.places {
		p := g.Parts[place.Part]
		info := p.Run(place.Run)
		r.events = slices.Grow(r.events, min(info.MostRows(), 1024))
		p.RunRows(info, func(row uint32) {
			if at, ok := g.row(int(place.Part), row); ok {
				r.events = append(r.events, event{
					position: at.Position, run: r, part: int32(place.Part), row: row, number: at.Record, op: at.Op, irregular: at.Irregular, stated: at.Stated,
				})
			}
		})
	}
	reads, repeats := 0, false
	for i := range r.events {
		if e := &r.events[i]; e.op == logindex.Read {
			reads++
			repeats = repeats || e.irregular && e.detail().Repeats > 0
		}
	}
	readings, contributions := make([]reading, 0, reads), make([]contribution, 0, len(r.events)-reads)
	r.reads = make([]*reading, 0, reads)
	var last map[repeat]uint64
	if repeats {
		last = map[repeat]uint64{} // the position of the newest record of each read
	}
	for i := range r.events {
		e := &r.events[i]
		if e.op == logindex.Read {
			readings = append(readings, reading{lo: e.pos(), hi: e.pos(), event: e, index: len(r.reads)})
			e.reading = &readings[len(readings)-1]
			e.reading.look(last)
			r.reads = append(r.reads, e.reading)
			continue
		}
		contributions = append(contributions, contribution{event: e, before: len(r.reads)})
		c := &contributions[len(contributions)-1]
		e.contribution = c
		if !c.stated && e.op != logindex.Delete {
			r.made = append(r.made, c)
		}
	}
}

// look sets what a reading saw. last holds what its run read before, if it repeats any.
func (l *reading) look(last map[repeat]uint64) {
	if !l.irregular && last == nil {
		return
	}
	d := l.detail()
	if last != nil {
		key := repeat{l.shelf(), d.Source, d.Version, d.Digest, d.Rows, d.Task}
		if d.Repeats > 0 {
			l.lo = last[key] // the repeats came at any time since
		}
		last[key] = l.pos()
	}
	if d.Version != "" || d.Digest != "" {
		if at, ok := l.shelf().stated(d.Version, d.Digest, l.pos()); ok {
			l.lo, l.hi = at, at+1
		}
	}
}

// state returns what a contribution was stated to be made from.
func (r *run) state(c *contribution) []*reading {
	if r.said {
		return c.made
	}
	r.said = true
	last := map[*shelf]*reading{} // the newest access to each record
	for i := range r.events {
		e := &r.events[i]
		own := e.shelf()
		if e.reading != nil {
			last[own] = e.reading
			continue
		}
		if e.stated {
			for _, f := range e.detail().From {
				for _, seen := range r.seen(e, r.g.shelfOf(int(e.part), f), last) {
					seen.made = e.contribution
					e.contribution.made = append(e.contribution.made, seen)
				}
			}
		}
		last[own] = &reading{other: own, lo: e.pos(), hi: e.pos() + 1, event: e}
	}
	return c.made
}

// seen returns what a write saw of a record that it states to be made from: what its
// run saw of it the last time, else what is there now. Of a collection it is also what
// the run saw the last time of each record in it.
func (r *run) seen(e *event, s *shelf, last map[*shelf]*reading) []*reading {
	var newest *reading
	for _, a := range r.g.around(s) {
		if l := last[a]; l != nil && (newest == nil || l.pos() > newest.pos()) {
			newest = l
		}
	}
	span := reading{other: s, lo: e.pos(), hi: e.pos(), event: e}
	if newest != nil {
		span.lo, span.hi = newest.lo, newest.hi
	}
	out := []*reading{&span}
	if !recorduri.Collection(s.record) {
		return out
	}
	for below, l := range last {
		if below != s && strings.HasPrefix(below.record, s.record) {
			out = append(out, &reading{other: below, lo: l.lo, hi: l.hi, event: e})
		}
	}
	slices.SortFunc(out[1:], func(a, b *reading) int { return strings.Compare(a.other.record, b.other.record) })
	return out
}
