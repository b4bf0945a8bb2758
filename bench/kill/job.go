package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/control"
)

// job is what one process does.
type job struct {
	Dir    string // of the vault
	Runs   int    // that wait to be killed
	Loaded bool   // beside them others record without end
	Polls  bool   // without file notification
}

// found is when the agents saw that they were stopped, by run. The processes have
// the same clock.
type found map[string]time.Time

const (
	victim = "victim"
	busy   = 16 // goroutines that record
)

// do does the job in a process of its own.
func (j *job) do(ctx context.Context) (err error) {
	c, err := control.Open(ctx, j.Dir, nil)
	if err != nil {
		return err
	}
	g := control.NewGate(c, &control.GateConfig{Vault: "bench", PollOnly: j.Polls})
	defer func() { err = errors.Join(err, g.Close(), c.Close()) }()
	v, err := flexor.Open(ctx, j.Dir, &flexor.Options{Gate: g})
	if err != nil {
		return err
	}
	seen, mu := found{}, sync.Mutex{}
	var victims, others sync.WaitGroup
	for range j.Runs {
		ctx, run, err := v.Audit.Start(ctx, victim, audit.Trigger{})
		if err != nil {
			return err
		}
		victims.Go(func() {
			<-ctx.Done()
			at := time.Now()
			mu.Lock()
			seen[run.ID()] = at
			mu.Unlock()
			_ = run.End(nil) // is that it was killed
		})
	}
	if err := errors.Join(v.Flush(ctx), load.Ready()); err != nil {
		return err
	}
	var over atomic.Bool
	errs := make([]error, busy)
	for i := range errs {
		if j.Loaded {
			others.Go(func() {
				errs[i] = v.Audit.Do(ctx, "busy", audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
					for n := 0; !over.Load() && run.Alive(); n++ {
						run.If("go on", true, audit.Value("n", n))
					}
					return nil
				})
			})
		}
	}
	victims.Wait()
	over.Store(true)
	others.Wait()
	return errors.Join(errors.Join(errs...), v.Close(), load.Found(seen))
}
