package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// ReconSummary is an agent that holds two sources of prices against each other.
type ReconSummary struct {
	Primary, Second *Feed
	Tolerance       Cents // up to which a difference is rounding
}

// What a reconciliation can come to.
const (
	clean   = "clean"
	rounded = "rounding only"
	broken  = "breaks"
)

// Difference is a price on which the sources do not agree.
type Difference struct {
	Symbol  string `json:"symbol"`
	Day     Day    `json:"day"`
	Primary Cents  `json:"primary"`
	Second  Cents  `json:"second"`
}

// size returns by how much the prices differ.
func (d Difference) size() Cents { return max(d.Primary-d.Second, d.Second-d.Primary) }

// Run compares the sources over a period, and returns clean, rounded or broken.
// A period that the second source does not cover is an error: to have found no
// difference because there was nothing to look at is no result.
func (r *ReconSummary) Run(ctx context.Context, rec *audit.Recorder, trigger audit.Trigger, p Period) (result string, err error) {
	c := &comparison{ReconSummary: r, period: p, breaks: []Difference{}}
	err = rec.Do(ctx, "recon-summary@1.0.0", trigger, c.run)
	return c.result, err
}

// comparison is one run.
type comparison struct {
	*ReconSummary
	period   Period
	prices   int          // that both sources have
	rounding int          // of them, so many differ by no more than the tolerance,
	breaks   []Difference // and these by more
	missing  []Day        // on which only the primary source has prices
	extra    []Day        // on which only the second has
	result   string
}

func (c *comparison) run(ctx context.Context, run *audit.Run) error {
	run.Output("period", c.period)
	if err := run.Task(ctx, "coverage-check", c.coverage); err != nil {
		return err
	}
	if err := run.Task(ctx, "price-comparison", c.compare); err != nil {
		return err
	}
	c.result = run.Choose("result", c.judge(), []string{clean, rounded, broken},
		audit.Value("prices", c.prices),
		audit.Value("rounding_differences", c.rounding),
		audit.Value("price_breaks", len(c.breaks)),
		audit.Value("days_missing", len(c.missing)),
		audit.Value("days_extra", len(c.extra)))
	if c.result == broken {
		run.Output("price_breaks", c.breaks)
		run.Output("days_missing", c.missing)
		run.Output("days_extra", c.extra)
	}
	run.Output("result", c.result)
	lineage.Write(run, "warehouse", fmt.Sprintf("warehouse://fund/recon-summary/%s/%s", c.period.From, c.period.To))
	return nil
}

// coverage checks that there is something to compare with.
func (c *comparison) coverage(_ context.Context, t *audit.Task) error {
	has := Period{c.Second.First(), c.Second.Last()}
	if t.If("second source covers the period", has.covers(c.period),
		audit.Value("period", c.period),
		audit.Value("covered", has)) {
		return nil
	}
	return fmt.Errorf("%s has prices of %s, which does not cover %s", c.Second.Name, has, c.period)
}

// compare looks at every price that both sources have, and decides of each
// difference whether it matters.
func (c *comparison) compare(_ context.Context, t *audit.Task) error {
	t.Input("primary", c.Primary.Name)
	t.Input("second", c.Second.Name)
	lineage.Read(t, "plexifact", c.Primary.Record)
	lineage.Read(t, "plexifact", c.Second.Record)
	for _, d := range c.differences() {
		if t.If("difference is rounding", d.size() <= c.Tolerance,
			audit.Value("price", d),
			audit.Value("difference", d.size()),
			audit.Value("tolerance", c.Tolerance)) {
			c.rounding++
		} else {
			c.breaks = append(c.breaks, d)
		}
	}
	c.missing, c.extra = c.only(c.Primary, c.Second), c.only(c.Second, c.Primary)
	t.Output("prices", c.prices)
	return nil
}

// differences counts the prices that both sources have, and returns those on
// which they differ, in the order of days.
func (c *comparison) differences() (found []Difference) {
	for _, day := range c.Primary.Days {
		for _, symbol := range c.Primary.Symbols {
			primary, _ := c.Primary.Close(symbol, day)
			second, both := c.Second.Close(symbol, day)
			if !both || !c.period.has(day) {
				continue
			}
			c.prices++
			if primary != second {
				found = append(found, Difference{symbol, day, primary, second})
			}
		}
	}
	return found
}

// only returns the days of the period on which one source has prices and the
// other has none.
func (c *comparison) only(one, other *Feed) []Day {
	return slices.DeleteFunc(slices.Clone(one.Days), func(d Day) bool {
		return !c.period.has(d) || other.Has(d)
	})
}

// judge says what it all comes to.
func (c *comparison) judge() string {
	switch {
	case len(c.breaks)+len(c.missing)+len(c.extra) > 0:
		return broken
	case c.rounding > 0:
		return rounded
	}
	return clean
}
