package main

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// median returns the middle of f over the samples of a cell; 0 of none.
func (t *table) median(c cell, f func(sample) float64) float64 {
	var all []float64
	for _, s := range t.samples[c] {
		all = append(all, f(s))
	}
	return middle(all)
}

// ratio returns the median over the rounds of how many times as long an entry
// takes a as it takes b; 0 when one of them was not measured.
func (t *table) ratio(a, b cell) float64 {
	sa, sb := t.samples[a], t.samples[b]
	var all []float64
	for i := range min(len(sa), len(sb)) {
		all = append(all, sa[i].perEntry/sb[i].perEntry)
	}
	return middle(all)
}

func middle(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(all))[(len(all)-1)/2]
}

// goal is one of the goals for the speed of redaction.
type goal struct {
	what     string
	measured float64
	atLeast  float64 // 0: atMost counts
	atMost   float64
	unit     string
}

func (t *table) goals() []goal {
	ours := func(setting, corpus string) cell { return cell{setting, corpus, us} }
	rate := func(corpus string) float64 {
		return t.median(ours(plain, corpus), func(s sample) float64 { return s.rate / 1e6 })
	}
	re2 := t.ratio(cell{plain, mixed, re2One}, ours(plain, mixed))
	if set := t.ratio(cell{plain, mixed, re2Set}, ours(plain, mixed)); set > 0 {
		re2 = min(re2, set)
	}
	out := []goal{
		{what: "times as fast as regexp, one after the other", measured: t.ratio(cell{plain, mixed, sequential}, ours(plain, mixed)), atLeast: 150},
		{what: "times as fast as the best form of go-re2", measured: re2, atLeast: 1.7},
		{what: "× the time of copying the bytes", measured: t.ratio(ours(plain, mixed), cell{plain, mixed, copying}), atMost: 15},
		{what: "of the time of json.Marshal, clean entries", measured: t.ratio(ours(plain, clean), cell{plain, clean, marshalling}), atMost: 0.6},
		{what: "12 more patterns: × the time without", measured: t.ratio(ours(plus12, mixed), ours(plain, mixed)), atMost: 1.25},
		{what: "something to redact in each", measured: rate(hits), atLeast: 300, unit: " MB/s"},
	}
	for _, h := range hostiles {
		out = append(out, goal{what: h, measured: rate(h), atLeast: 50, unit: " MB/s"})
	}
	return out
}

// print writes the results in Markdown.
func (t *table) print(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s, %s, %s/%s, %d cores; %d rounds of %s\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"), runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), t.settings.rounds, t.settings.duration)
	fmt.Fprintf(b, "| goal | | measured | |\n|---|--:|--:|---|\n")
	for _, g := range t.goals() {
		sign, bound, met := "≥", g.atLeast, g.measured >= g.atLeast
		if g.atMost > 0 {
			sign, bound, met = "≤", g.atMost, g.measured <= g.atMost
		}
		verdict := "missed"
		switch {
		case g.measured == 0:
			verdict = "not measured"
		case met:
			verdict = "met"
		}
		fmt.Fprintf(b, "| %s | %s %.4g%s | %.3g%s | %s |\n", g.what, sign, bound, g.unit, g.measured, g.unit, verdict)
	}
	clean := t.median(cell{plain, clean, us}, func(s sample) float64 { return s.allocs })
	fmt.Fprintf(b, "| allocations, clean entries | 0 | %.2f | |\n", clean)
	last := cell{}
	for _, c := range t.cells {
		if c.setting != last.setting || c.corpus != last.corpus {
			fmt.Fprintf(b, "\n#### %s, %s\n\n| | µs/entry | MB/s | × copying | flexor is × | allocs/entry | found/entry |\n|---|--:|--:|--:|--:|--:|--:|\n", c.setting, c.corpus)
		}
		last = c
		fmt.Fprintf(b, "| %s | %.2f | %.1f | %.1f | %.2f | %.1f | %.2f |\n", c.peer,
			t.median(c, func(s sample) float64 { return s.perEntry })/1e3,
			t.median(c, func(s sample) float64 { return s.rate })/1e6,
			t.ratio(c, cell{c.setting, c.corpus, copying}), t.ratio(c, cell{c.setting, c.corpus, us}),
			t.median(c, func(s sample) float64 { return s.allocs }),
			t.median(c, func(s sample) float64 { return s.found }))
	}
	return b.Flush()
}
