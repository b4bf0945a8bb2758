package lineage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/logindex"
	"github.com/flexorhq/flexor-go/internal/recorduri"
)

// trace is a query at work: a walk through the graph, breadth first, so that each
// version is found by its shortest way.
type trace struct {
	*graph
	ctx    context.Context
	q      *Query
	record string
	told   int // how many versions earlier answers have told
	bound  int // how many may be found
	result *Result

	way     int // the direction: 0 downstream, 1 upstream
	found   int // versions, in this direction
	at      int // which of them is followed
	queue   []*contribution
	outside map[string]bool // records from outside the log, found upstream

	touched  []*touch
	versions []version
	edges    []edge
	gaps     map[string]int
}

// The directions of a walk.
const (
	down = iota
	up
)

// The roles in the order in which they are told. A run with the role maybe may have read
// a version.
const (
	writtenBy = iota
	readBy
	includedIn
	usedBy
	maybe
	roles
)

var roleNames = [roles]Role{writtenBy: WrittenBy, readBy: ReadBy, includedIn: IncludedIn, usedBy: UsedBy}

// touch is a [Touch] in the making.
type touch struct {
	role     int
	run      *run
	first    *event // of its kind
	steps    int
	accesses int
	explicit bool
}

// version is a [RecordVersion] in the making.
type version struct {
	made     *contribution // nil: it is from outside the log
	read     *reading      // if so: the first reading of it
	record   string
	upstream bool
	steps    int
}

// edge is an [Edge] in the making.
type edge struct {
	*event
	at       uint64        // its position, for the sort
	version  *contribution // nil: none made it
	outside  *shelf        // of the record, if so
	made     bool
	explicit bool
}

// record returns the record that the edge leads to.
func (e *edge) record() string {
	if e.version != nil {
		return e.version.shelf().record
	}
	return e.outside.record
}

// position returns the position of the version and 1; 0: it has none.
func (e *edge) position() uint64 {
	if e.version != nil {
		return e.version.pos() + 1
	}
	return 0
}

// find walks in the directions that were asked for.
func (t *trace) find() {
	own := t.shelf(t.record)
	roots := slices.Concat(t.around(own), t.below(own))
	for _, s := range roots {
		t.result.related = t.result.related || s.known()
		s.contributions(func(c *contribution) {
			if !t.excluded(c.run) && t.inWindow(c.event) {
				t.touch(writtenBy, c.event, 0, c.stated)
				t.edge(edge{event: c.event, made: true, version: c, explicit: c.stated})
			}
		})
	}
	if t.q.Direction != Upstream {
		t.start(down)
		for _, s := range roots {
			s.all(func(r *reading) {
				if t.inWindow(r.event) {
					t.see(r, 1, nil)
				}
			})
		}
		t.walk(t.readersOf)
	}
	if t.q.Direction != Downstream {
		t.start(up)
		for _, s := range roots {
			s.contributions(func(c *contribution) {
				if t.inWindow(c.event) {
					c.steps[up] = 1
					t.queue = append(t.queue, c)
				}
			})
		}
		t.walk(t.sourcesOf)
	}
}

// inWindow reports whether the first step may go by an access.
func (t *trace) inWindow(e *event) bool {
	if t.q.From.IsZero() && t.q.To.IsZero() {
		return true
	}
	at := e.time()
	return !at.Before(t.q.From) && (t.q.To.IsZero() || at.Before(t.q.To))
}

// start begins a direction.
func (t *trace) start(way int) {
	t.way, t.found, t.at, t.queue, t.outside = way, 0, 0, nil, map[string]bool{}
}

// walk follows what was found until nothing is left, or may not be followed.
func (t *trace) walk(follow func(c *contribution, depth int) (more bool)) {
	for len(t.queue) > 0 && t.ctx.Err() == nil {
		c := t.queue[0]
		t.queue = t.queue[1:]
		t.at = c.order[t.way]
		depth := int(c.steps[t.way]) - 1
		if t.q.Depth > 0 && depth >= t.q.Depth {
			if follow(c, -1) {
				t.gaps[GapDepth]++
			}
			continue
		}
		follow(c, depth+1)
	}
}

