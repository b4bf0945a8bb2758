package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// A run of the corpus is like those of bench/runs: its start, a start and an end of each
// task, the decisions, the outputs, and the entry.
const (
	tasks     = 5
	decisions = 10
	outputs   = 3
	records   = 1 + 2*tasks + decisions + outputs + 1
)

// corpus is some logs to send.
type corpus struct {
	kind    string
	vault   string
	logs    []string // directories
	large   bool     // enough to be timed
	size    int64    // bytes
	entries int
	records int
	commits int
}

// corpora makes all of them, the large ones of about size bytes.
func corpora(ctx context.Context, dir string, size int64) (out []corpus, err error) {
	for _, n := range []int{1, 16, 64} {
		c := corpus{kind: fmt.Sprintf("runs, %d at once", n), vault: filepath.Join(dir, fmt.Sprint(n)), large: true}
		c.logs = []string{filepath.Join(c.vault, auditLog)}
		if err := record(ctx, c.vault, size, n); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	example := filepath.Join(dir, "quickstart")
	if err := quickstart(ctx, example); err != nil {
		return nil, err
	}
	for _, log := range []string{auditLog, "governance-log"} {
		out = append(out, corpus{kind: "examples/quickstart, " + log, vault: example, logs: []string{filepath.Join(example, log)}})
	}
	for i := range out {
		if err := out[i].count(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// auditLog is the folder of the audit log in a vault.
const auditLog = "audit-log"

// count notes how much the logs hold.
func (c *corpus) count() error {
	for _, dir := range c.logs {
		files, err := filepath.Glob(filepath.Join(dir, "segments", "*", "*.jsonl"))
		if err != nil {
			return err
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			c.size += int64(len(data))
			for line := range bytes.Lines(data) {
				switch {
				case bytes.HasPrefix(line, []byte(`{"checkpoint":`)):
					c.commits++
					continue
				case bytes.HasPrefix(line, []byte(`{"kind":"run",`)):
					c.entries++
				}
				c.records++
			}
		}
	}
	return nil
}

// agent is what runs: it does nothing but record.
func agent(ctx context.Context, run *audit.Run) error {
	for _, skill := range [tasks]string{"catalog-metadata", "data-freshness-check", "gap-scan", "outlier-scan", "notify-desk"} {
		err := run.Task(ctx, skill, func(_ context.Context, t *audit.Task) error {
			for range decisions / tasks {
				age := rand.Float64() * 200
				t.If("feed is stale", age > 60,
					audit.Value("age_minutes", age),
					audit.Value("limit", time.Hour),
					audit.Value("feed", "equity-prices"))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	run.Output("feeds_checked", tasks)
	run.Output("stale", []string{"equity-prices", "fx-rates"})
	run.Output("report", fmt.Sprintf("plexifact://prod/reports/data-freshness/2026-04-%02d", 1+rand.IntN(30)))
	return nil
}

// trigger is that of every run.
func trigger() audit.Trigger { return audit.Trigger{Type: audit.Schedule, At: time.Now()} }

// record makes a vault with an audit log of about size bytes, by so many goroutines.
func record(ctx context.Context, dir string, size int64, atOnce int) error {
	log, err := vault.Open(ctx, filepath.Join(dir, auditLog), &vault.Config{Origin: "flexor/company/audit-log"})
	if err != nil {
		return err
	}
	rec, err := audit.New(log, &audit.Config{Vault: "company", Environment: "production", Writer: log.Writer()})
	if err != nil {
		return errors.Join(err, log.Close())
	}
	const perRun = 13e3 // bytes, about
	var left atomic.Int64
	left.Store(size/perRun + 1)
	errs := make([]error, atOnce)
	var all sync.WaitGroup
	for i := range atOnce {
		all.Go(func() {
			for errs[i] == nil && left.Add(-1) >= 0 {
				errs[i] = rec.Do(ctx, "feed-monitor@1.4.2", trigger(), agent)
			}
		})
	}
	all.Wait()
	return errors.Join(append(errs, rec.Close())...)
}

// quickstart makes the vault of examples/quickstart.
func quickstart(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "run", "github.com/flexorhq/flexor-go/examples/quickstart", "-vault", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("examples/quickstart: %w: %s", err, out)
	}
	return nil
}
