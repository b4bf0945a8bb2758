package lineage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// names are the records of the random histories. Those that end in "/" are
// collections.
var names = []string{
	"db://a/", "db://a/x", "db://a/y", "db://a/z/", "db://a/z/w", "db://b/", "db://b/x", "db://b/x2", "db://c/only", "db://b/?q=1", "db://b/?q=12",
}

// step is an access of a random history.
type step struct {
	pos int
	run int
	audit.Access
}

// oracle answers by looking at every pair of accesses. It follows the rules as they
// stand in docs/design/lineage.md, and shares no code with what it judges.
type oracle struct {
	steps  []step
	failed map[int]bool // runs taken for having done nothing
}

// within reports whether a record is a, or stands in it.
func within(record, a string) bool {
	return record == a || strings.HasSuffix(a, "/") && strings.HasPrefix(record, a)
}

func related(a, b string) bool { return within(a, b) || within(b, a) }

// look is a record with the span of positions in which it was looked at.
type look struct {
	record string
	lo, hi int
}

// sees reports whether a look sees what step i put there.
func (o *oracle) sees(l look, i int) bool {
	c := o.steps[i]
	if c.Op == audit.OpRead || !related(c.Record, l.record) || c.pos >= l.hi {
		return false
	}
	narrow := c.Record
	if len(l.record) > len(narrow) {
		narrow = l.record
	}
	for _, s := range o.steps {
		if (s.Op == audit.OpWrite || s.Op == audit.OpDelete) && s.pos > c.pos && s.pos <= l.lo && within(narrow, s.Record) {
			return false
		}
	}
	return true
}

// outside reports whether a look sees what a record held before the log.
func (o *oracle) outside(l look, record string) bool {
	for _, s := range o.steps {
		if (s.Op == audit.OpWrite || s.Op == audit.OpDelete) && s.pos <= l.lo && within(record, s.Record) {
			return false
		}
	}
	return true
}

// readLook returns the look of the read i.
func (o *oracle) readLook(i int) look {
	s := o.steps[i]
	l := look{s.Record, s.pos, s.pos}
	if s.Repeats > 0 {
		l.lo = 0
		for _, p := range o.steps[:i] {
			if p.run == s.run && p.Op == audit.OpRead && p.Record == s.Record && p.Version == s.Version {
				l.lo = p.pos
			}
		}
	}
	if s.Version != "" {
		for _, p := range o.steps[:i] {
			if p.Op != audit.OpRead && p.Record == s.Record && p.Version == s.Version {
				l.lo, l.hi = p.pos, p.pos+1
			}
		}
	}
	return l
}

// inputs returns the looks that step i was made from, and whether it was stated.
func (o *oracle) inputs(i int) (looks []look, stated bool) {
	w := o.steps[i]
	accessLook := func(j int) look {
		if o.steps[j].Op == audit.OpRead {
			return o.readLook(j)
		}
		return look{o.steps[j].Record, o.steps[j].pos, o.steps[j].pos + 1}
	}
	switch {
	case w.Op == audit.OpDelete:
		return nil, w.From != nil
	case w.From == nil:
		for j, s := range o.steps[:i] {
			if s.run == w.run && s.Op == audit.OpRead {
				looks = append(looks, o.readLook(j))
			}
		}
		return looks, false
	}
	for _, f := range w.From {
		l := look{f, w.pos, w.pos}
		for j, s := range o.steps[:i] {
			if s.run == w.run && within(f, s.Record) {
				l = accessLook(j)
				l.record = f
			}
		}
		looks = append(looks, l)
		for _, below := range names {
			if below == f || !within(below, f) {
				continue
			}
			for j := i - 1; j >= 0; j-- {
				if s := o.steps[j]; s.run == w.run && s.Record == below {
					looks = append(looks, accessLook(j))
					break
				}
			}
		}
	}
	return looks, true
}

// answer is what is compared.
type answer struct {
	roles    map[string]bool // "read_by 3"
	versions map[string]bool // "downstream db://a/x 7 steps 2"
}

const far = 1 << 30

// downstream computes how many steps each access is from a record.
func (o *oracle) downstream(root string, explicit bool, a *answer) {
	steps := make([]int, len(o.steps)) // far: not reached
	reached := func(l look) int {
		if related(l.record, root) {
			return 1
		}
		least := far
		for j := range o.steps {
			if o.sees(l, j) {
				least = min(least, steps[j]+1)
			}
		}
		return least
	}
	for i, s := range o.steps {
		steps[i] = far
		if o.failed[s.run] {
			continue
		}
		if s.Op == audit.OpRead {
			steps[i] = reached(o.readLook(i))
			continue
		}
		looks, stated := o.inputs(i)
		if stated || !explicit {
			for _, l := range looks {
				steps[i] = min(steps[i], reached(l))
			}
		}
		if steps[i] >= far {
			steps[i] = far
		}
	}
	included, read, used := map[int]bool{}, map[int]bool{}, map[int]bool{}
	for i, s := range o.steps {
		switch {
		case steps[i] >= far:
		case s.Op == audit.OpRead && related(s.Record, root):
			read[s.run] = true
		case s.Op == audit.OpRead:
			used[s.run] = true
		case !within(s.Record, root):
			included[s.run] = true
			a.versions[fmt.Sprintf("downstream %s %d steps %d", s.Record, s.pos, steps[i])] = true
		}
	}
	for r := range included {
		a.roles[fmt.Sprintf("included_in %d", r)] = true
	}
	for r := range read {
		if !included[r] {
			a.roles[fmt.Sprintf("read_by %d", r)] = true
		}
	}
	for r := range used {
		if !included[r] && !read[r] {
			a.roles[fmt.Sprintf("used_by %d", r)] = true
		}
	}
}

