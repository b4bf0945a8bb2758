package lineage

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
)

// finish makes the answer, in its order, and says whether it is complete. What is told is
// looked up by several goroutines, which change nothing but what they tell.
func (t *trace) finish() {
	t.hands.share(len(t.met), func(_, from, to int) {
		for _, r := range t.met[from:to] { // each is there once
			t.info(r).id()
		}
	})
	t.finishTouches()
	t.finishVersions()
	t.finishEdges()
	for _, r := range t.met {
		if r.cited.Load() && r.status != "" {
			t.result.entries = append(t.result.entries, r.end)
		}
	}
	t.completeness()
}

func (t *trace) finishTouches() {
	type place struct {
		first spot
		touch uint32
		role  uint8
	}
	places := make([]place, 0, len(t.touched))
	for i := range t.touched {
		w := &t.touched[i]
		w.run.cite()
		included, read, used := w.run.touches[includedIn] != 0, w.run.touches[readBy] != 0, w.run.touches[usedBy] != 0
		switch {
		case w.role == maybe:
			if !included && !read && !used {
				t.gaps[GapInterrupted]++
			}
		case w.role == readBy && included, w.role == usedBy && (included || read): // said once
		default:
			places = append(places, place{w.first, uint32(i), uint8(w.role)})
		}
	}
	sortBy(t.hands, places, func(a, b place) int { // the newest first
		if a.role != b.role {
			return cmp.Compare(a.role, b.role)
		}
		return cmp.Compare(b.first, a.first)
	})
	t.result.Touches = tell(t.hands, len(places), func(i int, out *Touch) bool {
		w := &t.touched[places[i].touch]
		run, e := w.run, t.row(w.first)
		d := t.Parts[w.first.Part()].Detail(e)
		if !t.selected(run, d.Source, e.Op.Op()) {
			return false
		}
		*out = Touch{
			Role: roleNames[w.role], RunID: run.id(), AgentName: run.agent, AgentVersion: run.version, Status: run.status,
			At: d.At, Op: e.Op.Op(), Record: w.shelf.record, Source: d.Source, Skill: d.Skill, Steps: w.steps, Explicit: w.explicit,
			Collection: (w.role == writtenBy || w.role == readBy) && !t.own(w.shelf), Accesses: w.accesses, Position: e.Position,
		}
		return true
	})
}

// finishVersions tells the versions by their directions and steps, in which they were
// found, and then by their names and positions.
func (t *trace) finishVersions() {
	t.rank()
	type place struct {
		level, rank uint32
		pos         uint64
		version     uint32
	}
	places := make([]place, t.versions.n)
	for i := range places {
		v := t.versions.at(i)
		p := &places[i]
		p.rank, p.version = uint32(v.shelf.rank), uint32(i)
		if v.made {
			p.pos = v.access.Position + 1
		}
		if i > 0 {
			p.level = places[i-1].level
			if last := t.versions.at(i - 1); last.upstream != v.upstream || last.steps != v.steps {
				p.level++
			}
		}
	}
	sortBy(t.hands, places, func(a, b place) int {
		switch {
		case a.level != b.level:
			return cmp.Compare(a.level, b.level)
		case a.rank != b.rank:
			return cmp.Compare(a.rank, b.rank)
		}
		return cmp.Compare(a.pos, b.pos)
	})
	t.result.Versions = tell(t.hands, len(places), func(i int, out *RecordVersion) bool {
		return t.finishVersion(t.versions.at(int(places[i].version)), out)
	})
	for i := range t.versions.n {
		t.versions.at(i).shelf.rank = 0
	}
}

// rank numbers the records of versions by their names.
func (t *trace) rank() {
	var all []*shelf
	for i := range t.versions.n {
		if s := t.versions.at(i).shelf; s.rank == 0 {
			s.rank = 1
			all = append(all, s)
		}
	}
	sortBy(t.hands, all, func(a, b *shelf) int { return strings.Compare(a.record, b.record) })
	for i, s := range all {
		s.rank = i + 1
	}
}

func (t *trace) finishVersion(v *version, out *RecordVersion) bool {
	run := v.run
	if v.made {
		run.cite()
	}
	d := t.Parts[v.part].Detail(v.access)
	if !t.selected(run, d.Source, v.access.Op.Op()) {
		return false
	}
	out.Direction, out.Record, out.Source, out.Steps = "downstream", v.shelf.record, d.Source, v.steps
	if v.upstream {
		out.Direction = "upstream"
	}
	if v.made {
		out.Op, out.RunID, out.AgentName, out.Status = v.access.Op.Op(), run.id(), run.agent, run.status
		out.At, out.Version, out.Explicit, out.Position = d.At, d.Version, v.access.Stated, v.access.Position
	}
	return true
}

