package lineage

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/recorduri"
)

// trace is a query at work: a walk through the graph, breadth first, so that each
// version is found by its shortest way.
type trace struct {
	*graph
	ctx    context.Context
	q      *Query
	record string
	result *Result

	upstream bool
	depths   map[*contribution]int // of those found in this direction
	queue    []*contribution
	outside  map[string]bool // records from outside the log, found upstream
	done     map[*run]int    // how far the readings of a run were followed: down to, or up to

	touches map[touchKey]*Touch
	counted map[counted]bool
	edges   map[edgeKey]bool
	gaps    map[string]int
}

type touchKey struct {
	role Role
	run  *run
}

// counted is an access that is counted in a role.
type counted struct {
	role Role
	pos  uint64
}

type edgeKey struct {
	made    bool
	pos     uint64 // of the access
	record  string
	version uint64 // its position and 1; 0: it has none
}

// find walks in the directions that were asked for.
func (t *trace) find() {
	own := t.shelf(t.record)
	roots := slices.Concat(t.around(own), t.below(own))
	for _, s := range roots {
		t.result.related = t.result.related || s.known()
		s.contributions(func(c *contribution) {
			if !t.excluded(c.run) {
				t.touch(WrittenBy, c.event, 0, c.stated)
				t.edge(c.event, true, s.record, c, c.stated)
			}
		})
	}
	if t.q.Direction != Upstream {
		t.start(false)
		for _, s := range roots {
			s.all(func(r *reading) { t.see(r, 1, nil) })
		}
		t.walk(t.readersOf)
	}
	if t.q.Direction != Downstream {
		t.start(true)
		for _, s := range roots {
			s.contributions(func(c *contribution) {
				t.depths[c] = 0
				t.queue = append(t.queue, c)
			})
		}
		t.walk(t.sourcesOf)
	}
}

// start begins a direction.
func (t *trace) start(upstream bool) {
	t.upstream = upstream
	t.queue, t.depths = nil, map[*contribution]int{}
	t.done, t.outside = map[*run]int{}, map[string]bool{}
}

