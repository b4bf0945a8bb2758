package main

import (
	"context"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

const (
	tasks     = 5
	decisions = 10
	accesses  = 2 * tasks
	outputs   = 3
	// records is how many lines a run makes: its start, a start and an end of each
	// task, the decisions, the accesses, the outputs, and the entry.
	records = 1 + 2*tasks + decisions + accesses + outputs + 1
)

// agent is what runs: it does nothing but record.
type agent struct {
	decided, accessed times // how long its decisions and accesses took
}

// times are durations, as many as there is room for: to make more would be counted as
// an allocation of the recorder.
type times []time.Duration

// since notes how long it is since start.
func (t *times) since(start time.Time) {
	if d := time.Since(start); len(*t) < cap(*t) {
		*t = append(*t, d)
	}
}

// mean is their mean; 0 for none.
func (t times) mean() time.Duration {
	var sum time.Duration
	for _, d := range t {
		sum += d
	}
	return sum / time.Duration(max(1, len(t)))
}

// What each task of a run reads and writes: a record is read once, because to read it
// again costs next to nothing.
var read, written = uris("plexifact://prod/catalog/equity-prices"), uris("warehouse://fund/freshness")

// uris names a record for each task.
func uris(collection string) (out [tasks]string) {
	for i := range out {
		out[i] = fmt.Sprintf("%s/2026-04-%02d", collection, i+1)
	}
	return out
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
				a.decided.since(start)
			}
			start := time.Now()
			lineage.Read(t, "plexifact", read[i])
			a.accessed.since(start)
			start = time.Now()
			lineage.Write(t, "warehouse", written[i], lineage.From(read[i]))
			a.accessed.since(start)
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
