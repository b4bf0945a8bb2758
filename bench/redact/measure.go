package main

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cell is one peer on one corpus.
type cell struct {
	setting, corpus, peer string
}

// sample is one measurement.
type sample struct {
	perEntry float64 // nanoseconds
	rate     float64 // bytes per second
	allocs   float64 // per entry
	found    float64 // per entry
}

// table is all measurements: of each cell, one a round.
type table struct {
	settings settings
	cells    []cell // in the order in which they are printed
	samples  map[cell][]sample
}

const (
	clean  = "clean"
	mixed  = "5 % with something to redact"
	hits   = "something to redact in each"
	plain  = "12 built-in detectors"
	plus12 = "plus 12 patterns"
	plus64 = "plus 64 patterns"
	every  = "all detectors"
)

var hostiles = []string{"hostile digits", "hostile escapes", "hostile separators"}

// measure measures everything.
func measure(ctx context.Context, s settings) (*table, error) {
	t := &table{settings: s, samples: map[cell][]sample{}}
	corpora := []corpus{
		corpusOf(clean, s.entries, 0, 0.21),
		corpusOf(mixed, s.entries, 0.05, 0.21),
		corpusOf(hits, s.entries, 1, 0.21),
		hostile(hostiles[0], s.entries, digits),
		hostile(hostiles[1], s.entries, escapes),
		hostile(hostiles[2], s.entries, separators),
	}
	type job struct {
		cell
		peer   peer
		corpus *corpus
	}
	var jobs []job
	for _, setting := range []struct {
		name  string
		peers func() ([]peer, error)
	}{
		{plain, func() ([]peer, error) { return peers(0) }},
		{every, everything},
		{plus12, func() ([]peer, error) { return peers(12) }},
		{plus64, func() ([]peer, error) { return peers(64) }},
	} {
		all, err := setting.peers()
		if err != nil {
			return nil, err
		}
		for i := range corpora {
			c := &corpora[i]
			if c.name != mixed && (setting.name == plus12 || setting.name == plus64) {
				continue
			}
			for _, p := range all {
				if !t.wanted(p) || p.needsRuns() && c.runs == nil || c.runs == nil && p.name != us && p.name != copying {
					continue
				}
				id := cell{setting.name, c.name, p.name}
				t.cells = append(t.cells, id)
				jobs = append(jobs, job{id, p, c})
			}
		}
	}
	for round := range s.rounds {
		for _, i := range rand.New(rand.NewPCG(uint64(round), 1)).Perm(len(jobs)) {
			if err := context.Cause(ctx); err != nil {
				return nil, err
			}
			j := jobs[i]
			t.samples[j.cell] = append(t.samples[j.cell], t.one(j.peer, j.corpus))
		}
	}
	return t, nil
}

func (t *table) wanted(p peer) bool {
	return len(t.settings.only) == 0 || slices.ContainsFunc(t.settings.only, func(s string) bool { return strings.Contains(p.name, s) })
}

// one looks through entries for as long as the settings say, after a warm-up of a
// tenth of that.
func (t *table) one(p peer, c *corpus) sample {
	loop := func(d time.Duration) (n, bytes, found int, took time.Duration) {
		for start := time.Now(); took < d; took = time.Since(start) {
			for range 16 {
				i := n % len(c.entries)
				found += p.look(c, i)
				bytes += len(c.entries[i])
				n++
			}
		}
		return
	}
	loop(t.settings.duration / 10)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := cpu()
	n, bytes, found, _ := loop(t.settings.duration)
	took := cpu() - start
	runtime.ReadMemStats(&after)
	return sample{
		perEntry: float64(took.Nanoseconds()) / float64(n),
		rate:     float64(bytes) / took.Seconds(),
		allocs:   float64(after.Mallocs-before.Mallocs) / float64(n),
		found:    float64(found) / float64(n),
	}
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