// excluded reports whether a run is taken for having done nothing.
func (t *trace) excluded(r *run) bool { return t.q.ExcludeFailed && r.status == audit.Failed }

// own reports whether a record is the one in question, or is in it.
func (t *trace) own(record string) bool {
	return record == t.record || recorduri.Collection(t.record) && strings.HasPrefix(record, t.record)
}

// readersOf follows a version to the readings that see it. With a negative depth it
// only reports whether there are any.
func (t *trace) readersOf(c *contribution, depth int) (more bool) {
	if depth < 0 {
		return t.isRead(c, func(r *run) bool { return !t.excluded(r) })
	}
	t.readings(c, func(r *reading) { t.see(r, depth, c) })
	own := c.shelf()
	for _, s := range slices.Concat(t.around(own), t.below(own)) {
		for _, r := range t.openReadings(s) {
			if r.hi <= c.pos() && r.run.end > c.pos() && !t.excluded(r.run) {
				t.mayHaveRead(r.run)
			}
		}
	}
	return false
}

// mayHaveRead notes a run that may have read again, without a record of it.
func (t *trace) mayHaveRead(r *run) {
	if r.touches[maybe] == nil {
		r.touches[maybe] = &touch{role: maybe, run: r}
		t.touched = append(t.touched, r.touches[maybe])
	}
}

// see notes that a reading sees a version (nil: the record in question), and follows
// it to what was made from it.
func (t *trace) see(r *reading, depth int, c *contribution) {
	if t.excluded(r.run) {
		return
	}
	look := edge{event: r.event, version: c, explicit: r.made != nil}
	if c == nil {
		look.outside = r.shelf()
	}
	t.edge(look)
	if r.made != nil {
		t.reach(r.made, depth)
		return
	}
	role := usedBy
	if c == nil {
		role = readBy
	}
	t.touch(role, r.event, depth, false)
	if t.q.Explicit {
		return
	}
	done := len(r.run.slots)
	if before := r.run.followed[down]; before > 0 {
		done = before - 1
	}
	from := int(r.slot)
	if from >= done {
		return
	}
	r.run.followed[down] = from + 1
	for i := from + 1; i < done; i++ {
		if r.run.slots[i].read {
			continue
		}
		if made := r.run.at(i).contribution; made != nil && !made.stated && made.op != logindex.Delete {
			t.reach(made, depth)
		}
	}
}

// reach notes a version that was made from the record in question, or from which that
// was made.
func (t *trace) reach(c *contribution, depth int) {
	if c.steps[t.way] > 0 || t.excluded(c.run) {
		return
	}
	if t.found >= t.bound {
		t.gaps[GapVersions]++
		return
	}
	c.steps[t.way] = int32(depth + 1)
	t.found++
	c.order[t.way] = t.found
	t.queue = append(t.queue, c)
	record := c.shelf().record
	if t.own(record) {
		return
	}
	if t.way == down {
		t.touch(includedIn, c.event, depth, c.stated)
		before := t.at
		t.at = t.found // the edge is told with the version
		t.edge(edge{event: c.event, made: true, version: c, explicit: c.stated})
		t.at = before
	}
	if t.found <= t.told {
		return
	}
	t.versions = append(t.versions, version{made: c, record: record, upstream: t.way == up, steps: depth})
}

