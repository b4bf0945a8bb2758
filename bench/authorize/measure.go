package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cell is one peer with so many grants.
type cell struct {
	grants int
	peer   string
}

// sample is one measurement.
type sample struct {
	each   float64 // nanoseconds for a decision
	allocs float64 // for a decision
}

// loading is what it cost to load a world.
type loading struct {
	took time.Duration // processor time
	heap int64         // bytes that it holds
}

// table is all measurements.
type table struct {
	settings settings
	cells    []cell // in the order in which they are printed
	loads    map[cell]loading
	samples  map[cell][]sample // one a round
	replayed []opening
	restored []opening // from a snapshot
	weights  []weight
}

const (
	asked   = 1 << 18 // different questions
	batch   = 1 << 8  // of them that come in at once
	checked = 10_000  // of them that all peers must answer alike
)

// measure measures everything.
func measure(ctx context.Context, s settings) (*table, error) {
	t := &table{settings: s, loads: map[cell]loading{}, samples: map[cell][]sample{}}
	dir, err := os.MkdirTemp(s.dir, "authorize-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	w := worldOf(s.grants)
	all := peers
	if t.wanted(oursOnDisk) {
		g, err := govern(ctx, dir, w)
		if err != nil {
			return nil, err
		}
		if err := t.openings(ctx, g); err != nil {
			return nil, err
		}
		all = append(slices.Clone(peers), g.peer(ctx), g.read())
	}
	if err := t.decisions(ctx, w, all); err != nil {
		return nil, err
	}
	if s.large > 0 {
		large := slices.DeleteFunc(slices.Clone(peers), func(p peer) bool { return p.small })
		if err := t.decisions(ctx, worldOf(s.large), large); err != nil {
			return nil, err
		}
	}
	if s.weigh {
		if t.weights, err = weigh(ctx, programs...); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *table) wanted(name string) bool {
	return len(t.settings.only) == 0 || slices.ContainsFunc(t.settings.only, func(s string) bool { return strings.Contains(name, s) })
}

// openings measures how long it takes to open a vault.
func (t *table) openings(ctx context.Context, g *governed) error {
	for range t.settings.rounds {
		for _, how := range []struct {
			snapshots string
			to        *[]opening
		}{{g.snapshots, &t.restored}, {"", &t.replayed}} {
			runtime.GC()
			o, err := g.open(ctx, how.snapshots, t.settings.grants)
			if err != nil {
				return err
			}
			*how.to = append(*how.to, o)
		}
	}
	return nil
}

// decisions measures what it takes the peers to decide in one world.
func (t *table) decisions(ctx context.Context, w *world, all []peer) error {
	type job struct {
		cell
		ask  asker
		next int // question
	}
	qs := w.questions(asked)
	var jobs []*job
	for _, p := range all {
		if !t.wanted(p.name) {
			continue
		}
		id := cell{w.grants, p.name}
		var ask asker
		var err error
		t.loads[id] = load(func() { ask, err = p.load(w) })
		if err == nil && !p.answersNothing {
			err = w.check(p, ask, qs[:checked])
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		t.cells = append(t.cells, id)
		jobs = append(jobs, &job{id, ask, rand.N(len(qs)/batch) * batch})
	}
	for round := range t.settings.rounds {
		runtime.GC() // once a round: with a million grants it takes many times as long as a sample
		for _, i := range rand.New(rand.NewPCG(uint64(round), 1)).Perm(len(jobs)) {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			j := jobs[i]
			if _, err := w.run(j.ask, qs, &j.next, t.settings.duration/10); err != nil {
				return err
			}
			got, err := w.run(j.ask, qs, &j.next, t.settings.duration)
			if err != nil {
				return err
			}
			t.samples[j.cell] = append(t.samples[j.cell], got)
		}
	}
	return nil
}

// load measures what f leaves in memory.
func load(f func()) loading {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := cpu()
	f()
	took := cpu() - start
	runtime.GC()
	runtime.ReadMemStats(&after)
	return loading{took, int64(after.HeapAlloc) - int64(before.HeapAlloc)}
}

// check compares what a peer decides with the world and the matrix.
func (w *world) check(p peer, ask asker, qs []question) error {
	for _, q := range qs {
		if p.oneVault {
			q.elsewhere = false
		}
		got, err := ask(q)
		if err != nil {
			return err
		}
		if want := w.allows(q); got != want {
			return fmt.Errorf("it says %t, not %t: %s of %s in %s of %s", got, want, actions[q.action], w.names[q.who], environments[q.environment], q.vault())
		}
	}
	return nil
}

// run asks questions for that long, beginning with the batch at *next, around and
// around. That questions come in is not measured.
func (w *world) run(ask asker, qs []question, next *int, d time.Duration) (sample, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, took := 0, time.Duration(0)
	for begin := time.Now(); time.Since(begin) < d; n += batch {
		now := qs[*next : *next+batch]
		*next = (*next + batch) % len(qs)
		w.receive(now)
		start := cpu()
		for _, q := range now {
			if _, err := ask(q); err != nil {
				return sample{}, err
			}
		}
		took += cpu() - start
	}
	runtime.ReadMemStats(&after)
	return sample{float64(took.Nanoseconds()) / float64(n), float64(after.Mallocs-before.Mallocs) / float64(n)}, nil
}

// cpu returns the processor time that this process has taken, garbage collection
// included: unlike the time that passed, it does not count what others do.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are right
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
