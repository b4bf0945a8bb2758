package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/flexorhq/flexor-go/lineage"
)

// bench is a comparison under way.
type bench struct {
	settings
	out      io.Writer
	accesses []access
	points   []int32 // records that are asked for
	closure  int32   // one from which about so many versions were made
	hub      int32   // the one most used
	want     map[int32]int
	ours     ours
	pointOur cost          // p95
	touched  map[int32]int // how many accesses the records have that are asked for
	ourCosts map[int32]cost
}

// cost is what something takes: time by the clock, and time of this process on processors.
type cost struct{ wall, cpu time.Duration }

// timed returns what f takes.
func timed(f func() error) (c cost, err error) {
	cpu := processorTime()
	began := time.Now()
	err = f()
	return cost{time.Since(began), processorTime() - cpu}, err
}

// processorTime returns how long this process has had processors.
func processorTime() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // cannot fail
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// measure writes the workload, and measures all that is wanted over it.
func measure(ctx context.Context, s settings, out io.Writer) error {
	b := &bench{settings: s, out: out, want: map[int32]int{}, touched: map[int32]int{}, ourCosts: map[int32]cost{}}
	b.ours.dir = filepath.Join(s.dir, "audit-log")
	began := time.Now()
	size, err := newWorkload(s.records).write(ctx, b.ours.dir, s.accesses, func(a access) error {
		b.accesses = append(b.accesses, a)
		return nil
	})
	if err != nil {
		return err
	}
	b.say("%s accesses to %s records, in a log of %d MB, written in %s\n\n", number(s.accesses), number(s.records), size>>20, since(began))
	b.say("| | what | time | processor time | |\n|---|---|--:|--:|---|\n")
	if err := b.measureOurs(ctx); err != nil {
		return err
	}
	if s.wants("sqlite") {
		if err := b.measureTables(ctx, newSQLite); err != nil {
			return err
		}
	}
	if s.wants("postgresql") {
		err := b.measureTables(ctx, newPostgreSQL)
		if errors.Is(err, errNoPostgreSQL) {
			b.say("| PostgreSQL | left out | | | %s |\n", err)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) say(format string, args ...any) { _, _ = fmt.Fprintf(b.out, format, args...) }

// row writes a line of the table. ours is what the same costs with this SDK; zero: it is
// not compared. What a server does is not in the processor time of this process.
func (b *bench) row(who, what string, c, ours cost, server bool, rest string) {
	cpu := round(c.cpu).String()
	theirs, own := c.cpu, ours.cpu
	if server {
		cpu, theirs, own = "", c.wall, ours.wall
	}
	if own > 0 {
		if rest != "" {
			rest += ", "
		}
		rest += fmt.Sprintf("%.1f × ours", float64(theirs)/float64(own))
	}
	b.say("| %s | %s | %s | %s | %s |\n", who, what, round(c.wall), cpu, rest)
}

func since(t time.Time) time.Duration { return round(time.Since(t)) }

// round leaves three digits.
func round(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// p95 returns what 95 of 100 do not exceed.
func p95(all []cost) cost {
	at := (len(all)*95 + 99) / 100
	wall, cpu := make([]time.Duration, 0, len(all)), make([]time.Duration, 0, len(all))
	for _, c := range all {
		wall, cpu = append(wall, c.wall), append(cpu, c.cpu)
	}
	slices.Sort(wall)
	slices.Sort(cpu)
	return cost{wall[at-1], cpu[at-1]}
}

// rate says how many accesses a second that is.
func (b *bench) rate(d time.Duration) string {
	return fmt.Sprintf("%.2f M accesses/s", float64(len(b.accesses))/d.Seconds()/1e6)
}

// perAccess says how many bytes an access takes.
func (b *bench) perAccess(size int64) string {
	return fmt.Sprintf("%.1f B an access", float64(size)/float64(len(b.accesses)))
}

func (b *bench) measureOurs(ctx context.Context) error {
	const us = "flexor"
	built, err := timed(func() error { return b.ours.index(ctx) })
	if err != nil {
		return err
	}
	b.row(us, "verify the log and build the index", built, cost{}, false, b.rate(built.cpu)+" of processor time, "+b.perAccess(b.ours.size()))
	if err := b.choose(ctx); err != nil {
		return err
	}
	var cold []cost
	for _, record := range b.points {
		c, err := timed(func() error {
			if err := b.ours.open(); err != nil {
				return err
			}
			_, err := b.ours.trace(ctx, record, 1, all)
			return err
		})
		if err != nil {
			return err
		}
		cold = append(cold, c)
	}
	step, err := b.warm(func(record int32) error {
		_, err := b.ours.trace(ctx, record, 1, all)
		return err
	})
	if err != nil {
		return err
	}
	b.pointOur, err = b.warm(func(record int32) (err error) {
		b.touched[record], err = b.ours.accessesTo(ctx, record)
		return err
	})
	if err != nil {
		return err
	}
	b.row(us, "one step from a record, log opened for it, p95", p95(cold), cost{}, false, "")
	b.row(us, "one step from a record, p95", step, cost{}, false, "")
	b.row(us, "the accesses of a record, no step from it, p95", b.pointOur, cost{}, false, "")
	for name, record := range b.closures() {
		c, res, err := bestOf4(func() (*lineage.Result, error) { return b.ours.trace(ctx, record, 0, all) })
		if err != nil {
			return err
		}
		b.want[record] = len(res.Versions)
		b.row(us, name, c, cost{}, false, fmt.Sprintf("%s versions, %s edges, %s runs; the best of 4", number(len(res.Versions)), number(len(res.Edges)), number(len(res.Touches))))
		c, res, err = bestOf4(func() (*lineage.Result, error) { return b.ours.versions(ctx, record) })
		if err != nil {
			return err
		}
		b.ourCosts[record] = c
		b.row(us, name+", without edges", c, cost{}, false, fmt.Sprintf("%s versions, %s runs; the best of 4", number(len(res.Versions)), number(len(res.Touches))))
	}
	return nil
}

// warm returns the p95 of asking for each of the records.
func (b *bench) warm(ask func(record int32) error) (cost, error) {
	var costs []cost
	for range 2 { // the first time brings what is asked for into memory
		costs = costs[:0]
		for _, record := range b.points {
			c, err := timed(func() error { return ask(record) })
			if err != nil {
				return cost{}, err
			}
			costs = append(costs, c)
		}
	}
	return p95(costs), nil
}

// bestOf4 returns the least that a trace takes of four times, and what it found.
func bestOf4(trace func() (*lineage.Result, error)) (best cost, res *lineage.Result, err error) {
	for i := range 4 {
		c, err := timed(func() (err error) {
			res, err = trace()
			return err
		})
		if err != nil {
			return cost{}, nil, err
		}
		if i == 0 {
			best = c
		}
		best.wall, best.cpu = min(best.wall, c.wall), min(best.cpu, c.cpu)
	}
	return best, res, nil
}

// closures yields the records whose closures are measured, and what to call them.
func (b *bench) closures() func(func(string, int32) bool) {
	return func(yield func(string, int32) bool) {
		if yield("all from a record", b.closure) {
			yield("all from the record most used", b.hub)
		}
	}
}

// choose chooses the records that are asked for: any, the one most used, and the one of
// whose versions as many were made as wanted, as nearly as some hundred tries find.
func (b *bench) choose(ctx context.Context) error {
	rnd := rand.New(rand.NewPCG(2, 6))
	for range b.settings.points {
		b.points = append(b.points, int32(rnd.IntN(b.records)))
	}
	least := -1
	for range 200 {
		record := b.accesses[rnd.IntN(len(b.accesses)/2)].record
		res, err := b.ours.trace(ctx, record, 0, 2*b.nodes)
		if err != nil {
			return err
		}
		off := max(len(res.Versions)-b.nodes, b.nodes-len(res.Versions))
		if least < 0 || off < least {
			least, b.closure = off, record
		}
		if least < b.nodes/10 {
			break
		}
	}
	return nil
}

// measureTables measures a database.
func (b *bench) measureTables(ctx context.Context, open func(context.Context, string) (*tables, error)) error {
	t, err := open(ctx, b.dir)
	if err != nil {
		return err
	}
	defer t.close()
	built, err := timed(func() error {
		for _, q := range schema {
			if _, err := t.db.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		if err := t.load(ctx, b.accesses); err != nil {
			return err
		}
		for _, q := range indexes {
			if _, err := t.db.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	size, err := t.size(ctx)
	if err != nil {
		return err
	}
	rate := b.rate(built.cpu) + " of processor time"
	if t.server {
		rate = b.rate(built.wall)
	}
	b.row(t.name, "load and index", built, cost{}, t.server, rate+", "+b.perAccess(size))
	q, err := t.prepare(ctx, pointQuery)
	if err != nil {
		return err
	}
	defer q.Close() //nolint:errcheck // it was read
	point, err := b.warm(func(record int32) error {
		n, err := t.point(ctx, q, record)
		if err == nil && n != b.touched[record] {
			err = fmt.Errorf("%s finds %d accesses of record %d, this SDK %d", t.name, n, record, b.touched[record])
		}
		return err
	})
	if err != nil {
		return err
	}
	b.row(t.name, "the accesses of a record, no step from it, p95", point, b.pointOur, t.server, "")
	for name, record := range b.closures() {
		for how, ask := range map[string]func(context.Context, int32) (int, error){"recursive query": t.recursive, "version by version": t.stepwise} {
			if err := b.measureClosure(ctx, t, name+", "+how, record, ask); err != nil {
				return err
			}
		}
	}
	return nil
}

// measureClosure measures how a database finds all that was made from a record.
func (b *bench) measureClosure(ctx context.Context, t *tables, what string, record int32, ask func(context.Context, int32) (int, error)) error {
	limited, cancel := context.WithTimeout(ctx, b.limit)
	defer cancel()
	n := 0
	c, err := timed(func() (err error) {
		n, err = ask(limited, record)
		return err
	})
	rest := ""
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		rest = "not finished, so at least"
	case err != nil:
		return err
	case n != b.want[record]:
		return fmt.Errorf("%s: %s finds %d versions, this SDK %d", what, t.name, n, b.want[record])
	}
	b.row(t.name, what, c, b.ourCosts[record], t.server, rest)
	return nil
}