// sourcesOf follows a version to what it was made from. With a negative depth it only
// reports whether there is anything.
func (t *trace) sourcesOf(c *contribution, depth int) (more bool) {
	if t.excluded(c.run) || c.op == logindex.Delete || t.q.Explicit && !c.stated {
		return false
	}
	var from []*reading
	if c.stated {
		from = c.run.state(c)
	} else {
		// All versions of one run share the beginning of what it read.
		begin := 0
		if depth > 0 {
			begin = min(c.run.followed[up], int(c.slot))
			c.run.followed[up] = max(c.run.followed[up], int(c.slot))
		}
		from = c.run.readings(begin, int(c.slot))
	}
	if depth < 0 {
		return len(from) > 0
	}
	t.edge(edge{event: c.event, made: true, version: c, explicit: c.stated})
	for _, r := range from {
		t.sources(r, func(source *contribution) {
			if source.op != logindex.Delete && !t.excluded(source.run) {
				t.edge(edge{event: r.event, version: source, explicit: r.made != nil})
				t.reach(source, depth)
			}
		}, func(s *shelf) { t.external(r, s, depth) })
	}
	return false
}

// external notes a record that was read as it was before the log began.
func (t *trace) external(r *reading, s *shelf, depth int) {
	t.edge(edge{event: r.event, outside: s, explicit: r.made != nil})
	if t.outside[s.record] || t.own(s.record) {
		return
	}
	t.outside[s.record] = true
	if t.toldBefore() {
		return
	}
	t.versions = append(t.versions, version{read: r, record: s.record, upstream: true, steps: depth})
}

// toldBefore reports whether an earlier answer has told what comes of the version that
// is followed; the first of them tells what comes of the record in question.
func (t *trace) toldBefore() bool { return t.told > 0 && t.at <= t.told }

// edge notes an edge. Some are noted more than once.
func (t *trace) edge(e edge) {
	if !t.toldBefore() {
		e.at = e.pos()
		t.edges = append(t.edges, e)
	}
}

// selected reports whether an access belongs into the answer.
func (t *trace) selected(r *run, source string, op audit.Op) bool {
	return in(t.q.Agents, r.agent) && (len(t.q.Runs) == 0 || in(t.q.Runs, r.id())) && in(t.q.Sources, source) && in(t.q.Ops, op)
}

// in reports whether v is wanted.
func in[T comparable](wanted []T, v T) bool { return len(wanted) == 0 || slices.Contains(wanted, v) }

// touch notes what a run has to do with the record in question. What is told of it
// is its first access in that role.
func (t *trace) touch(role int, e *event, steps int, explicit bool) {
	touched := e.run.touches[role]
	if touched == nil {
		touched = &touch{role: role, run: e.run, first: e, steps: steps, explicit: explicit}
		e.run.touches[role] = touched
		t.touched = append(t.touched, touched)
	}
	touched.steps = min(touched.steps, steps)
	if e.pos() < touched.first.pos() {
		touched.first, touched.explicit = e, explicit
	}
	if once := uint8(1) << role; e.counted&once == 0 {
		e.counted |= once
		n := 1
		if e.irregular {
			n = max(1, e.detail().Repeats)
		}
		touched.accesses += n
	}
}

// finish makes the answer, in its order, and says whether it is complete.
func (t *trace) finish() {
	t.finishTouches()
	t.finishVersions()
	t.finishEdges()
	t.completeness()
}

func (t *trace) finishTouches() {
	slices.SortFunc(t.touched, func(a, b *touch) int {
		return cmp.Or(cmp.Compare(a.role, b.role), comparePositions(b.first, a.first))
	})
	t.result.Touches = []Touch{}
	for _, w := range t.touched {
		included, read, used := w.run.touches[includedIn] != nil, w.run.touches[readBy] != nil, w.run.touches[usedBy] != nil
		switch {
		case w.role == maybe:
			if !included && !read && !used {
				t.gaps[GapInterrupted]++
			}
			continue
		case w.role == readBy && included, w.role == usedBy && (included || read):
			continue // said once
		}
		d := w.first.detail()
		if !t.selected(w.run, d.Source, w.first.op.Op()) {
			continue
		}
		record := w.first.shelf().record
		t.result.Touches = append(t.result.Touches, Touch{
			Role: roleNames[w.role], RunID: w.run.id(), AgentName: w.run.agent, AgentVersion: w.run.version, Status: w.run.status,
			At: d.At, Op: w.first.op.Op(), Record: record, Source: d.Source, Skill: d.Skill, Steps: w.steps, Explicit: w.explicit,
			Collection: (w.role == writtenBy || w.role == readBy) && !t.own(record), Accesses: w.accesses, Position: w.first.pos(),
		})
	}
}

