package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/bench/internal/peer"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// tail is how many entries a process appends before it dies, beside the one that
// builds the log.
const tail = 1000

// measurement is what is measured.
type measurement struct {
	dir             string
	entries, rounds int
	profiles        string

	build           time.Duration
	report          vault.Report
	afterLong       []time.Duration // opening after the death of a process that saw the log empty
	afterShort      []time.Duration // opening after the death of one that had just opened it
	clean           []time.Duration // opening after a close
	head            []time.Duration // reading the newest checkpoint
	verify, hashing []time.Duration // verifying, and hashing the same bytes without checking anything
}

// run builds the log and measures.
func (m *measurement) run(ctx context.Context) error {
	// Whoever dies in a round of the first kind opened the log while it was empty.
	long := make([]*load.Child, m.rounds)
	for i := range long {
		var err error
		job := crash{m.dir, tail}
		if i == 0 {
			job.Entries = m.entries
		}
		if long[i], err = load.Start(ctx, job); err != nil {
			return err
		}
	}
	for i, child := range long {
		start := time.Now()
		if err := die(child); err != nil {
			return err
		}
		if i == 0 {
			m.build = time.Since(start)
		}
		if err := m.open(ctx, "after-long", &m.afterLong); err != nil {
			return err
		}
	}
	for range m.rounds {
		child, err := load.Start(ctx, crash{m.dir, tail})
		if err != nil {
			return err
		}
		if err := die(child); err != nil {
			return err
		}
		if err := m.open(ctx, "after-short", &m.afterShort); err != nil {
			return err
		}
		if err := m.open(ctx, "clean", &m.clean); err != nil {
			return err
		}
		if err := m.read(ctx); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "a round done")
	}
	return nil
}

// die lets a child append and die.
func die(child *load.Child) error {
	if err := child.Go(); err != nil {
		return err
	}
	return child.Killed()
}

// timed runs fn after a garbage collection, and adds how long it took.
func (m *measurement) timed(name string, took *[]time.Duration, fn func() error) (err error) {
	runtime.GC()
	if m.profiles != "" {
		f, err := os.Create(filepath.Join(m.profiles, name+".cpu"))
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Join(err, f.Close())
		}
		defer func() {
			pprof.StopCPUProfile()
			err = errors.Join(err, f.Close())
		}()
	}
	start := time.Now()
	err = fn()
	*took = append(*took, time.Since(start))
	return err
}

// open measures opening the log for appending.
func (m *measurement) open(ctx context.Context, name string, took *[]time.Duration) error {
	var log *vault.Log
	err := m.timed(name, took, func() (err error) {
		log, err = vault.Open(ctx, m.dir, &vault.Config{Origin: peer.Origin})
		return err
	})
	if err != nil {
		return err
	}
	return log.Close()
}

// read measures what needs no right to write.
func (m *measurement) read(ctx context.Context) error {
	r, err := vault.OpenReader(m.dir)
	if err != nil {
		return err
	}
	err = m.timed("head", &m.head, func() error {
		_, err := r.Head()
		return err
	})
	if err != nil {
		return err
	}
	err = m.timed("verify", &m.verify, func() (err error) {
		m.report, err = r.Verify(ctx, nil)
		return err
	})
	if err != nil {
		return err
	}
	return m.timed("hashing", &m.hashing, func() error { return hashFiles(filepath.Join(m.dir, "segments")) })
}

// print writes the medians as Markdown.
func (m *measurement) print(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d cores; %d entries in %d commits and %d segments, %.2f GB, built in %v; medians of %d\n\n",
		time.Now().UTC().Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), m.report.Head.Size, m.report.Commits, m.report.Segments,
		float64(m.report.Bytes)/1e9, m.build.Round(time.Millisecond), m.rounds)
	b.WriteString("| | goal | measured | |\n|---|--:|--:|---|\n")
	const openGoal, verifyGoal = 50 * time.Millisecond, 2 * time.Second
	row(&b, "open after the death of a process that had just opened it", m.afterShort, openGoal)
	row(&b, "open after the death of a process that wrote all of it", m.afterLong, openGoal)
	row(&b, "open after a close", m.clean, openGoal)
	row(&b, "read the newest checkpoint (`Reader.Head`)", m.head, 0)
	row(&b, "verify all of it (`Reader.Verify`)", m.verify, verifyGoal)
	row(&b, "for comparison: SHA-256 of the files, on one core", m.hashing, 0)
	_, err := io.WriteString(out, b.String())
	return err
}

// row writes one line of the table; a goal of 0 is none.
func row(b *strings.Builder, what string, took []time.Duration, goal time.Duration) {
	median := load.Median(took)
	aim, verdict := "–", ""
	if goal > 0 {
		aim, verdict = "≤ "+goal.String(), "met"
		if median > goal {
			verdict = fmt.Sprintf("missed, %.1f ×", float64(median)/float64(goal))
		}
	}
	fmt.Fprintf(b, "| %s | %s | %v | %s |\n", what, aim, median.Round(100*time.Microsecond), verdict)
}
