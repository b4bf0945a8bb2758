package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"time"
)

// median returns the middle of f over all, and NaN of none.
func median[T any](all []T, f func(T) float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	var values []float64
	for _, v := range all {
		values = append(values, f(v))
	}
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}

func each(s sample) float64       { return s.each }
func allocs(s sample) float64     { return s.allocs }
func took(o opening) float64      { return o.took.Seconds() * 1e3 }
func passed(o opening) float64    { return o.passed.Seconds() * 1e3 }
func micro(nanos float64) float64 { return nanos / 1e3 }

// ratio returns the median over the rounds of how many times as long a decision
// takes a as it takes b; NaN when one of them was not measured.
func (t *table) ratio(a, b cell) float64 {
	sa, sb := t.samples[a], t.samples[b]
	var all []float64
	for i := range min(len(sa), len(sb)) {
		all = append(all, sa[i].each/sb[i].each)
	}
	return median(all, func(f float64) float64 { return f })
}

// best returns how long a decision took in the round that was disturbed least.
func (t *table) best(c cell) float64 {
	least := math.NaN()
	for i, s := range t.samples[c] {
		if i == 0 || s.each < least {
			least = s.each
		}
	}
	return least
}

// added returns what a program weighs more than the one that decides nothing.
func (t *table) added(name string, f func(weight) int64) float64 {
	find := func(name string) float64 {
		i := slices.IndexFunc(t.weights, func(w weight) bool { return w.name == name })
		if i < 0 {
			return math.NaN()
		}
		return float64(f(t.weights[i]))
	}
	return (find(name) - find(bare)) / 1e3
}

func whole(w weight) int64    { return w.whole }
func stripped(w weight) int64 { return w.stripped }

// goal is one of the goals. measured is NaN if it was not.
type goal struct {
	what             string
	atMost, measured float64
	unit             string
}

func (t *table) goals() (out []goal) {
	cells := []cell{{t.settings.grants, ours}, {t.settings.grants, oursOnDisk}}
	if t.settings.large > 0 {
		cells = append(cells, cell{t.settings.large, ours})
	}
	for _, c := range cells {
		what := fmt.Sprintf("%s, %d grants: ", c.peer, c.grants)
		out = append(out,
			goal{what + "a decision with its reason", 1, micro(median(t.samples[c], each)), " µs"},
			goal{what + "allocations", 0, median(t.samples[c], allocs), ""})
	}
	return append(out,
		goal{fmt.Sprintf("opening with %d grants from a snapshot", t.settings.grants), 5, median(t.restored, took), " ms"},
		goal{fmt.Sprintf("opening with %d grants by checking each signature", t.settings.grants), 1000, median(t.replayed, took), " ms"},
		goal{"rbac adds to a program", 150, t.added(withRBAC, whole), " kB"},
		goal{"rbac adds to a stripped program", 150, t.added(withRBAC, stripped), " kB"})
}

// print writes the results in Markdown.
func (t *table) print(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s, %s, %s/%s, %d cores; %d rounds of %s\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"), runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), t.settings.rounds, t.settings.duration)
	fmt.Fprintf(b, "| goal | | measured | |\n|---|--:|--:|---|\n")
	for _, g := range t.goals() {
		verdict := "missed"
		switch {
		case math.IsNaN(g.measured):
			verdict = "not measured"
		case g.measured <= g.atMost:
			verdict = "met"
		}
		fmt.Fprintf(b, "| %s | ≤ %.4g%s | %.3g%s | %s |\n", g.what, g.atMost, g.unit, g.measured, g.unit, verdict)
	}
	last := 0
	for _, c := range t.cells {
		if c.grants != last {
			fmt.Fprintf(b, "\n#### Decisions, %d grants\n\n| | µs/decision | best round | × rbac | allocs/decision | loading, s | heap, MB |\n|---|--:|--:|--:|--:|--:|--:|\n", c.grants)
		}
		last = c.grants
		fmt.Fprintf(b, "| %s | %.2f | %.2f | %.1f | %.1f | %.3f | %d |\n", c.peer, micro(median(t.samples[c], each)), micro(t.best(c)), t.ratio(c, cell{c.grants, ours}),
			median(t.samples[c], allocs), t.loads[c].took.Seconds(), t.loads[c].heap/1e6)
	}
	if len(t.replayed) > 0 {
		fmt.Fprintf(b, "\n#### Opening a vault with %d grants\n\n| | processor time, ms | time, ms |\n|---|--:|--:|\n", t.settings.grants)
		fmt.Fprintf(b, "| from a snapshot | %.1f | %.1f |\n", median(t.restored, took), median(t.restored, passed))
		fmt.Fprintf(b, "| by checking each signature | %.0f | %.0f |\n", median(t.replayed, took), median(t.replayed, passed))
	}
	if len(t.weights) > 0 {
		fmt.Fprintf(b, "\n#### Size of a program that records a run, kB\n\n| it also links | program | added | stripped | added |\n|---|--:|--:|--:|--:|\n")
		for _, p := range t.weights {
			fmt.Fprintf(b, "| %s | %.0f | %.0f | %.0f | %.0f |\n", p.name, float64(p.whole)/1e3, t.added(p.name, whole), float64(p.stripped)/1e3, t.added(p.name, stripped))
		}
	}
	return b.Flush()
}
