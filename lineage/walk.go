package lineage

import (
	"context"
	"slices"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/logindex"
)

// trace is a query at work: a walk through the graph, breadth first, so that each
// version is found by its shortest way.
type trace struct {
	*graph
	ctx    context.Context
	q      *Query
	root   *shelf // of the record in question
	told   int    // how many versions earlier answers have told
	bound  int    // how many may be found
	hands  hands
	result *Result

	way     int // the direction: 0 downstream, 1 upstream
	count   int // versions that were found in this direction
	at      int // which of them is followed
	queue   *arena[found]
	ahead   *ahead          // of this walk
	outside map[string]bool // records from outside the log, found upstream

	touched  []touch
	versions arena[version]
	edges    arena[edge]
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

// What an access was found as: a version, in each direction, and by each role for a touch.
const (
	markFound   = 1      // shifted by the direction
	markCounted = 1 << 2 // shifted by the role
	markBits    = 8      // of all these; above them stands the number of the trace
)

// found is a version that the walk has come to.
type found struct {
	at    spot // of what made it
	pos   uint64
	shelf *shelf
	steps int32
	order int32 // as the how-manieth it was found; 0: it is of the record in question
}

// touch is a [Touch] in the making.
type touch struct {
	role     int
	run      *run
	shelf    *shelf // of its first access
	first    spot   // of its kind
	steps    int
	accesses int
	explicit bool
}

// version is a [RecordVersion] in the making.
type version struct {
	access   logindex.Row // that made it; or the first reading, if it is from outside the log
	part     int          // of that
	run      *run
	shelf    *shelf
	steps    int
	made     bool
	upstream bool
}

// edge is an [Edge] in the making.
type edge struct {
	access   spot
	version  spot // 0: none made it
	position uint64
	shelf    uint32 // the number of that of its record
	run      uint32 // that of its run
	made     bool
	explicit bool
}

// find walks in the directions that were asked for.
func (t *trace) find() {
	t.root = t.shelf(t.result.Record)
	roots := slices.Concat(t.around(t.root), t.below(t.root))
	for _, s := range roots {
		t.result.related = t.result.related || s.known()
		s.contributions(0, t.end, func(at spot) {
			if r := t.runAt(at); !t.excluded(r) && t.inWindow(at) {
				stated := t.flags(at).Stated
				t.touch(writtenBy, r, s, at, 0, stated, false)
				t.edge(r, edge{access: at, made: true, version: at, position: t.pos(at), shelf: uint32(s.number), explicit: stated})
			}
		})
	}
	if t.q.Direction != Upstream {
		t.start(down)
		for _, s := range roots {
			s.all(func(r *reading) {
				if t.inWindow(r.at) {
					t.see(r, 1, found{shelf: s})
				}
			})
		}
		t.ahead = newAhead(t.graph, t.queue, t.mayFollow, t.q.goroutines)
		defer t.ahead.end()
		t.walk(t.readersOf)
	}
	if t.q.Direction != Downstream {
		t.start(up)
		for _, s := range roots {
			s.contributions(0, t.end, func(at spot) {
				if t.inWindow(at) {
					*t.mark(at) |= markFound << up
					t.queue.push(found{at: at, pos: t.pos(at), shelf: s})
				}
			})
		}
		t.walk(t.sourcesOf)
	}
}

// inWindow reports whether the first step may go by an access.
func (t *trace) inWindow(e spot) bool {
	if t.q.From.IsZero() && t.q.To.IsZero() {
		return true
	}
	at := t.time(e)
	return !at.Before(t.q.From) && (t.q.To.IsZero() || at.Before(t.q.To))
}

// start begins a direction.
func (t *trace) start(way int) {
	t.way, t.count, t.at, t.queue, t.outside = way, 0, 0, &arena[found]{}, map[string]bool{}
}

// walk follows what was found until nothing is left, or may not be followed.
func (t *trace) walk(follow func(number, depth int) (more bool)) {
	for i := 0; i < t.queue.n && t.ctx.Err() == nil; i++ {
		c := t.queue.at(i)
		t.at = int(c.order)
		if !t.mayFollow(c) {
			if follow(i, -1) {
				t.gaps[GapDepth]++
			}
			continue
		}
		follow(i, int(c.steps)+1)
	}
}

// mayFollow reports whether the walk goes on from a version.
func (t *trace) mayFollow(c *found) bool { return t.q.Depth <= 0 || int(c.steps) < t.q.Depth }

// excluded reports whether a run is taken for having done nothing.
func (t *trace) excluded(r *run) bool {
	return t.q.ExcludeFailed && t.info(r).status == audit.Failed
}

// readersOf follows a version to the readings that see it. With a negative depth it
// only reports whether there are any.
func (t *trace) readersOf(number, depth int) (more bool) {
	c := *t.queue.at(number)
	if depth < 0 {
		return t.isRead(c.shelf, c.at, func(at spot) bool { return !t.q.ExcludeFailed || !t.excluded(t.runAt(at)) })
	}
	own := c.shelf
	sights, version := t.ahead.sights(number)
	for v, plain := range sights.of(version) {
		readings := t.seeing(v.shelf, plain, c.at, v.end)
		for i := range readings {
			t.see(&readings[i], depth, c)
		}
	}
	if !t.anyOpen() {
		return false
	}
	for _, list := range [][]*shelf{t.around(own), t.below(own)} {
		for _, s := range list {
			for _, r := range t.open[s] {
				if run := t.runAt(r.at); r.hi <= c.at && run.end > c.pos && !t.excluded(run) {
					t.mayHaveRead(run)
				}
			}
		}
	}
	return false
}

// mayHaveRead notes a run that may have read again, without a record of it.
func (t *trace) mayHaveRead(r *run) {
	if r.touches[maybe] == 0 {
		t.touched = append(t.touched, touch{role: maybe, run: r})
		r.touches[maybe] = uint32(len(t.touched))
	}
}

// see notes that a reading sees a version (with no spot: the record in question), and follows
// it to what was made from it.
func (t *trace) see(r *reading, depth int, c found) {
	run := r.run
	if run == nil {
		run = t.runAt(r.at)
	}
	if t.excluded(run.meet()) {
		return
	}
	t.edge(run, edge{access: r.at, version: c.at, position: c.pos, shelf: uint32(c.shelf.number), explicit: r.made})
	if r.made {
		t.reach(run, r.at, depth)
		return
	}
	role := usedBy
	if c.at == 0 {
		role = readBy
	}
	t.touch(role, run, r.shelf, r.at, depth, false, r.irregular)
	if t.q.Explicit {
		return
	}
	done := t.end
	if before := run.followed[down]; before > 0 {
		done = before
	}
	if r.at >= done {
		return
	}
	run.followed[down] = r.at
	run.accesses(r.at+1, done, func(at spot, kind logindex.Kind) {
		if kind == logindex.Make {
			t.reach(run, at, depth)
		}
	})
}

// reach notes a version that was made from the record in question, or from which that
// was made.
func (t *trace) reach(run *run, at spot, depth int) {
	mark := t.mark(at)
	if *mark&(markFound<<t.way) != 0 || t.excluded(run) {
		return
	}
	if t.count >= t.bound {
		t.gaps[GapVersions]++
		return
	}
	*mark |= markFound << t.way
	t.count++
	access := t.row(at)
	s := t.shelfOf(at.Part(), access.Record)
	t.queue.push(found{at, access.Position, s, int32(depth), int32(t.count)})
	if t.own(s) {
		return
	}
	if t.way == down {
		t.touch(includedIn, run, s, at, depth, access.Stated, false)
		before := t.at
		t.at = t.count // the edge is told with the version
		t.edge(run, edge{access: at, made: true, version: at, position: access.Position, shelf: uint32(s.number), explicit: access.Stated})
		t.at = before
	}
	if t.count > t.told {
		t.versions.push(version{access: access, part: at.Part(), run: run, shelf: s, steps: depth, made: true, upstream: t.way == up})
	}
}

// own reports whether a record is the one in question, or is in it.
func (t *trace) own(s *shelf) bool {
	return s == t.root || t.root.collection && strings.HasPrefix(s.record, t.root.record)
}

// sourcesOf follows a version to what it was made from. With a negative depth it only
// reports whether there is anything.
func (t *trace) sourcesOf(number, depth int) (more bool) {
	c := *t.queue.at(number)
	run, access := t.runAt(c.at), t.flags(c.at)
	if t.excluded(run) || access.Op == logindex.Delete || t.q.Explicit && !access.Stated {
		return false
	}
	var from []reading
	if access.Stated {
		from = run.state(c.at)
	} else {
		// All versions of one run share the beginning of what it read.
		begin := spot(0)
		if depth > 0 {
			begin = run.followed[up]
			run.followed[up] = max(begin, c.at)
		}
		t.looks(run, begin, c.at, func(r *reading) { from = append(from, *r) })
	}
	if depth < 0 {
		return len(from) > 0
	}
	t.edge(run, edge{access: c.at, made: true, version: c.at, position: c.pos, shelf: uint32(c.shelf.number), explicit: access.Stated})
	for i := range from {
		r := &from[i]
		t.sources(r, func(s *shelf, source spot) {
			if by := t.runAt(source); t.flags(source).Op != logindex.Delete && !t.excluded(by) {
				t.edge(run, edge{access: r.at, version: source, position: t.pos(source), shelf: uint32(s.number), explicit: r.made})
				t.reach(by, source, depth)
			}
		}, func(s *shelf) { t.external(r, s, depth) })
	}
	return false
}

// external notes a record that was read as it was before the log began.
func (t *trace) external(r *reading, s *shelf, depth int) {
	t.edge(t.runAt(r.at), edge{access: r.at, shelf: uint32(s.number), explicit: r.made})
	if t.outside[s.record] || t.own(s) {
		return
	}
	t.outside[s.record] = true
	if t.toldBefore() {
		return
	}
	t.versions.push(version{access: t.row(r.at), part: r.at.Part(), run: t.runAt(r.at), shelf: s, steps: depth, upstream: true})
}

// toldBefore reports whether an earlier answer has told what comes of the version that
// is followed; the first of them tells what comes of the record in question.
func (t *trace) toldBefore() bool { return t.told > 0 && t.at <= t.told }

// edge notes an edge of a run. Some are noted more than once.
func (t *trace) edge(r *run, e edge) {
	if !t.q.NoEdges && !t.toldBefore() {
		e.run = r.number
		t.edges.push(e)
	}
}

// mark returns what an access was found as.
func (t *trace) mark(at spot) *uint32 {
	mark := t.indexed[at.Part()].marks.at(at.Row(), t.Parts[at.Part()].Rows())
	if *mark>>markBits != t.traces {
		*mark = t.traces << markBits // what it has is of another trace
	}
	return mark
}

// touch notes what a run has to do with the record in question. What is told of it
// is its first access in that role.
func (t *trace) touch(role int, r *run, s *shelf, at spot, steps int, explicit, irregular bool) {
	if r.touches[role] == 0 {
		t.touched = append(t.touched, touch{role: role, run: r, shelf: s, first: at, steps: steps, explicit: explicit})
		r.touches[role] = uint32(len(t.touched))
	}
	touched := &t.touched[r.touches[role]-1]
	touched.steps = min(touched.steps, steps)
	if at < touched.first {
		touched.first, touched.shelf, touched.explicit = at, s, explicit
	}
	mark := t.mark(at)
	if once := uint32(markCounted) << role; *mark&once == 0 {
		*mark |= once
		n := 1
		if irregular {
			n = max(1, t.detail(at).Repeats)
		}
		touched.accesses += n
	}
}
