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

	loaded  bool
	slots   []slot            // its accesses in the order of the log
	said    bool              // what its writes state to be made from was looked for
	repeats map[uint64]uint64 // of repeated reads: the position of the same read before; nil: not looked for yet

	followed [2]int        // how far its accesses were followed: down to, and 1, or up to
	touches  [roles]*touch // what it has to do with the record in question
}

// slot is an access of a run, which is read when somebody asks for it.
type slot struct {
	row   uint32
	part  int32
	read  bool
	event *event
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
	r := g.runOf(logindex.RunRef{Part: uint32(part), Run: g.Parts[part].Row(row).Run})
	r.load()
	i := sort.Search(len(r.slots), func(i int) bool {
		return r.slots[i].part > int32(part) || r.slots[i].part == int32(part) && r.slots[i].row >= row
	})
	if i < len(r.slots) && r.slots[i].part == int32(part) && r.slots[i].row == row {
		return r.at(i)
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

// load finds the accesses of the run.
func (r *run) load() {
	if r.loaded {
		return
	}
	r.loaded = true
	whole := r.g.whole()
	for _, place := range r.places {
		p := r.g.Parts[place.Part]
		info := p.Run(place.Run)
		r.slots = slices.Grow(r.slots, min(info.MostRows(), 1024))
		p.RunRows(info, func(row uint32, read bool) {
			if !whole {
				if _, ok := r.g.row(int(place.Part), row); !ok {
					return
				}
			}
			r.slots = append(r.slots, slot{row: row, part: int32(place.Part), read: read})
		})
	}
}

// at returns an access by its number.
func (r *run) at(i int) *event {
	s := &r.slots[i]
	if s.event != nil {
		return s.event
	}
	at := r.g.Parts[s.part].Row(s.row)
	e := event{position: at.Position, run: r, slot: int32(i), part: s.part, row: s.row, number: at.Record, op: at.Op, irregular: at.Irregular, stated: at.Stated}
	if at.Op == logindex.Read {
		all := &struct {
			event
			reading
		}{event: e}
		s.event, all.event.reading = &all.event, &all.reading
		all.reading = reading{lo: e.position, hi: e.position, event: s.event}
		if e.irregular {
			all.reading.look()
		}
		return s.event
	}
	all := &struct {
		event
		contribution
	}{event: e}
	s.event, all.event.contribution = &all.event, &all.contribution
	all.contribution.event = s.event
	return s.event
}

// readings returns the readings among its accesses from begin on and before end.
func (r *run) readings(begin, end int) (out []*reading) {
	for i := begin; i < end; i++ {
		if !r.slots[i].read {
			continue
		}
		if look := r.at(i).reading; look != nil {
			out = append(out, look)
		}
	}
	return out
}

// look sets what a reading saw that is no plain one.
func (l *reading) look() {
	d := l.detail()
	if d.Repeats > 0 {
		l.lo = l.run.before(l.pos()) // the repeats came at any time since
	}
	if d.Version != "" || d.Digest != "" {
		if at, ok := l.shelf().stated(d.Version, d.Digest, l.pos()); ok {
			l.lo, l.hi = at, at+1
		}
	}
}

// before returns the position of the newest record of the read that is repeated at pos;
// 0: there is none.
func (r *run) before(pos uint64) uint64 {
	if r.repeats == nil {
		r.repeats = map[uint64]uint64{}
		last := map[repeat]uint64{}
		for _, s := range r.slots {
			if !s.read {
				continue
			}
			p := r.g.Parts[s.part]
			at := p.Row(s.row)
			d := p.Detail(at)
			key := repeat{r.g.shelfOf(int(s.part), at.Record), d.Source, d.Version, d.Digest, d.Rows, d.Task}
			if d.Repeats > 0 {
				r.repeats[at.Position] = last[key]
			}
			last[key] = at.Position
		}
	}
	return r.repeats[pos]
}

// state returns what a contribution was stated to be made from.
func (r *run) state(c *contribution) []*reading {
	if r.said {
		return c.made
	}
	r.said = true
	last := map[*shelf]*reading{} // the newest access to each record
	for i := range r.slots {
		e := r.at(i)
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
