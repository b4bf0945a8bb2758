package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/bench/internal/load"
)

// cpuGoal is what recording and encoding one record should take of a CPU at most.
const cpuGoal = 5 * time.Microsecond

// print writes the medians as Markdown.
func print(out io.Writer, all map[key][]found) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; a run makes %d records\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"), records)
	b.WriteString("| records go to | at once | runs/s | run p50 | p99 | decision p50 | p99 | mean | access p50 | p99 | mean | CPU/record | allocs/run | allocated/run | log/run | records/commit |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, sink := range sinks {
		for _, n := range concurrency {
			one := all[key{sink, n}]
			fmt.Fprintf(&b, "| %s | %d | %.0f | %s | %s | %s | %s | %s | %s | %s | %s | %s | %.0f | %.1f kB | %s | %s |\n", sink, n,
				median(one, func(f found) float64 { return f.RunsPerSecond }),
				span(one, func(f found) time.Duration { return f.RunP50 }), span(one, func(f found) time.Duration { return f.RunP99 }),
				span(one, func(f found) time.Duration { return f.DecideP50 }), span(one, func(f found) time.Duration { return f.DecideP99 }),
				span(one, func(f found) time.Duration { return f.DecideMean }),
				span(one, func(f found) time.Duration { return f.AccessP50 }), span(one, func(f found) time.Duration { return f.AccessP99 }),
				span(one, func(f found) time.Duration { return f.AccessMean }),
				span(one, func(f found) time.Duration { return f.CPUPerRecord }),
				median(one, func(f found) float64 { return f.AllocsPerRun }), median(one, func(f found) float64 { return f.AllocatedPerRun / 1e3 }),
				some("%.1f kB", median(one, func(f found) float64 { return f.LoggedPerRun / 1e3 })),
				some("%.1f", median(one, func(f found) float64 { return f.RecordsPerCommit })))
		}
	}
	b.WriteString("\n**Goals**\n\n| goal | measured | |\n|---|--:|---|\n")
	for _, sink := range []string{toNowhere, discardRedacted} {
		for _, n := range concurrency {
			cpu := median(all[key{sink, n}], func(f found) float64 { return float64(f.CPUPerRecord) })
			verdict := "met"
			if cpu > float64(cpuGoal) {
				verdict = "missed"
			}
			fmt.Fprintf(&b, "| recording and encoding (%s), %d at once: at most %v of CPU a record | %s | %s |\n", sink, n, cpuGoal, micro(cpu), verdict)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// median is that of one number over the rounds.
func median(all []found, number func(found) float64) float64 {
	values := make([]float64, len(all))
	for i, f := range all {
		values[i] = number(f)
	}
	return load.Median(values)
}

// span shows the median of a duration.
func span(all []found, number func(found) time.Duration) string {
	return micro(median(all, func(f found) float64 { return float64(number(f)) }))
}

// micro shows nanoseconds in µs or ms.
func micro(ns float64) string {
	if ns < 1e6 {
		return fmt.Sprintf("%.1f µs", ns/1e3)
	}
	return fmt.Sprintf("%.2f ms", ns/1e6)
}

// some shows a number, and a dash for what there is none of.
func some(format string, v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf(format, v)
}
