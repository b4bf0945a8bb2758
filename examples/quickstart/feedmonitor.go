package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// FeedMonitor is an agent that watches one feed: is it up to date, and is it
// complete? If not, it tells the people who run it.
type FeedMonitor struct {
	Feed     *Feed
	Calendar *Calendar
	MaxLag   int                        // sessions that the feed may be behind
	Notify   func(message string) error // reaches the people
}

// Run checks the feed as of a day.
func (m *FeedMonitor) Run(ctx context.Context, rec *audit.Recorder, trigger audit.Trigger, asOf Day) error {
	check := &feedCheck{FeedMonitor: m, asOf: asOf}
	return rec.Do(ctx, "feed-monitor@1.0.0", trigger, check.run)
}

// feedCheck is one run. Its skills are methods, so that run reads as the list
// of what the agent does.
type feedCheck struct {
	*FeedMonitor
	asOf     Day
	findings []string // in words for people
}

func (c *feedCheck) run(ctx context.Context, run *audit.Run) error {
	run.Output("feed", c.Feed.Name)
	run.Output("as_of", c.asOf)
	if err := run.Task(ctx, "data-freshness-check", c.freshness); err != nil {
		return err
	}
	if err := run.Task(ctx, "gap-check", c.gaps); err != nil {
		return err
	}
	if run.If("people must be told", len(c.findings) > 0, audit.Value("findings", c.findings)) {
		return run.Task(ctx, "core.notify.operations", c.notify)
	}
	return nil
}

// freshness counts the sessions since the last price.
func (c *feedCheck) freshness(_ context.Context, t *audit.Task) error {
	lineage.Read(t, "plexifact", c.Feed.Record)
	last := c.Feed.Last()
	lag := len(c.Calendar.sessions(last.plus(1), c.asOf))
	if t.If("feed is stale", lag > c.MaxLag,
		audit.Value("last_price_on", last),
		audit.Value("sessions_behind", lag),
		audit.Value("limit", c.MaxLag)) {
		c.found("ends on %s (sessions behind: %d)", last, lag)
	}
	return nil
}

// gaps compares the days of the feed with those on which the exchange traded.
func (c *feedCheck) gaps(_ context.Context, t *audit.Task) error {
	missing, strange := []Day{}, []Day{}
	for _, day := range c.Calendar.sessions(c.Feed.First(), c.Feed.Last()) {
		if !c.Feed.Has(day) {
			missing = append(missing, day)
		}
	}
	for _, day := range c.Feed.Days {
		if !c.Calendar.open(day) {
			strange = append(strange, day)
		}
	}
	if t.If("sessions without a price", len(missing) > 0, audit.Value("days", missing)) {
		c.found("sessions without a price: %d", len(missing))
	}
	if t.If("prices without a session", len(strange) > 0, audit.Value("days", strange)) {
		c.found("prices without a session: %d", len(strange))
	}
	return nil
}

// notify tells the people what was found.
func (c *feedCheck) notify(_ context.Context, t *audit.Task) error {
	message := c.Feed.Name + ": " + strings.Join(c.findings, "; ")
	t.Input("message", message)
	return c.Notify(message)
}

// found notes a finding.
func (c *feedCheck) found(format string, args ...any) {
	c.findings = append(c.findings, fmt.Sprintf(format, args...))
}
