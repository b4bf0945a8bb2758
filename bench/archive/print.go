package main

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// The goals.
const (
	rateGoal     = 50.0     // MB of log a second
	memoryGoal   = 64 << 20 // bytes
	storedGoal   = 15.0     // % of the log
	recordingP50 = 1.10     // × without a second copy
	recordingP99 = 1.25
)

// median returns the middle of a number over the rounds.
func median[T any](all []T, number func(T) float64) float64 {
	values := make([]float64, len(all))
	for i, one := range all {
		values[i] = number(one)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// ratio returns the median, over the rounds, of how many times as long something took
// under a condition as it took alone.
func (r *results) ratio(condition string, number func(recorded) time.Duration) float64 {
	var all []float64
	for i, one := range r.recorded[condition] {
		all = append(all, float64(number(one))/float64(number(r.recorded[alone][i])))
	}
	return median(all, func(v float64) float64 { return v })
}

func p50(r recorded) time.Duration { return r.P50 }
func p99(r recorded) time.Duration { return r.P99 }

// rate returns how many MB of a corpus went to a place in a second.
func (r *results) rate(c corpus, place string, took func(sent) time.Duration) float64 {
	return median(r.sent[key{c.kind, place}], func(s sent) float64 { return float64(c.size) / 1e6 / took(s).Seconds() })
}

// stored returns how much is stored of a corpus, in % of it.
func (r *results) stored(c corpus) float64 {
	return median(r.sent[key{c.kind, toDir}], func(s sent) float64 { return 100 * float64(s.Stored) / float64(c.size) })
}

// resident returns how much memory it took at most in any round to send a corpus.
func (r *results) resident(c corpus, place string) float64 {
	var most int64
	for _, s := range r.sent[key{c.kind, place}] {
		most = max(most, s.Resident)
	}
	return float64(most)
}

// print writes the results in Markdown.
func (r *results) print(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s, %s, %s/%s, %d cores, load average at the start %s; logs of about %d MB, %d rounds; a run makes %d records\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), r.load, r.settings.megabytes, r.settings.rounds, records)
	r.printGoals(b)
	fmt.Fprintf(b, "\n#### Sending\n\n| log | to | MB | MB/s | MB/s of CPU | resident, at most |\n|---|---|--:|--:|--:|--:|\n")
	for _, c := range r.large() {
		for _, place := range r.places {
			fmt.Fprintf(b, "| %s | %s | %.0f | %.0f | %.0f | %.0f MiB |\n", c.kind, place, float64(c.size)/1e6,
				r.rate(c, place, func(s sent) time.Duration { return s.Elapsed }), r.rate(c, place, func(s sent) time.Duration { return s.CPU }), r.resident(c, place)/(1<<20))
		}
	}
	fmt.Fprintf(b, "\n#### Stored\n\n| log | bytes | entries | records | records/commit | stored |\n|---|--:|--:|--:|--:|--:|\n")
	for _, c := range r.corpora {
		fmt.Fprintf(b, "| %s | %d | %d | %d | %.2f | %.1f %% |\n", c.kind, c.size, c.entries, c.records, float64(c.records)/float64(c.commits), r.stored(c))
	}
	fmt.Fprintf(b, "\n#### A million entries\n\nAt $%g for 1,000 PUTs and $%g for a GB and month, without taxes, reading and Object Lock's own requests. PUTs are the fewest: of a log that grows by 8 MiB a minute.\n"+
		"A slower one takes one a minute at most: $%.2f a month for each log that is never idle.\n\n| log | log | stored | PUTs | to put them | to keep them, a month |\n|---|--:|--:|--:|--:|--:|\n",
		r.settings.prices.put, r.settings.prices.gigabyte, r.settings.prices.most())
	for _, c := range r.large() {
		m := r.settings.prices.cost(c.entries, c.size, r.sent[key{c.kind, toDir}][0])
		fmt.Fprintf(b, "| %s | %.1f GB | %.2f GB | %.0f | $%.4f | $%.4f |\n", c.kind, m.log/1e9, m.stored/1e9, m.puts, m.putting, m.keeping)
	}
	fmt.Fprintf(b, "\n#### Recording, %d at once\n\n| | runs | p50 | p99 | p50 is × | p99 is × |\n|---|--:|--:|--:|--:|--:|\n", writers)
	for _, c := range conditions {
		all := r.recorded[c]
		fmt.Fprintf(b, "| %s | %.0f | %.2f ms | %.2f ms | %.2f | %.2f |\n", c, median(all, func(r recorded) float64 { return float64(r.Runs) }),
			median(all, func(r recorded) float64 { return r.P50.Seconds() * 1e3 }), median(all, func(r recorded) float64 { return r.P99.Seconds() * 1e3 }), r.ratio(c, p50), r.ratio(c, p99))
	}
	return b.Flush()
}

// large returns the corpora that are large enough to be timed.
func (r *results) large() (out []corpus) {
	for _, c := range r.corpora {
		if c.large {
			out = append(out, c)
		}
	}
	return out
}

// printGoals writes what was to be reached. The worst of the large corpora counts.
func (r *results) printGoals(b io.Writer) {
	fmt.Fprintf(b, "\n| goal | | measured | |\n|---|--:|--:|---|\n")
	line := func(what, bound, measured string, met bool) {
		verdict := "missed"
		if met {
			verdict = "met"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", what, bound, measured, verdict)
	}
	for _, place := range r.places {
		var rates, memory []float64
		for _, c := range r.large() {
			rates = append(rates, r.rate(c, place, func(s sent) time.Duration { return s.Elapsed }))
			memory = append(memory, r.resident(c, place))
		}
		line("log sent to "+place, fmt.Sprintf("≥ %.0f MB/s", rateGoal), fmt.Sprintf("%.0f MB/s", slices.Min(rates)), slices.Min(rates) >= rateGoal)
		line("memory of the process, to "+place, fmt.Sprintf("≤ %d MiB", memoryGoal>>20), fmt.Sprintf("%.0f MiB", slices.Max(memory)/(1<<20)), slices.Max(memory) <= memoryGoal)
	}
	for _, c := range r.large() {
		line("stored, "+c.kind, fmt.Sprintf("≤ %.0f %%", storedGoal), fmt.Sprintf("%.1f %%", r.stored(c)), r.stored(c) <= storedGoal)
	}
	for _, c := range []string{refuses, silent} {
		for _, of := range []struct {
			name   string
			number func(recorded) time.Duration
			goal   float64
		}{{"p50", p50, recordingP50}, {"p99", p99, recordingP99}} {
			noise, measured := r.ratio(again, of.number), r.ratio(c, of.number)
			line(of.name+" of a run, "+c, fmt.Sprintf("≤ %.2f ×, or the noise of %.2f ×", of.goal, noise), fmt.Sprintf("%.2f ×", measured), measured <= max(of.goal, noise))
		}
	}
}