// upstream computes how many steps each write is from the versions of a record.
func (o *oracle) upstream(root string, explicit bool, a *answer) {
	steps := make([]int, len(o.steps))
	external := map[string]int{}
	for i, s := range o.steps {
		steps[i] = far
		if s.Op != audit.OpRead && related(s.Record, root) {
			steps[i] = 0
		}
	}
	for i := len(o.steps) - 1; i >= 0; i-- {
		s := o.steps[i]
		looks, stated := o.inputs(i)
		if steps[i] >= far || s.Op == audit.OpRead || o.failed[s.run] || explicit && !stated {
			continue
		}
		for _, l := range looks {
			for j, c := range o.steps {
				if c.Op != audit.OpDelete && !o.failed[c.run] && o.sees(l, j) {
					steps[j] = min(steps[j], steps[i]+1)
				}
			}
			for _, n := range names {
				if within(n, l.record) && o.outside(l, n) && o.mentioned(n, l.record) {
					if had, ok := external[n]; !ok || steps[i]+1 < had {
						external[n] = steps[i] + 1
					}
				}
			}
		}
	}
	for i, s := range o.steps {
		if steps[i] < far && !within(s.Record, root) && !o.failed[s.run] {
			if steps[i] == 0 && s.Op != audit.OpRead { // a collection that the record stands in
				continue
			}
			a.versions[fmt.Sprintf("upstream %s %d steps %d", s.Record, s.pos, steps[i])] = true
		}
	}
	for n, d := range external {
		if !within(n, root) {
			a.versions[fmt.Sprintf("upstream %s 0 steps %d", n, d)] = true
		}
	}
}

// mentioned reports whether the log knows a record, or a look names it.
func (o *oracle) mentioned(record, looked string) bool {
	return record == looked || slices.ContainsFunc(o.steps, func(s step) bool {
		return s.Record == record || slices.Contains(s.From, record)
	})
}

// history makes a random history of interleaved runs.
func history(tb testing.TB, rnd *rand.Rand) (*memory, *oracle) {
	m, o := &memory{}, &oracle{failed: map[int]bool{}}
	runs := 1 + rnd.IntN(5)
	for r := range runs {
		m.start(fmt.Sprint(r))
	}
	ops := []audit.Op{audit.OpRead, audit.OpRead, audit.OpRead, audit.OpWrite, audit.OpWrite, audit.OpAppend, audit.OpDelete}
	collections := rnd.IntN(3) > 0
	pick := func() string {
		for {
			if n := names[rnd.IntN(len(names))]; collections || !strings.HasSuffix(n, "/") {
				return n
			}
		}
	}
	for range 1 + rnd.IntN(24) {
		s := step{pos: len(m.lines), run: rnd.IntN(runs)}
		s.Op, s.Record = ops[rnd.IntN(len(ops))], pick()
		if rnd.IntN(4) == 0 {
			s.Version = fmt.Sprint(rnd.IntN(3))
		}
		switch s.Op {
		case audit.OpRead:
			if rnd.IntN(5) == 0 {
				s.Repeats = 1 + rnd.IntN(3)
			}
		case audit.OpWrite, audit.OpAppend:
			if rnd.IntN(3) == 0 {
				s.From = []string{}
				for range rnd.IntN(3) {
					s.From = append(s.From, pick())
				}
			}
		}
		m.access(tb, fmt.Sprint(s.run), s.Access)
		o.steps = append(o.steps, s)
	}
	for r := range runs {
		status := audit.Success
		if rnd.IntN(4) == 0 {
			status = audit.Failed
			o.failed[r] = true
		}
		m.end(fmt.Sprint(r), status, audit.ByReturn)
	}
	return m, o
}

// TestOracle compares answers on random histories with those of the oracle. Every other
// log is indexed in pieces, and every other one is traced by several goroutines.
func TestOracle(t *testing.T) {
	n := 12_000
	if testing.Short() {
		n = 1500
	}
	for seed := range uint64(n) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		m, o := history(t, rnd)
		q := lineage.Query{
			Record: names[rnd.IntN(len(names))], Direction: lineage.Direction(rnd.IntN(3)),
			Explicit: rnd.IntN(4) == 0, ExcludeFailed: rnd.IntN(2) == 0,
		}
		if !q.ExcludeFailed {
			o.failed = nil
		}
		want := answer{map[string]bool{}, map[string]bool{}}
		for _, s := range o.steps {
			if s.Op != audit.OpRead && related(s.Record, q.Record) && !o.failed[s.run] {
				want.roles[fmt.Sprintf("written_by %d", s.run)] = true
			}
		}
		if q.Direction != lineage.Upstream {
			o.downstream(q.Record, q.Explicit, &want)
		}
		if q.Direction != lineage.Downstream {
			o.upstream(q.Record, q.Explicit, &want)
		}
		var log lineage.Log = m
		if seed%2 == 1 {
			log = cut(t, m, rnd)
		}
		q.Share(int(seed % 4))
		res := ask(t, log, q)
		got := answer{map[string]bool{}, map[string]bool{}}
		for _, x := range res.Touches {
			got.roles[fmt.Sprintf("%s %s", x.Role, x.RunID)] = true
		}
		for _, v := range res.Versions {
			got.versions[fmt.Sprintf("%s %s %d steps %d", v.Direction, v.Record, v.Position, v.Steps)] = true
		}
		if !(fmt.Sprint(want) == fmt.Sprint(got)) || !res.Complete {
			var log strings.Builder
			for _, l := range m.lines {
				log.Write(l)
				log.WriteByte('\n')
			}
			require.Equal(t, want, got, "seed %d: %+v\n%s", seed, q, log.String())
			require.True(t, res.Complete, "seed %d: %v", seed, res.Gaps)
		}
	}
}