// walk follows what was found until nothing is left, or may not be followed.
func (t *trace) walk(follow func(c *contribution, depth int) (more bool)) {
	for len(t.queue) > 0 && t.ctx.Err() == nil {
		c := t.queue[0]
		t.queue = t.queue[1:]
		depth := t.depths[c]
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
	t.readings(c, func(r *reading) {
		if depth < 0 {
			more = more || !t.excluded(r.run)
			return
		}
		t.see(r, depth, c)
	})
	if depth > 0 {
		own := t.shelfOf(c.part, c.row.Record)
		for _, s := range slices.Concat(t.around(own), t.below(own)) {
			for _, r := range t.openReadings(s) {
				if r.hi <= c.pos() && r.run.end > c.pos() && !t.excluded(r.run) {
					t.mayHaveRead(r.run)
				}
			}
		}
	}
	return more
}

// mayHaveRead notes a run that may have read again, without a record of it.
func (t *trace) mayHaveRead(r *run) {
	key := touchKey{maybe, r}
	if t.touches[key] == nil {
		t.touches[key] = &Touch{}
	}
}

// maybe is the role of a run that may have read a version.
const maybe Role = "maybe"

// see notes that a reading sees a version (nil: the record in question), and follows
// it to what was made from it.
func (t *trace) see(r *reading, depth int, c *contribution) {
	if t.excluded(r.run) {
		return
	}
	t.edge(r.event, false, r.shelf.record, c, r.made != nil)
	if r.made != nil {
		t.reach(r.made, depth)
		return
	}
	role := UsedBy
	if c == nil {
		role = ReadBy
	}
	t.touch(role, r.event, depth, false)
	if t.q.Explicit {
		return
	}
	done, some := t.done[r.run]
	if !some {
		done = len(r.run.reads)
	}
	if r.index >= done {
		return
	}
	t.done[r.run] = r.index
	made := r.run.made
	for i := sort.Search(len(made), func(i int) bool { return made[i].before > r.index }); i < len(made) && made[i].before <= done; i++ {
		t.reach(made[i], depth)
	}
}

// reach notes a version that was made from the record in question, or from which that
// was made.
func (t *trace) reach(c *contribution, depth int) {
	if _, known := t.depths[c]; known || t.excluded(c.run) {
		return
	}
	if len(t.depths) >= t.q.MaxVersions {
		t.gaps[GapVersions]++
		return
	}
	t.depths[c] = depth
	t.queue = append(t.queue, c)
	record := c.record()
	if t.own(record) {
		return
	}
	direction := "upstream"
	if !t.upstream {
		direction = "downstream"
		t.touch(IncludedIn, c.event, depth, c.stated)
		t.edge(c.event, true, record, c, c.stated)
	}
	if d := t.detail(c.event); t.selected(c.run, d.Source, c.row.Op) {
		t.result.Versions = append(t.result.Versions, RecordVersion{
			Direction: direction, Record: record, Op: c.row.Op, RunID: c.run.id, AgentName: c.run.agent, Status: c.run.status,
			At: d.At, Version: d.Version, Source: d.Source, Steps: depth, Explicit: c.stated, Position: c.pos(),
		})
	}
}

// sourcesOf follows a version to what it was made from. With a negative depth it only
// reports whether there is anything.
func (t *trace) sourcesOf(c *contribution, depth int) (more bool) {
	if t.excluded(c.run) || c.row.Op == audit.OpDelete || t.q.Explicit && !c.stated {
		return false
	}
	var from []*reading
	if c.stated {
		from = c.run.state(c)
	} else {
		// All versions of one run share the beginning of what it read.
		from = c.run.reads[:c.before]
		if depth > 0 {
			from = from[min(t.done[c.run], c.before):]
			t.done[c.run] = max(t.done[c.run], c.before)
		}
	}
	if depth < 0 {
		return len(from) > 0
	}
	t.edge(c.event, true, c.record(), c, c.stated)
	for _, r := range from {
		t.sources(r, func(source *contribution) {
			if source.row.Op != audit.OpDelete && !t.excluded(source.run) {
				t.edge(r.event, false, source.record(), source, r.made != nil)
				t.reach(source, depth)
			}
		}, func(record string) { t.external(r, record, depth) })
	}
	return false
}

// external notes a record that was read as it was before the log began.
func (t *trace) external(r *reading, record string, depth int) {
	t.edge(r.event, false, record, nil, r.made != nil)
	if t.outside[record] || t.own(record) {
		return
	}
	t.outside[record] = true
	if source := t.detail(r.event).Source; t.selected(r.run, source, r.row.Op) {
		t.result.Versions = append(t.result.Versions, RecordVersion{Direction: "upstream", Record: record, Source: source, Steps: depth})
	}
}

// edge notes an edge, once.
func (t *trace) edge(e *event, made bool, record string, c *contribution, explicit bool) {
	key := edgeKey{made: made, pos: e.pos(), record: record}
	var version *uint64
	if c != nil {
		key.record, key.version = c.record(), c.pos()+1
		version = &c.row.Position
	}
	if t.edges[key] {
		return
	}
	t.edges[key] = true
	t.result.Edges = append(t.result.Edges, Edge{
		RunID: e.run.id, AgentName: e.run.agent, Made: made, Record: key.record, Version: version, Explicit: explicit, At: e.time(), Position: e.pos(),
	})
}

// selected reports whether an access belongs into the answer.
func (t *trace) selected(r *run, source string, op audit.Op) bool {
	return in(t.q.Agents, r.agent) && in(t.q.Runs, r.id) && in(t.q.Sources, source) && in(t.q.Ops, op)
}

// in reports whether v is wanted.
func in[T comparable](wanted []T, v T) bool { return len(wanted) == 0 || slices.Contains(wanted, v) }

// touch notes what a run has to do with the record in question. What is told of it
// is its first access in that role.
func (t *trace) touch(role Role, e *event, steps int, explicit bool) {
	key := touchKey{role, e.run}
	touch := t.touches[key]
	if touch == nil {
		touch = &Touch{
			Role: role, RunID: e.run.id, AgentName: e.run.agent, AgentVersion: e.run.version, Status: e.run.status,
			Steps: steps, Position: math.MaxUint64,
		}
		t.touches[key] = touch
	}
	touch.Steps = min(touch.Steps, steps)
	if e.pos() < touch.Position {
		d := t.detail(e)
		touch.At, touch.Op, touch.Record, touch.Source, touch.Skill = d.At, e.row.Op, e.record(), d.Source, d.Skill
		touch.Explicit, touch.Position = explicit, e.pos()
		touch.Collection = (role == WrittenBy || role == ReadBy) && !t.own(touch.Record)
	}
	if once := (counted{role, e.pos()}); !t.counted[once] {
		t.counted[once] = true
		n := 1
		if e.row.Irregular {
			n = max(1, t.detail(e).Repeats)
		}
		touch.Accesses += n
	}
}

// finish orders the answer, and says whether it is complete.
func (t *trace) finish() {
	res := t.result
	res.Touches = []Touch{}
	for key, touch := range t.touches {
		included := t.touches[touchKey{IncludedIn, key.run}] != nil
		read := t.touches[touchKey{ReadBy, key.run}] != nil
		used := t.touches[touchKey{UsedBy, key.run}] != nil
		switch {
		case key.role == maybe:
			if !included && !read && !used {
				t.gaps[GapInterrupted]++
			}
		case key.role == ReadBy && included, key.role == UsedBy && (included || read):
			// said once
		case t.selected(key.run, touch.Source, touch.Op):
			res.Touches = append(res.Touches, *touch)
		}
	}
	order := map[Role]int{WrittenBy: 0, ReadBy: 1, IncludedIn: 2, UsedBy: 3}
	slices.SortFunc(res.Touches, func(a, b Touch) int {
		return cmp.Or(cmp.Compare(order[a.Role], order[b.Role]), cmp.Compare(b.Position, a.Position), strings.Compare(a.RunID, b.RunID))
	})
	slices.SortFunc(res.Versions, func(a, b RecordVersion) int {
		return cmp.Or(strings.Compare(a.Direction, b.Direction), cmp.Compare(a.Steps, b.Steps), strings.Compare(a.Record, b.Record), cmp.Compare(a.Position, b.Position))
	})
	slices.SortFunc(res.Edges, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), compareBool(a.Made, b.Made), strings.Compare(a.Record, b.Record), comparePosition(a.Version, b.Version))
	})
	t.completeness()
}

// completeness says what the answer may lack.
func (t *trace) completeness() {
	dropped := map[string]int{}
	for _, p := range t.Parts {
		for _, n := range p.Notes() {
			switch id := p.RunID(n.Run); {
			case n.At > t.asOf:
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
	t.gaps[GapHorizon] = int(t.First)
	plurals := map[string]string{"version": "versions", "way": "ways", "access": "accesses", "run": "runs", "record": "records"}
	of := func(n int, noun string) string {
		if n != 1 {
			noun = plurals[noun]
		}
		return fmt.Sprintf("%d %s", n, noun)
	}
	n := t.gaps
	texts := []struct{ reason, text string }{
		{GapDepth, of(n[GapDepth], "version") + " not followed beyond depth " + strconv.Itoa(t.q.Depth)},
		{GapVersions, of(n[GapVersions], "way") + " not followed to versions beyond the first " + strconv.Itoa(t.q.MaxVersions)},
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

func comparePosition(a, b *uint64) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return cmp.Compare(*a, *b)
}
