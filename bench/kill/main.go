// Command kill measures how long it takes until a run in another process is
// stopped: from the call of Control.Kill in this process to the moment at which the
// agent in that one sees its context cancelled. Four processes hold the runs, one
// open vault each; under load, sixteen goroutines in each of them also record
// decisions as fast as they can.
//
//	go run ./kill
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

const processes = 4

func main() { load.Main("kill", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	var j job
	if child, err := load.IsChild(&j); child {
		return errors.Join(err, j.do(ctx))
	}
	f := flag.NewFlagSet("kill", flag.ContinueOnError)
	kills := f.Int("kills", 400, "how many runs are killed in each setting; a multiple of 4")
	parent := f.String("dir", "", "measure the disk of this directory; empty: that of temporary files")
	if err := f.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(*parent, "flexor-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintf(out, "%s; %d kills each, one after the other\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"), *kills)
	fmt.Fprint(out, "| orders arrive by | the processes are | order on disk p50 | p99 | context cancelled p50 | p99 | slowest |\n|---|---|--:|--:|--:|--:|--:|\n")
	for _, loaded := range []bool{false, true} {
		for _, polls := range []bool{false, true} {
			m, err := measure(ctx, filepath.Join(dir, fmt.Sprint(loaded, polls)), job{Runs: *kills / processes, Loaded: loaded, Polls: polls})
			if err != nil {
				return err
			}
			by, are := "notification", "idle"
			if polls {
				by = "polling"
			}
			if loaded {
				are = "busy"
			}
			fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s | %s |\n", by, are, quantile(m.ordered, 0.5), quantile(m.ordered, 0.99),
				quantile(m.cancelled, 0.5), quantile(m.cancelled, 0.99), quantile(m.cancelled, 1))
		}
	}
	return nil
}

// quantile shows one of times that are sorted.
func quantile(sorted []time.Duration, q float64) string {
	return fmt.Sprintf("%.2f ms", float64(load.Quantile(sorted, q))/1e6)
}

// measured are the times since the orders were given.
type measured struct{ ordered, cancelled []time.Duration }

// measure kills all runs of some processes.
func measure(ctx context.Context, dir string, j job) (m measured, err error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return m, err
	}
	if _, err := vaultcfg.Init(dir, "bench", vaultcfg.L2, vaultcfg.Sandbox); err != nil {
		return m, err
	}
	c, _, err := control.Init(ctx, dir, control.Genesis{Vault: "bench", Tier: rbac.L2, Owner: rbac.User("owner@bench")}, nil)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	j.Dir = dir
	ctx, stop := context.WithTimeout(ctx, 10*time.Minute)
	defer stop()
	var children []*load.Child
	for range processes {
		child, err := load.Start(ctx, j)
		if err != nil {
			return m, err
		}
		children = append(children, child)
	}
	victims, err := victimsIn(ctx, dir)
	if err != nil {
		return m, err
	}
	if len(victims) != processes*j.Runs {
		return m, fmt.Errorf("%d runs are in flight, not %d", len(victims), processes*j.Runs)
	}
	for _, child := range children {
		if err := child.Go(); err != nil {
			return m, err
		}
	}
	time.Sleep(500 * time.Millisecond) // for the load to become one
	given := map[string]time.Time{}
	for i, id := range victims {
		given[id] = time.Now()
		if _, err := c.Kill(ctx, control.Run{ID: id, Environment: rbac.Sandbox}, ""); err != nil {
			return m, err
		}
		m.ordered = append(m.ordered, time.Since(given[id]))
		time.Sleep(time.Duration(i%17) * time.Millisecond) // so that orders and polls do not march in step
	}
	for _, child := range children {
		seen := found{}
		if err := child.Wait(&seen); err != nil {
			return m, err
		}
		for id, at := range seen {
			m.cancelled = append(m.cancelled, at.Sub(given[id]))
		}
	}
	if len(m.cancelled) != len(victims) {
		return m, fmt.Errorf("%d of %d runs were stopped", len(m.cancelled), len(victims))
	}
	slices.Sort(m.ordered)
	slices.Sort(m.cancelled)
	return m, nil
}

// victimsIn returns the runs to kill, those of all processes mixed.
func victimsIn(ctx context.Context, dir string) (ids []string, err error) {
	r, err := vault.OpenReader(filepath.Join(dir, "audit-log"))
	if err != nil {
		return nil, err
	}
	runs, err := r.Running(ctx)
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		if run.AgentName == victim {
			ids = append(ids, run.RunID)
		}
	}
	random := func(id string) string { return id[len(id)-8:] }
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(random(a), random(b)) })
	return ids, nil
}
