package main

import (
	"context"
	"fmt"
	"math"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// NAVReport is an agent that values a fund at the end of a week. When the value
// has moved a lot it has the prices confirmed by a second source; a report that
// is not confirmed is released as indicative, not as final.
type NAVReport struct {
	Fund     *Fund
	Prices   *Feed
	Calendar *Calendar
	Recon    *ReconSummary
	MaxMove  float64 // percent in a week, beyond which prices are confirmed
}

// What a report can be released as.
const (
	final      = "final"
	indicative = "indicative"
)

// Run values the fund at the end of the week that ends on a day.
func (n *NAVReport) Run(ctx context.Context, rec *audit.Recorder, trigger audit.Trigger, weekEnd Day) error {
	v := &valuation{
		NAVReport: n,
		rec:       rec,
		day:       n.Calendar.session(weekEnd),
		before:    n.Calendar.session(weekEnd.plus(-7)),
	}
	return rec.Do(ctx, "weekly-nav-report@1.0.0", trigger, v.run)
}

// valuation is one run.
type valuation struct {
	*NAVReport
	rec           *audit.Recorder // for the run inside this one
	day, before   Day             // the last sessions of this week and of the one before
	nav, previous Cents
}

func (v *valuation) run(ctx context.Context, run *audit.Run) error {
	run.Output("day", v.day)
	if err := run.Task(ctx, "nav-calculation", v.calculate); err != nil {
		return err
	}
	run.Output("nav", v.nav)

	// Rounded before it is compared, so that the value on record is the value
	// that decided.
	move := change(v.previous, v.nav)
	confirmation := "not needed"
	if run.If("move exceeds limit", math.Abs(move) > v.MaxMove,
		audit.Value("nav", v.nav),
		audit.Value("nav_before", v.previous),
		audit.Value("move_percent", move),
		audit.Value("limit_percent", v.MaxMove)) {
		confirmation = "given"
		// The error is not returned: an unconfirmed value is worth something to
		// those who are told that it is. The run counts as partial.
		if err := run.Task(ctx, "price-confirmation", v.confirm); err != nil {
			confirmation = "failed"
		}
	}

	release := final
	if confirmation == "failed" {
		release = indicative
	}
	run.Output("release", run.Choose("release as", release, []string{final, indicative},
		audit.Value("confirmation", confirmation)))
	return nil
}

// calculate values the fund at the end of this week and of the one before.
func (v *valuation) calculate(_ context.Context, t *audit.Task) (err error) {
	t.Input("prices", v.Prices.Name)
	t.Input("days", []Day{v.before, v.day})
	lineage.Read(t, "plexifact", v.Prices.Record)
	if v.previous, err = v.Fund.Value(v.Prices, v.before); err != nil {
		return err
	}
	if v.nav, err = v.Fund.Value(v.Prices, v.day); err != nil {
		return err
	}
	t.Output("nav", v.nav)
	return nil
}

// confirm has the prices of the week reconciled. That is a run of another agent
// inside this one: ctx tells the recorder so.
func (v *valuation) confirm(ctx context.Context, _ *audit.Task) error {
	week := Period{v.before.plus(1), v.day}
	result, err := v.Recon.Run(ctx, v.rec, audit.Trigger{Type: audit.Event, By: "weekly-nav-report"}, week)
	if err != nil {
		return err
	}
	if result == broken {
		return fmt.Errorf("the sources do not agree on the prices of %s", week)
	}
	return nil
}
