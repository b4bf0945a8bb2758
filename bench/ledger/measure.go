package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/bench/internal/peer"
)

// cell is one thing that is measured in each round.
type cell struct {
	peer.Kind
	processes, writers int
	apart              bool // each process has a directory of its own
}

// key identifies a cell.
type key struct {
	kind               string
	processes, writers int
	apart              bool
}

func (c *cell) key() key { return key{c.Name, c.processes, c.writers, c.apart} }

// table holds what was measured, by round.
type table struct {
	settings
	began, ended time.Time
	load         float64 // of the machine when the measurement began
	cells        [][]cell
	found        map[key][]load.Summary
	failed       []string // what peers failed at
}

// cells returns what is measured for so many processes and writers.
func (s *settings) cells(processes, writers int) (out []cell) {
	for _, k := range s.kinds {
		if processes == 1 || !k.Raw && !k.Alone {
			out = append(out, cell{k, processes, writers, false})
		}
		if processes > 1 && (k.Name == peer.Limit || k.Name == peer.Ledger) {
			out = append(out, cell{k, processes, writers, true})
		}
	}
	return out
}

// measure measures all cells in each round.
func measure(ctx context.Context, s settings, dir string) (*table, error) {
	t := &table{settings: s, began: time.Now(), load: loadAverage(), found: map[key][]load.Summary{}}
	for _, p := range s.processes {
		for _, w := range s.writers {
			t.cells = append(t.cells, s.cells(p, w))
		}
	}
	for round := range s.rounds {
		for _, group := range t.cells {
			for i := range group {
				c := &group[(i+round)%len(group)] // nobody is always the first
				sum, err := c.measure(ctx, &s, filepath.Join(dir, "cell"), round)
				if err != nil {
					err = fmt.Errorf("round %d, %s, %s, %s: %w", round+1, c.Name, plural(c.processes, "process"), plural(c.writers, "writer"), err)
					if c.Raw || c.Name == peer.Ledger || ctx.Err() != nil {
						return nil, err
					}
					// That somebody else's store fails is a result, too. A round without
					// it has a number of zero, so that the rounds still match.
					t.failed = append(t.failed, err.Error())
				}
				t.found[c.key()] = append(t.found[c.key()], sum)
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d done\n", round+1, s.rounds)
	}
	t.ended = time.Now()
	return t, nil
}

// measure measures a cell once, in a directory that it makes and removes.
func (c *cell) measure(ctx context.Context, s *settings, dir string, round int) (sum load.Summary, err error) {
	ctx, stop := context.WithTimeout(ctx, s.warmup+s.duration+time.Minute)
	defer stop()
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	children := make([]*load.Child, c.processes)
	for i := range children { // one after the other: the first creates what they share
		j := job{Kind: c.Name, Dir: dir, Writers: c.writers, Warmup: s.warmup, Duration: s.duration}
		if c.apart {
			j.Dir = filepath.Join(dir, fmt.Sprint(i))
		}
		if s.profiles != "" && c.Name == peer.Ledger && i == 0 {
			j.Profile = filepath.Join(s.profiles, fmt.Sprintf("p%d-w%d-apart=%t-round%d", c.processes, c.writers, c.apart, round))
		}
		if err := os.MkdirAll(j.Dir, 0o755); err != nil {
			return sum, err
		}
		if children[i], err = load.Start(ctx, j); err != nil {
			return sum, err
		}
	}
	syscall.Sync() // what was written or removed before is not ours to pay for
	for _, child := range children {
		err = errors.Join(err, child.Go())
	}
	results := make([]load.Result, len(children))
	for i, child := range children {
		err = errors.Join(err, child.Wait(&results[i]))
	}
	if err != nil {
		return sum, err
	}
	return load.Summarise(results), nil
}

// loadAverage is the machine's load over the last minute; 0 if it cannot be told.
func loadAverage() (avg float64) {
	data, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(data), &avg)
	}
	if err != nil {
		return 0
	}
	return avg
}
