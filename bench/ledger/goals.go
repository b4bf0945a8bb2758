package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/bench/internal/peer"
)

// verdict is one goal beside what was measured.
type verdict struct {
	goal  string
	value float64
	text  string
	met   bool
}

// atLeast is the verdict on a number that should not be smaller.
func atLeast(goal string, value, bound float64) verdict {
	return verdict{goal, value, ratio(value), value >= bound}
}

// printGoals writes the goals whose numbers were measured.
func (t *table) printGoals(b *strings.Builder) {
	goals := slices.DeleteFunc(t.goals(), func(v verdict) bool { return math.IsNaN(v.value) })
	if len(goals) == 0 {
		return
	}
	b.WriteString("\n**Goals**\n\n| goal | measured | |\n|---|--:|---|\n")
	for _, v := range goals {
		result := "met"
		if !v.met {
			result = "missed"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", v.goal, v.text, result)
	}
}

// goals are what the log should reach, in ratios of the same run where it can be.
func (t *table) goals() (out []verdict) {
	alone := func(kind string, writers int) []load.Summary { return t.found[key{kind, 1, writers, false}] }
	latency := medianRatio(alone(peer.Ledger, 1), alone(peer.Limit, 1), p50)
	out = append(out,
		verdict{"1 writer: p50 at most 1.3 × that of the limit", latency, ratio(latency), latency <= 1.3},
		atLeast("64 writers: at least 0.50 of the limit", medianRatio(alone(peer.Ledger, 64), alone(peer.Limit, 64), rate), 0.5),
	)
	for _, p := range []struct {
		kind    string
		writers int
		bound   float64
	}{
		{"SQLite", 16, 2}, {"SQLite", 64, 2}, {"SQLite", 256, 2},
		{"bbolt", 16, 2}, {"bbolt", 64, 2}, {"bbolt", 256, 2},
		{"Tessera, integrated", 1, 20}, {"Tessera, integrated", 16, 20}, {"Tessera, integrated", 64, 20}, {"Tessera, integrated", 256, 4},
	} {
		goal := fmt.Sprintf("%s: at least %.0f × %s", plural(p.writers, "writer"), p.bound, p.kind)
		out = append(out, atLeast(goal, medianRatio(alone(peer.Ledger, p.writers), alone(p.kind, p.writers), rate), p.bound))
	}
	for _, w := range t.writers {
		together, apart := t.found[key{peer.Ledger, 4, w, false}], t.found[key{peer.Ledger, 4, w, true}]
		out = append(out,
			atLeast(fmt.Sprintf("4 processes × %s: at least 0.75 of four separate logs", plural(w, "writer")), medianRatio(together, apart, rate), 0.75),
			fair(fmt.Sprintf("4 processes × %s: Jain index of writers at least 0.99", plural(w, "writer")), median(together, jainWriters)),
			fair(fmt.Sprintf("4 processes × %s: Jain index of processes at least 0.99", plural(w, "writer")), median(together, jainProcesses)),
		)
	}
	tail := median(t.found[key{peer.Ledger, 4, 16, false}], p999)
	return append(out, verdict{"4 processes × 16 writers: p99.9 at most 10 ms", tail, span(tail), tail <= 10e6})
}

// fair is the verdict on a fairness index.
func fair(goal string, value float64) verdict {
	return verdict{goal, value, index(value), value >= 0.99}
}
