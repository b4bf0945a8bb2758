package flexor_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
)

// monitor runs an agent at each tick until ctx ends, as that of signal.NotifyContext does
// with a SIGTERM. A run that has begun may finish; it can still be killed.
func monitor(ctx context.Context, v *flexor.Vault, ticks <-chan time.Time, check func(context.Context, *audit.Run) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case due := <-ticks:
			trigger := audit.Trigger{Type: audit.Schedule, At: due, By: "ticker"}
			err := v.Audit.Do(context.WithoutCancel(ctx), "feed-monitor@1.4.2", trigger, check)
			if errors.Is(err, audit.ErrNotRecorded) {
				return err // nothing may happen here that leaves no trace
			}
			if err != nil {
				slog.WarnContext(ctx, "feed-monitor", "error", err) // its entry tells the rest
			}
		}
	}
}

// A daemon ends in this order: no new runs, those in flight end, then the vault is closed.
func Example_daemon() {
	dir, clean := exampleVault("company")
	defer clean()

	ctx, stop := context.WithCancel(context.Background()) // signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	v, err := flexor.Open(ctx, dir, nil)
	if err != nil {
		panic(err)
	}
	defer v.Close()

	ticks := make(chan time.Time)
	go func() { ticks <- time.Now() }()
	err = monitor(ctx, v, ticks, func(ctx context.Context, run *audit.Run) error {
		stop() // the signal comes in the middle of a run
		fmt.Println("the run goes on:", run.Alive())
		return nil
	})
	fmt.Println("ended:", err)

	flushing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	fmt.Println("secondary destinations have it all:", v.Flush(flushing) == nil)
	// Output:
	// the run goes on: true
	// ended: <nil>
	// secondary destinations have it all: true
}
