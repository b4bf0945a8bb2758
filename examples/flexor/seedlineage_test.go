package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// lineageRuns is the specification's example, and what is around it.
func lineageRuns(r *recorder) {
	const nav = "warehouse://fund/nav/2026-04-30"
	within := func(skill string, fn func(t *audit.Task)) func(context.Context, *audit.Run) error {
		return func(ctx context.Context, run *audit.Run) error {
			return run.Task(ctx, skill, func(_ context.Context, t *audit.Task) error {
				fn(t)
				return nil
			})
		}
	}
	r.run("run_01kq7h00000000000000000ad1", "price-loader@1.0.0", audit.Event, "2026-04-27T18:00:00Z", "exchange", within("load", func(t *audit.Task) {
		lineage.Read(t, "exchange", "sftp://loader:hunter2@files.exchange.example/eod/2026-04-30.csv?token=abc")
		lineage.Write(t, "plexifact", exampleRecord, lineage.Rows(4), lineage.Version("1"))
	}))
	r.run("run_01kq93hjm0000000000000d4e5", "weekly-nav-report@2.0.1", audit.Schedule, "2026-04-28T08:05:00Z", "cron", within("preview", func(t *audit.Task) {
		lineage.Read(t, "plexifact", exampleRecord)
	}))
	r.run("run_01kq93xwc0000000000000g7h8", "recon-summary", audit.Event, "2026-04-28T08:10:00Z", "weekly-nav-report", within("compare-sources", func(t *audit.Task) {
		lineage.Read(t, "plexifact", exampleRecord)
		lineage.Read(t, "plexifact", "plexifact://prod/catalog/custodian/2026-04-30")
		lineage.Write(t, "warehouse", "warehouse://fund/recon/2026-04-30", lineage.From(exampleRecord, "plexifact://prod/catalog/custodian/2026-04-30"))
	}))
	r.run("run_01kqbwgyc0000000000000na04", "nav-writer", audit.Manual, "2026-04-29T09:30:00Z", "alice@fund.com", func(ctx context.Context, run *audit.Run) error {
		lineage.Read(run, "warehouse", "warehouse://fund/recon/")
		lineage.Write(run, "warehouse", nav)
		return errors.New("the warehouse went away")
	})
	r.run("run_01kqbz0000000000000000ma11", "mailer", audit.Event, "2026-04-29T10:00:00Z", "", within("send", func(t *audit.Task) {
		lineage.Read(t, "warehouse", nav)
	}))
	r.run("run_01kqf86q0000000000000a1b2c", "feed-monitor@1.4.2", audit.Schedule, "2026-04-30T14:00:00Z", "cron", within("data-freshness-check", func(t *audit.Task) {
		for range 3 {
			lineage.Read(t, "plexifact", exampleRecord)
		}
	}))
}

// hub is a record that many runs read.
func hub(r *recorder) {
	for i := range 150 {
		r.run(fmt.Sprintf("run_01kqf86q000000000000000%03d", i), "feed-monitor", audit.Schedule, "2026-04-30T14:00:00Z", "cron", func(_ context.Context, run *audit.Run) error {
			lineage.Read(run, "plexifact", exampleRecord)
			if i < 3 {
				lineage.Write(run, "plexifact", fmt.Sprintf("plexifact://prod/catalog/copy/%d", i))
			}
			if i == 149 {
				lineage.Read(run, "plexifact", "no such thing")
			}
			return nil
		})
	}
}
