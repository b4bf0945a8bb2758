package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// recorder records runs with a clock and ids that a test decides on.
type recorder struct {
	*audit.Recorder
	now time.Time
	id  string
	err error // of a run that was not recorded: a mistake in the scenario
}

// seed records the runs of a scenario in the vault in dir.
func seed(dir, scenario string) error {
	scenarios := map[string]func(*recorder){
		"april": april, "hostile": hostile, "large": large, "many": many, "late": late, "lineage": lineageRuns, "hub": hub,
	}
	if scenarios[scenario] == nil {
		return fmt.Errorf("there is no scenario %q", scenario)
	}
	cfg, err := vaultcfg.Load(dir, nil)
	if err != nil {
		return err
	}
	logDir, err := flexor.LogDir(cfg)
	if err != nil {
		return err
	}
	r := &recorder{now: at("2026-03-31T23:59:00Z")}
	log, err := vault.Open(context.Background(), logDir, &vault.Config{
		Origin:  "flexor/" + cfg.Name + "/audit-log",
		KeyFile: filepath.Join(cfg.Dir, "keys", "audit-log.key"),
		Now:     func() time.Time { return r.now },
	})
	if err != nil {
		return err
	}
	r.Recorder, err = audit.New(log, &audit.Config{
		Vault: cfg.Name, Environment: string(cfg.Environment), Writer: log.Writer(),
		IncludeInputs: cfg.Audit.IncludeInputs, IncludeOutputs: cfg.Audit.IncludeOutputs,
		Now: func() time.Time { return r.now }, NewID: func() string { return r.id },
	})
	if err != nil {
		return err
	}
	scenarios[scenario](r)
	return errors.Join(r.err, r.Close())
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

// run records one run that was triggered at a time and started 120 ms later.
func (r *recorder) run(id, agent string, kind audit.TriggerType, when, by string, fn func(ctx context.Context, run *audit.Run) error) {
	r.id = id
	r.now = at(when).Add(120 * time.Millisecond)
	defer func() { _ = recover() }() // of an agent that panics
	if err := r.Do(context.Background(), agent, audit.Trigger{Type: kind, At: at(when), By: by}, fn); errors.Is(err, audit.ErrInvalid) {
		r.err = errors.Join(r.err, err)
	}
}

// passes lets time pass.
func (r *recorder) passes(ms int) { r.now = r.now.Add(time.Duration(ms) * time.Millisecond) }

// task records a task that takes so long and returns err.
func (r *recorder) task(ctx context.Context, run *audit.Run, skill string, ms int, err error) error {
	return run.Task(ctx, skill, func(context.Context, *audit.Task) error {
		r.passes(ms)
		return err
	})
}

// april is a month of three agents, with a run before and one after it.
func april(r *recorder) {
	fresh := func(age float64) func(context.Context, *audit.Run) error {
		return func(ctx context.Context, run *audit.Run) error {
			return run.Task(ctx, "data-freshness-check", func(_ context.Context, t *audit.Task) error {
				r.passes(350)
				t.If("feed is stale", age > 60, audit.Value("age_minutes", age), audit.Value("limit_minutes", 60))
				return nil
			})
		}
	}
	r.run("run_01kn3gp2xz0000000000000m31", "feed-monitor@1.4.1", audit.Schedule, "2026-03-31T23:59:59.999Z", "cron", fresh(12))
	r.run("run_01kn3gp3000000000000000a01", "feed-monitor@1.4.1", audit.Schedule, "2026-04-01T00:00:00Z", "cron", fresh(13.5))
	r.run("run_01kq93hjm0000000000000nav1", "weekly-nav-report@2.0.1", audit.Schedule, "2026-04-28T08:00:00Z", "cron", func(ctx context.Context, run *audit.Run) error {
		_ = r.task(ctx, run, "load-positions", 80, nil)
		_ = r.task(ctx, run, "compute-nav", 1250, nil)
		run.Choose("valuation", "close", []string{"close", "mid", "stale"}, audit.Value("priced", 41), audit.Value("positions", 41))
		run.Output("nav", 1250340.25)
		run.Output("positions", 41)
		return nil
	})
	r.run("run_01kq93xwc0000000000000rec1", "recon-summary", audit.Event, "2026-04-28T08:10:00Z", "weekly-nav-report", func(ctx context.Context, run *audit.Run) error {
		_ = r.task(ctx, run, "compare-sources", 640, nil)
		run.If("differences exceed tolerance", true, audit.Value("differences", 3), audit.Value("tolerance", 0.01))
		_ = r.task(ctx, run, "core.notify.slack", 30, errors.New("slack: 503 Service Unavailable"))
		run.Output("differences", []string{"AAPL", "IBM", "MSFT"})
		return nil
	})
	r.run("run_01kqbwgyc0000000000000rec2", "recon-summary", audit.Manual, "2026-04-29T09:30:00Z", "alice@fund.com", func(ctx context.Context, run *audit.Run) error {
		return r.task(ctx, run, "compare-sources", 15, errors.New("open custodian.csv: no such file"))
	})
	r.run(exampleRun, "feed-monitor@1.4.2", audit.Schedule, "2026-04-30T14:00:00Z", "cron", func(ctx context.Context, run *audit.Run) error {
		err := run.Task(ctx, "data-freshness-check", func(ctx context.Context, t *audit.Task) error {
			r.passes(350)
			if t.If("feed is stale", true, audit.Value("age_minutes", 95), audit.Value("limit_minutes", 60)) {
				return t.Task(ctx, "core.notify.slack", func(context.Context, *audit.Task) error {
					r.passes(40)
					return nil
				})
			}
			return nil
		})
		run.Output("stale_feeds", []string{"equity-prices"})
		return err
	})
	r.run("run_01kqgahzf0000000000000pnc1", "feed-monitor@1.4.2", audit.Webhook, "2026-04-30T23:59:59.999Z", "plexifact", func(ctx context.Context, run *audit.Run) error {
		return run.Task(ctx, "data-freshness-check", func(context.Context, *audit.Task) error {
			r.passes(5)
			panic("index out of range [3] with length 3")
		})
	})
	r.run("run_01kqgahzg0000000000000may1", "feed-monitor@1.4.2", audit.Schedule, "2026-05-01T00:00:00Z", "cron", fresh(8))
}

// hostile is a run whose agent writes what could do harm to a terminal or a spreadsheet.
func hostile(r *recorder) {
	r.run("run_01kqf86q00000000000000bad1", "feed-monitor", audit.Webhook, "2026-04-30T14:00:00Z", `=HYPERLINK("http://evil.example")`, func(ctx context.Context, run *audit.Run) error {
		run.Choose("+1 route", "-auto", []string{"@manual", "-auto"}, audit.Value("note", "\x1b[2J\u202egnp.exe"))
		run.Error(errors.New("=cmd|' /C calc'!A0 \x1b]0;owned\x07 \u202eevil"))
		run.Output("価格", "高い")
		return nil
	})
}

// large is a run that does not fit into its entry.
func large(r *recorder) {
	r.run("run_01kqf86q0000000000000b1g01", "bulk-check", audit.Manual, "2026-04-30T14:00:00Z", "", func(ctx context.Context, run *audit.Run) error {
		for i := range 2500 {
			run.If(fmt.Sprintf("row %d differs", i), i%2 == 0, audit.Value("row", i), audit.Value("text", strings.Repeat("x", 400)))
		}
		run.Output("table", strings.Repeat("y", 40000))
		return nil
	})
}

// many is 812 runs.
func many(r *recorder) {
	start := at("2026-04-01T00:00:00Z")
	for i := range 812 {
		agent := "feed-monitor"
		if i%4 == 3 {
			agent = "recon-summary"
		}
		r.run(fmt.Sprintf("run_01kn3gp300000000000000%04d", i), agent, audit.Schedule, start.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), "", func(ctx context.Context, run *audit.Run) error {
			r.passes(10)
			return nil
		})
	}
}

// late is a run with a goroutine that goes on after it.
func late(r *recorder) {
	var kept *audit.Run
	r.run("run_01kqf86q00000000000000dead", "leaky", audit.Manual, "2026-04-30T14:00:00Z", "", func(ctx context.Context, run *audit.Run) error {
		kept = run
		return nil
	})
	r.passes(500)
	kept.If("anyone still there", false)
}
