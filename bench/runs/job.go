package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/bench/internal/peer"
	"github.com/flexorhq/flexor-go/redact"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// The sinks that runs are recorded to, and whether they are redacted before.
const (
	toVault         = "vault"
	toNowhere       = "discard"
	disabled        = "disabled"
	redacted        = ", redacted"
	vaultRedacted   = toVault + redacted
	discardRedacted = toNowhere + redacted
)

var (
	sinks       = []string{toVault, vaultRedacted, toNowhere, discardRedacted, disabled}
	concurrency = []int{1, 16, 64}
)

// discard throws records away.
type discard struct{}

func (discard) Append(context.Context, audit.Batch) error { return nil }
func (discard) Close() error                              { return nil }

// job is one measurement.
type job struct {
	Sink             string
	Dir              string
	Concurrent       int
	Warmup, Duration time.Duration
	Profile          string // directory of the CPU profile; empty: none
}

// found is what it found.
type found struct {
	RunsPerSecond        float64
	RunP50, RunP99       time.Duration
	DecideP50, DecideP99 time.Duration
	DecideMean           time.Duration
	AccessP50, AccessP99 time.Duration
	AccessMean           time.Duration
	CPUPerRecord         time.Duration
	AllocsPerRun         float64
	AllocatedPerRun      float64 // bytes
	LoggedPerRun         float64 // bytes of records and commit lines
	RecordsPerCommit     float64
}

// do does the job in a process of its own.
func (j *job) do(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp(j.Dir, "vault-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var sink audit.Sink
	cfg := audit.Config{Vault: "bench"}
	name, isRedacted := strings.CutSuffix(j.Sink, redacted)
	if isRedacted {
		if cfg.Redactor, err = redact.New(redact.Config{Detectors: []string{"all"}}); err != nil {
			return err
		}
	}
	switch name {
	case toVault:
		log, err := vault.Open(ctx, filepath.Join(dir, "audit-log"), &vault.Config{Origin: peer.Origin})
		if err != nil {
			return err
		}
		sink, cfg.Writer = log, log.Writer()
	case toNowhere:
		sink = discard{}
	}
	rec, err := audit.New(sink, &cfg)
	if err != nil {
		return err
	}
	if err := load.Ready(); err != nil {
		return errors.Join(err, rec.Close())
	}
	one, err := j.drive(ctx, rec)
	if err = errors.Join(err, rec.Close()); err != nil {
		return err
	}
	if name == toVault {
		if err := one.weigh(ctx, filepath.Join(dir, "audit-log")); err != nil {
			return err
		}
	}
	return load.Found(one)
}

// worker runs agents one after the other.
type worker struct {
	agent
	count int
	runs  times // how long they took
	err   error
}

// newWorkers returns workers with room for what they see.
func newWorkers(n int) []worker {
	const room = 1 << 14
	workers := make([]worker, n)
	for i := range workers {
		workers[i].decided, workers[i].accessed, workers[i].runs = make(times, 0, room), make(times, 0, room), make(times, 0, room)
	}
	return workers
}

// drive runs agents until the time is over.
func (j *job) drive(ctx context.Context, rec *audit.Recorder) (found, error) {
	if err := j.drivePart(ctx, rec, newWorkers(j.Concurrent), j.Warmup); err != nil {
		return found{}, err
	}
	if j.Profile != "" && j.Sink != disabled {
		f, err := os.Create(filepath.Join(j.Profile, fmt.Sprintf("%s-%d.cpu", strings.ReplaceAll(j.Sink, redacted, "-redacted"), j.Concurrent)))
		if err != nil {
			return found{}, err
		}
		defer f.Close() //nolint:errcheck // a profile that is cut short is noticed by who reads it
		if err := pprof.StartCPUProfile(f); err != nil {
			return found{}, err
		}
		defer pprof.StopCPUProfile()
	}
	workers := newWorkers(j.Concurrent)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start, cpu := time.Now(), load.CPU()
	err := j.drivePart(ctx, rec, workers, j.Duration)
	elapsed, cpu := time.Since(start), load.CPU()-cpu
	runtime.ReadMemStats(&after)

	var runs, decided, accessed times
	count := 0
	for i := range workers {
		count += workers[i].count
		runs = append(runs, workers[i].runs...)
		decided = append(decided, workers[i].decided...)
		accessed = append(accessed, workers[i].accessed...)
	}
	for _, t := range []times{runs, decided, accessed} {
		slices.Sort(t)
	}
	n := float64(max(1, count))
	return found{
		RunsPerSecond: n / elapsed.Seconds(),
		RunP50:        load.Quantile(runs, 0.5), RunP99: load.Quantile(runs, 0.99),
		DecideP50: load.Quantile(decided, 0.5), DecideP99: load.Quantile(decided, 0.99), DecideMean: decided.mean(),
		AccessP50: load.Quantile(accessed, 0.5), AccessP99: load.Quantile(accessed, 0.99), AccessMean: accessed.mean(),
		CPUPerRecord:    time.Duration(float64(cpu) / (n * records)),
		AllocsPerRun:    float64(after.Mallocs-before.Mallocs) / n,
		AllocatedPerRun: float64(after.TotalAlloc-before.TotalAlloc) / n,
	}, err
}

// drivePart lets all workers run agents for so long.
func (j *job) drivePart(ctx context.Context, rec *audit.Recorder, workers []worker, d time.Duration) error {
	until := time.Now().Add(d)
	var all sync.WaitGroup
	for i := range workers {
		w := &workers[i]
		all.Go(func() {
			for start := time.Now(); w.err == nil && start.Before(until) && ctx.Err() == nil; {
				w.err = rec.Do(ctx, "feed-monitor@1.4.2", audit.Trigger{Type: audit.Schedule}, w.run)
				w.runs.since(start)
				w.count++
				start = time.Now()
			}
		})
	}
	all.Wait()
	err := ctx.Err()
	for i := range workers {
		err = cmp.Or(err, workers[i].err)
	}
	return err
}

// weigh verifies the log, and says how large it is for each run.
func (f *found) weigh(ctx context.Context, dir string) error {
	r, err := vault.OpenReader(dir)
	if err != nil {
		return err
	}
	rep, err := r.Verify(ctx, nil)
	if err != nil {
		return err
	}
	if want := uint64(rep.Entries * records); rep.Head.Size != want {
		return fmt.Errorf("%d runs left %d records, not %d", rep.Entries, rep.Head.Size, want)
	}
	f.LoggedPerRun = float64(rep.Bytes) / float64(max(1, rep.Entries))
	f.RecordsPerCommit = float64(rep.Head.Size) / float64(max(1, rep.Commits))
	return nil
}