// finishEdges tells the edges in the order of their accesses, each once.
func (t *trace) finishEdges() {
	type place struct {
		access spot
		edge   *edge
	}
	places := make([]place, t.edges.n)
	for i := range places {
		e := t.edges.at(i)
		places[i] = place{e.access, e}
	}
	order := func(a, b place) int {
		switch {
		case a.access != b.access:
			return cmp.Compare(a.access, b.access)
		case a.edge.made != b.edge.made:
			return compareBool(a.edge.made, b.edge.made)
		case a.edge.shelf != b.edge.shelf:
			return strings.Compare(t.shelves.at(int(a.edge.shelf)).record, t.shelves.at(int(b.edge.shelf)).record)
		}
		return cmp.Compare(a.edge.version, b.edge.version)
	}
	sortBy(t.hands, places, order)
	places = slices.CompactFunc(places, func(a, b place) bool { return order(a, b) == 0 })
	if more := len(places) - t.q.MaxEdges; more > 0 {
		t.gaps[GapEdges] += more
		places = places[:t.q.MaxEdges]
	}
	positions := make([]uint64, len(places)) // not in the graph, which need not outlive the trace
	t.result.Edges = tell(t.hands, len(places), func(i int, out *Edge) bool {
		t.finishEdge(places[i].edge, out)
		if e := places[i].edge; e.version > 0 {
			positions[i] = e.position
			out.Version = &positions[i]
		}
		return true
	})
}

func (t *trace) finishEdge(e *edge, out *Edge) {
	p, row := t.Parts[e.access.Part()], t.row(e.access)
	run := t.runs.at(int(e.run))
	run.cite()
	out.RunID, out.AgentName, out.At, out.Position = run.id(), run.agent, p.Time(row), row.Position
	out.Made, out.Explicit, out.Record = e.made, e.explicit, t.shelves.at(int(e.shelf)).record
}

// completeness says what the answer may lack.
func (t *trace) completeness() {
	dropped := map[string]int{}
	for _, p := range t.Parts {
		for _, n := range p.Notes() {
			switch id := p.RunID(n.Run); {
			case n.At > t.asOf || n.Position >= t.size:
			case n.Dropped == 0:
				t.gaps[GapUnknown]++
			default:
				dropped[id] = max(dropped[id], n.Dropped)
			}
		}
	}
	for _, n := range dropped {
		t.gaps[GapDropped] += n
	}
	runs := len(dropped)
	t.gaps[GapHorizon] = int(min(t.First, t.size))
	plurals := map[string]string{"version": "versions", "way": "ways", "edge": "edges", "access": "accesses", "run": "runs", "record": "records"}
	of := func(n int, noun string) string {
		if n != 1 {
			noun = plurals[noun]
		}
		return fmt.Sprintf("%d %s", n, noun)
	}
	n := t.gaps
	texts := []struct{ reason, text string }{
		{GapDepth, of(n[GapDepth], "version") + " not followed beyond depth " + strconv.Itoa(t.q.Depth)},
		{GapVersions, of(n[GapVersions], "way") + " not followed to versions beyond the first " + strconv.Itoa(t.bound)},
		{GapEdges, of(n[GapEdges], "edge") + " left out beyond the first " + strconv.Itoa(t.q.MaxEdges)},
		{GapDropped, of(n[GapDropped], "access") + " dropped by " + of(runs, "run")},
		{GapInterrupted, of(n[GapInterrupted], "run") + " without an end that may have read a version again"},
		{GapHorizon, of(n[GapHorizon], "record") + " gone from the beginning of the log"},
		{GapUnknown, of(n[GapUnknown], "access") + " of a kind that only a later version knows"},
	}
	t.result.Gaps = []Gap{}
	for _, g := range texts {
		if n := t.gaps[g.reason]; n > 0 {
			t.result.Gaps = append(t.result.Gaps, Gap{g.reason, n, g.text})
		}
	}
	t.result.Complete = len(t.result.Gaps) == 0
	if n[GapVersions] > 0 {
		t.result.Next = t.q.next(t.root.record, t.result.Head, t.bound)
	}
}

// cite notes that the answer names the run: its entry is evidence of that.
func (r *run) cite() {
	if !r.cited.Load() {
		r.cited.Store(true)
	}
}

// selected reports whether an access belongs into the answer.
func (t *trace) selected(r *run, source string, op audit.Op) bool {
	return in(t.q.Agents, r.agent) && (len(t.q.Runs) == 0 || in(t.q.Runs, r.id())) && in(t.q.Sources, source) && in(t.q.Ops, op)
}

// in reports whether v is wanted.
func in[T comparable](wanted []T, v T) bool { return len(wanted) == 0 || slices.Contains(wanted, v) }

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