// comparePositions compares two accesses, of which both may be missing.
func comparePositions(a, b *event) int {
	if a == nil || b == nil {
		return 0
	}
	return cmp.Compare(a.pos(), b.pos())
}

func (t *trace) finishVersions() {
	position := func(v version) uint64 {
		if v.made == nil {
			return 0
		}
		return v.made.pos()
	}
	slices.SortFunc(t.versions, func(a, b version) int {
		if c := cmp.Or(compareBool(a.upstream, b.upstream), cmp.Compare(a.steps, b.steps)); c != 0 {
			return c // most of them, without a look at names
		}
		return cmp.Or(strings.Compare(a.record, b.record), cmp.Compare(position(a), position(b)))
	})
	t.result.Versions = make([]RecordVersion, 0, len(t.versions))
	for _, v := range t.versions {
		out := RecordVersion{Direction: "downstream", Record: v.record, Steps: v.steps}
		if v.upstream {
			out.Direction = "upstream"
		}
		if v.made == nil {
			out.Source = v.read.detail().Source
			if t.selected(v.read.run, out.Source, v.read.op.Op()) {
				t.result.Versions = append(t.result.Versions, out)
			}
			continue
		}
		e := v.made.event
		d := e.detail()
		if !t.selected(e.run, d.Source, e.op.Op()) {
			continue
		}
		out.Op, out.RunID, out.AgentName, out.Status = e.op.Op(), e.run.id(), e.run.agent, e.run.status
		out.At, out.Version, out.Source, out.Explicit, out.Position = d.At, d.Version, d.Source, v.made.stated, e.pos()
		t.result.Versions = append(t.result.Versions, out)
	}
}

func (t *trace) finishEdges() {
	slices.SortFunc(t.edges, func(a, b edge) int {
		if c := cmp.Or(cmp.Compare(a.at, b.at), compareBool(a.made, b.made)); c != 0 || a.version == b.version && a.outside == b.outside {
			return c
		}
		return cmp.Or(strings.Compare(a.record(), b.record()), cmp.Compare(a.position(), b.position()))
	})
	t.edges = slices.CompactFunc(t.edges, func(a, b edge) bool {
		return a.at == b.at && a.made == b.made && a.version == b.version && a.outside == b.outside
	})
	if n := len(t.edges) - t.q.MaxEdges; n > 0 {
		t.gaps[GapEdges] = n
		t.edges = t.edges[:t.q.MaxEdges]
	}
	t.result.entries = t.entries()
	t.result.Edges = make([]Edge, len(t.edges))
	positions := make([]uint64, len(t.edges)) // not in the graph, which need not outlive the trace
	for i := range t.edges {
		e := &t.edges[i]
		out := Edge{RunID: e.run.id(), AgentName: e.run.agent, Made: e.made, Record: e.record(), Explicit: e.explicit, At: e.time(), Position: e.pos()}
		if e.version != nil {
			positions[i] = e.version.pos()
			out.Version = &positions[i]
		}
		t.result.Edges[i] = out
	}
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
		t.result.Next = t.q.next(t.record, t.result.Head, t.bound)
	}
}

// entries returns where the entries of the runs stand that the answer names.
func (t *trace) entries() (out []uint64) {
	add := func(r *run) {
		if r.status != "" {
			out = append(out, r.end)
		}
	}
	for _, w := range t.touched {
		add(w.run)
	}
	for _, e := range t.edges {
		add(e.run)
	}
	for _, v := range t.versions {
		if v.made != nil {
			add(v.made.run)
		}
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
