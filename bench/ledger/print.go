package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/bench/internal/peer"
)

// print writes the table as Markdown.
func (t *table) print(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s/%s, %d cores; load average at the start %.2f; %d rounds of %v each after %v; took %v\n",
		t.began.UTC().Format("2006-01-02 15:04 UTC"), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		t.load, t.rounds, t.duration, t.warmup, t.ended.Sub(t.began).Round(time.Second))
	for _, group := range t.cells {
		if len(group) == 0 {
			continue
		}
		if group[0].processes == 1 {
			t.printAlone(&b, group)
		} else {
			t.printTogether(&b, group)
		}
	}
	t.printGoals(&b)
	b.WriteString("\n**What each does before it acknowledges**\n\n")
	for _, k := range t.kinds {
		fmt.Fprintf(&b, "- %s: %s.\n", k.Name, k.Promise)
	}
	if len(t.failed) > 0 {
		b.WriteString("\n**Failures of peers**; their rounds count as zero\n\n")
	}
	for _, f := range t.failed {
		fmt.Fprintf(&b, "- %s\n", strings.ReplaceAll(f, "\n", "; "))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// printAlone writes the part for one process.
func (t *table) printAlone(b *strings.Builder, group []cell) {
	fmt.Fprintf(b, "\n**1 process, %s**\n\n", plural(group[0].writers, "writer"))
	b.WriteString("| | entries/s | p50 | p99 | p99.9 | of the limit | ledger is × | CPU/entry |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	limit, ledger := t.reference(group, peer.Limit), t.reference(group, peer.Ledger)
	for i := range group {
		sums := t.found[group[i].key()]
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", group[i].Name,
			count(median(sums, rate)), span(median(sums, p50)), span(median(sums, p99)), span(median(sums, p999)),
			ratio(medianRatio(sums, limit, rate)), ratio(medianRatio(ledger, sums, rate)), span(median(sums, cpu)))
	}
}

// printTogether writes the part for several processes.
func (t *table) printTogether(b *strings.Builder, group []cell) {
	fmt.Fprintf(b, "\n**%d processes, %s each**\n\n", group[0].processes, plural(group[0].writers, "writer"))
	b.WriteString("| | entries/s | p50 | p99 | p99.9 | Jain: writers | processes | ledger is × | CPU/entry |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	var ledger []load.Summary
	for i := range group {
		if group[i].Name == peer.Ledger && !group[i].apart {
			ledger = t.found[group[i].key()]
		}
	}
	for i := range group {
		c := &group[i]
		sums := t.found[c.key()]
		name := c.Name + ", shared"
		if c.apart {
			name = c.Name + ", a file for each process"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", name,
			count(median(sums, rate)), span(median(sums, p50)), span(median(sums, p99)), span(median(sums, p999)),
			index(median(sums, jainWriters)), index(median(sums, jainProcesses)),
			ratio(medianRatio(ledger, sums, rate)), span(median(sums, cpu)))
	}
}

// reference returns what was measured for the kind of that name.
func (t *table) reference(group []cell, name string) []load.Summary {
	for i := range group {
		if group[i].Name == name {
			return t.found[group[i].key()]
		}
	}
	return nil
}

// The numbers of a summary.
func rate(s load.Summary) float64          { return s.Rate }
func p50(s load.Summary) float64           { return float64(s.P50) }
func p99(s load.Summary) float64           { return float64(s.P99) }
func p999(s load.Summary) float64          { return float64(s.P999) }
func cpu(s load.Summary) float64           { return float64(s.CPUPerEntry) }
func jainWriters(s load.Summary) float64   { return s.JainOfWriters }
func jainProcesses(s load.Summary) float64 { return s.JainOfProcesses }

// median is that of one number over the rounds; NaN if it was not measured.
func median(sums []load.Summary, number func(load.Summary) float64) float64 {
	values := make([]float64, len(sums))
	for i, s := range sums {
		values[i] = number(s)
	}
	return medianOf(values)
}

// medianRatio is the median of the ratios within each round; NaN if one of the
// two was not measured.
func medianRatio(of, to []load.Summary, number func(load.Summary) float64) float64 {
	var values []float64
	for i := range min(len(of), len(to)) {
		if d := number(to[i]); d > 0 {
			values = append(values, number(of[i])/d)
		}
	}
	return medianOf(values)
}

// medianOf is NaN of nothing.
func medianOf(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return load.Median(values)
}

func count(v float64) string { return fmt.Sprintf("%.0f", v) }
func index(v float64) string { return fmt.Sprintf("%.3f", v) }

// ratio shows two places of small ratios.
func ratio(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// span shows a duration in µs or ms.
func span(v float64) string {
	d := time.Duration(v)
	if d < time.Millisecond {
		return fmt.Sprintf("%.0f µs", float64(d)/1e3)
	}
	return fmt.Sprintf("%.2f ms", float64(d)/1e6)
}

// plural counts things.
func plural(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case strings.HasSuffix(thing, "s"):
		return fmt.Sprintf("%d %ses", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
