package lineage

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/logindex"
)

// finish makes the answer, in its order, and says whether it is complete.
func (t *trace) finish() {
	t.finishTouches()
	t.finishVersions()
	t.finishEdges()
	t.completeness()
}

func (t *trace) finishTouches() {
	type place struct {
		first spot
		touch uint32
		role  uint8
	}
	places := make([]place, len(t.touched))
	for i := range t.touched {
		places[i] = place{t.touched[i].first, uint32(i), uint8(t.touched[i].role)}
	}
	slices.SortFunc(places, func(a, b place) int { // the newest first
		if a.role != b.role {
			return cmp.Compare(a.role, b.role)
		}
		return cmp.Compare(b.first, a.first)
	})
	t.result.Touches = make([]Touch, 0, len(t.touched))
	for _, p := range places {
		w := &t.touched[p.touch]
		t.cite(w.run)
		included, read, used := w.run.touches[includedIn] != 0, w.run.touches[readBy] != 0, w.run.touches[usedBy] != 0
		switch {
		case w.role == maybe:
			if !included && !read && !used {
				t.gaps[GapInterrupted]++
			}
			continue
		case w.role == readBy && included, w.role == usedBy && (included || read):
			continue // said once
		}
		run, e := t.info(w.run), t.row(w.first)
		d := t.Parts[w.first.Part()].Detail(e)
		if !t.selected(run, d.Source, e.Op.Op()) {
			continue
		}
		s := t.shelfAt(w.first)
		t.result.Touches = append(t.result.Touches, Touch{
			Role: roleNames[w.role], RunID: run.id(), AgentName: run.agent, AgentVersion: run.version, Status: run.status,
			At: d.At, Op: e.Op.Op(), Record: s.record, Source: d.Source, Skill: d.Skill, Steps: w.steps, Explicit: w.explicit,
			Collection: (w.role == writtenBy || w.role == readBy) && !t.own(s), Accesses: w.accesses, Position: e.Position,
		})
	}
}

// finishVersions tells the versions by their directions and steps, in which they were
// found, and then by their names and positions.
func (t *trace) finishVersions() {
	t.rank()
	type place struct {
		rank, version uint32
		pos           uint64
	}
	places := make([]place, t.versions.n)
	for i := range t.versions.n {
		v := t.versions.at(i)
		places[i] = place{uint32(v.shelf.rank), uint32(i), 0}
		if v.made {
			places[i].pos = v.access.Position + 1
		}
	}
	t.result.Versions = make([]RecordVersion, 0, t.versions.n)
	for from, to := 0, 0; from < len(places); from = to {
		first := t.versions.at(from)
		for to < len(places) && t.versions.at(to).upstream == first.upstream && t.versions.at(to).steps == first.steps {
			to++
		}
		slices.SortFunc(places[from:to], func(a, b place) int {
			if a.rank != b.rank {
				return cmp.Compare(a.rank, b.rank)
			}
			return cmp.Compare(a.pos, b.pos)
		})
		for _, p := range places[from:to] {
			t.finishVersion(t.versions.at(int(p.version)))
		}
	}
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
	slices.SortFunc(all, func(a, b *shelf) int { return strings.Compare(a.record, b.record) })
	for i, s := range all {
		s.rank = i + 1
	}
}

func (t *trace) finishVersion(v *version) {
	run := t.info(v.run)
	if v.made {
		t.cite(run)
	}
	d := t.Parts[v.part].Detail(v.access)
	if !t.selected(run, d.Source, v.access.Op.Op()) {
		return
	}
	t.result.Versions = append(t.result.Versions, RecordVersion{Direction: "downstream", Record: v.shelf.record, Source: d.Source, Steps: v.steps})
	out := &t.result.Versions[len(t.result.Versions)-1]
	if v.upstream {
		out.Direction = "upstream"
	}
	if v.made {
		out.Op, out.RunID, out.AgentName, out.Status = v.access.Op.Op(), run.id(), run.agent, run.status
		out.At, out.Version, out.Explicit, out.Position = d.At, d.Version, v.access.Stated, v.access.Position
	}
}

// finishEdges tells the edges in the order of their accesses.
func (t *trace) finishEdges() {
	t.result.Edges = make([]Edge, 0, min(t.edges.n, t.q.MaxEdges))
	positions := make([]uint64, 0, cap(t.result.Edges)) // not in the graph, which need not outlive the trace
	type place struct {
		access spot
		edge   uint32
	}
	places := make([]place, t.edges.n)
	for i := range places {
		places[i] = place{t.edges.at(i).access, uint32(i)}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.access, b.access) })
	var of []edge // an access
	for i := 0; i < len(places); {
		at := places[i].access
		for of = of[:0]; i < len(places) && places[i].access == at; i++ {
			of = append(of, *t.edges.at(int(places[i].edge)))
		}
		of = t.inOrder(of)
		if more := len(t.result.Edges) + len(of) - t.q.MaxEdges; more > 0 {
			t.gaps[GapEdges] += more
			of = of[:len(of)-more]
		}
		if len(of) > 0 {
			positions = t.finishAccess(at, of, positions)
		}
	}
}

// inOrder returns the edges of an access, each once.
func (t *trace) inOrder(edges []edge) []edge {
	if len(edges) == 1 {
		return edges
	}
	slices.SortFunc(edges, func(a, b edge) int {
		switch {
		case a.made != b.made:
			return compareBool(a.made, b.made)
		case a.shelf != b.shelf:
			return strings.Compare(t.shelves.at(int(a.shelf)).record, t.shelves.at(int(b.shelf)).record)
		}
		return cmp.Compare(a.version, b.version)
	})
	return slices.CompactFunc(edges, func(a, b edge) bool {
		return a.made == b.made && a.version == b.version && a.shelf == b.shelf
	})
}

// finishAccess tells the edges of an access.
func (t *trace) finishAccess(at spot, edges []edge, positions []uint64) []uint64 {
	p, row := t.Parts[at.Part()], t.row(at)
	run := t.runOf(logindex.RunRef{Part: uint32(at.Part()), Run: row.Run})
	t.cite(run)
	out := Edge{RunID: run.id(), AgentName: run.agent, At: p.Time(row), Position: row.Position}
	for _, e := range edges {
		out.Made, out.Explicit, out.Record, out.Version = e.made, e.explicit, t.shelves.at(int(e.shelf)).record, nil
		if e.version > 0 {
			positions = append(positions, e.position)
			out.Version = &positions[len(positions)-1]
		}
		t.result.Edges = append(t.result.Edges, out)
	}
	return positions
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

// cite notes that the answer names a run: its entry is evidence of that.
func (t *trace) cite(r *run) {
	if r.cited {
		return
	}
	r.cited = true
	if t.info(r).status != "" {
		t.result.entries = append(t.result.entries, r.end)
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
