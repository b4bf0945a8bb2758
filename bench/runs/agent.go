package main

import (
	"context"
	"time"

	"github.com/flexorhq/flexor-go/audit"
)

const (
	tasks     = 5
	decisions = 10
	outputs   = 3
	// records is how many lines a run makes: its start, a start and an end of each
	// task, the decisions, the outputs, and the entry.
	records = 1 + 2*tasks + decisions + outputs + 1
)

// agent is what runs: it does nothing but record. It keeps how long its
// decisions took, as far as there is room: to make more would be counted as an
// allocation of the recorder.
type agent struct {
	took []time.Duration
}

// run is one run of the agent.
func (a *agent) run(ctx context.Context, run *audit.Run) error {
	for i := range tasks {
		err := run.Task(ctx, "data-freshness-check", func(_ context.Context, t *audit.Task) error {
			for d := range decisions / tasks {
				start := time.Now()
				t.If("feed is stale", d == 0,
					audit.Value("age_minutes", 95.5+float64(i)),
					audit.Value("limit", time.Hour),
					audit.Value("feed", "equity-prices"))
				if d := time.Since(start); len(a.took) < cap(a.took) {
					a.took = append(a.took, d)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	run.Output("feeds_checked", tasks)
	run.Output("stale", []string{"equity-prices", "fx-rates"})
	run.Output("report", "plexifact://prod/reports/data-freshness/2026-04-30")
	return nil
}
