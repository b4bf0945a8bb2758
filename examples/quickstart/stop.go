package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// stop shows that agents can be stopped: one is paused, so that nothing triggers it, and a
// run of another is killed.
func stop(ctx context.Context, v *flexor.Vault, all people, data Data, stdout io.Writer) error {
	fmt.Fprintln(stdout, "\nCan they be stopped?")
	if err := pause(ctx, v, all, data, stdout); err != nil {
		return err
	}
	return kill(ctx, v, all[operator], stdout)
}

// pause keeps an agent from being triggered, for a while.
func pause(ctx context.Context, v *flexor.Vault, all people, data Data, stdout io.Writer) error {
	env := rbac.Environment(v.Config.Environment)
	if _, err := all[operator].Pause(ctx, "feed-monitor", env, "the feed is being repaired"); err != nil {
		return err
	}
	monitor := &FeedMonitor{Feed: data.Prices, Calendar: data.Calendar, MaxLag: 1}
	err := monitor.Run(ctx, v.Audit, audit.Trigger{Type: audit.Schedule, By: "cron"}, today)
	if !errors.Is(err, audit.ErrPaused) {
		return errors.Join(errors.New("a paused agent ran"), err)
	}
	fmt.Fprintf(stdout, "  paused    feed-monitor by %s (operator): cron's trigger was refused\n", operator)
	if _, err := all[admin].Resume(ctx, "feed-monitor", env, "the feed is repaired"); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "  resumed   feed-monitor by %s (admin)\n", admin)
	return nil
}

// kill stops a run that would not end by itself. The order may come from any process that
// can write the vault: flexor agents kill --run RUN.
func kill(ctx context.Context, v *flexor.Vault, by *control.Control, stdout io.Writer) error {
	started := make(chan string, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- v.Audit.Do(ctx, "price-watch@"+version, audit.Trigger{Type: audit.Manual, By: operator}, func(ctx context.Context, run *audit.Run) error {
			started <- run.ID()
			return run.Task(ctx, "wait-for-prices", func(ctx context.Context, _ *audit.Task) error {
				<-ctx.Done() // prices that never come
				return context.Cause(ctx)
			})
		})
	}()
	var runID string
	select {
	case runID = <-started:
	case err := <-ended:
		return err
	}
	s, _, err := by.Stop(ctx, v.Log, runID, "waits for ever", 10*time.Second)
	if err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, audit.ErrKilled) {
		return errors.Join(fmt.Errorf("the run was not killed: %s", s.Fate), err)
	}
	fmt.Fprintf(stdout, "  killed    price-watch by %s (operator): stopped %.1f ms after the order\n", operator, float64(s.Latency().Microseconds())/1000)
	return nil
}
