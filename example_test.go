package flexor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
)

// price is one quote of a feed.
type price struct {
	symbol string
	age    time.Duration
}

// freshPrices stands for the work of an agent.
func freshPrices(context.Context) ([]price, error) {
	return []price{{"AAPL", 4 * time.Minute}, {"IBM", 95 * time.Minute}}, nil
}

var errStale = errors.New("feed is stale")

// An agent is run through the recorder of its vault: its tasks, the branches it
// takes and its outputs are in the log before the next line of it is executed.
func Example() {
	ctx := context.Background()
	dir, clean := exampleVault("company")
	defer clean()

	v, err := flexor.Open(ctx, dir, nil)
	if err != nil {
		panic(err)
	}
	defer v.Close()

	err = v.Audit.Do(ctx, "feed-monitor", audit.Trigger{Type: audit.Schedule}, func(ctx context.Context, run *audit.Run) error {
		return run.Task(ctx, "data-freshness-check", func(ctx context.Context, t *audit.Task) error {
			prices, err := freshPrices(ctx)
			if err != nil {
				return err
			}
			stale := 0
			for _, p := range prices {
				if t.If("price is stale", p.age > time.Hour, audit.Value("symbol", p.symbol), audit.Value("age_minutes", p.age.Minutes())) {
					stale++
				}
			}
			run.Output("stale_prices", stale)
			if t.If("feed is stale", stale > 0, audit.Value("stale_prices", stale)) {
				return errStale
			}
			return nil
		})
	})
	fmt.Println("Do returned:", err)

	for e, err := range v.Log.Entries(ctx, audit.Filter{Agents: []string{"feed-monitor"}}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(e.AgentName, e.Status, e.TasksExecuted)
		for _, d := range e.Decisions {
			fmt.Println(d.Condition, d.Branch, d.Values)
		}
	}
	// Output:
	// Do returned: feed is stale
	// feed-monitor failed [data-freshness-check]
	// price is stale false symbol="AAPL" age_minutes=4
	// price is stale true symbol="IBM" age_minutes=95
	// feed is stale true stale_prices=1
}

// The log of a vault can be verified by anybody who can read it.
func Example_verify() {
	ctx := context.Background()
	dir, clean := exampleVault("company")
	defer clean()
	v, err := flexor.Open(ctx, dir, nil)
	if err != nil {
		panic(err)
	}
	defer v.Close()
	if err := v.Audit.Do(ctx, "recon-summary", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }); err != nil {
		panic(err)
	}

	report, err := v.Log.Verify(ctx, nil)
	fmt.Println(report.Verdict, report.Entries, "entry", err)

	// Somebody changes one byte of the log.
	segments, err := filepath.Glob(filepath.Join(dir, "audit-log", "segments", "*", "*.jsonl"))
	if err != nil {
		panic(err)
	}
	line, err := os.ReadFile(segments[0])
	if err != nil {
		panic(err)
	}
	line[20] ^= 1
	if err := os.WriteFile(segments[0], line, 0o644); err != nil {
		panic(err)
	}
	_, err = v.Log.Verify(ctx, nil)
	fmt.Println(err != nil)
	// Output:
	// SELF-SIGNED 1 entry <nil>
	// true
}
