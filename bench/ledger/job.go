package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/bench/internal/peer"
)

// maxWriters bounds the writers of a process.
const maxWriters = 1024

// job is what one process of a measurement does.
type job struct {
	Kind             string
	Dir              string
	Writers          int
	Warmup, Duration time.Duration
	Profile          string // where profiles go, without their extension; empty: nowhere
}

// plan is how the writers of the job append.
func (j *job) plan(k peer.Kind) load.Plan {
	p := load.Plan{Writers: j.Writers, Batch: 1, Warmup: j.Warmup, Duration: j.Duration}
	if k.Raw {
		p.Writers, p.Batch = 1, j.Writers
	}
	return p
}

// do does the job in a process of its own.
func (j *job) do(ctx context.Context) error {
	k, ok := peer.Find(j.Kind)
	if !ok || j.Writers > maxWriters {
		return fmt.Errorf("a job that cannot be done: %+v", *j)
	}
	entries, err := load.Entries(2 * maxWriters)
	if err != nil {
		return err
	}
	p, err := k.Open(ctx, j.Dir, j.Writers)
	if err != nil {
		return err
	}
	if err := load.Ready(); err != nil {
		return errors.Join(err, p.Close())
	}
	profiled, err := j.startProfiles()
	if err != nil {
		return errors.Join(err, p.Close())
	}
	res, err := load.Drive(ctx, p, j.plan(k), entries)
	return errors.Join(err, profiled(), p.Close(), load.Found(res))
}

// startProfiles starts what the job wants, and returns what ends it.
func (j *job) startProfiles() (end func() error, err error) {
	if j.Profile == "" {
		return func() error { return nil }, nil
	}
	runtime.SetBlockProfileRate(10_000) // one sample for each 10 µs blocked
	runtime.SetMutexProfileFraction(5)
	f, err := os.Create(j.Profile + ".cpu")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return errors.Join(f.Close(), j.writeProfile("block"), j.writeProfile("mutex"))
	}, nil
}

// writeProfile writes one of the runtime's own profiles.
func (j *job) writeProfile(name string) error {
	f, err := os.Create(filepath.Clean(j.Profile) + "." + name)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup(name).WriteTo(f, 0), f.Close())
}
