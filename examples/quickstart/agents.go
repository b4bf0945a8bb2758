package main

import (
	"context"
	"fmt"
	"io"

	"github.com/flexorhq/flexor-go/audit"
)

// today is the day on which the quickstart takes place, a Friday. The prices end
// on it, so that the agents find the same things whenever they run. When they
// ran is recorded as it is: a log whose clock is set tells nothing.
const today Day = "2012-05-04"

// runAgents does what a scheduler, a loader of files and a person would do in
// the course of some days.
func runAgents(ctx context.Context, rec *audit.Recorder, data Data, stdout io.Writer) error {
	notify := func(message string) error {
		_, err := fmt.Fprintf(stdout, "  ! %s\n", message)
		return err
	}
	recon := &ReconSummary{Primary: data.Prices, Second: data.Apple, Tolerance: 1}
	nav := &NAVReport{Fund: data.Fund, Prices: data.Prices, Calendar: data.Calendar, Recon: recon, MaxMove: 2.5}

	loaded := audit.Trigger{Type: audit.Event, By: "price-loader"}
	for _, feed := range []*Feed{data.Prices, data.Apple} {
		monitor := &FeedMonitor{Feed: feed, Calendar: data.Calendar, MaxLag: 1, Notify: notify}
		if err := monitor.Run(ctx, rec, loaded, today); err != nil {
			return err
		}
	}
	due := audit.Trigger{Type: audit.Schedule, By: "cron"}
	for _, friday := range []Day{today.plus(-14), today.plus(-7), today} {
		if err := nav.Run(ctx, rec, due, friday); err != nil {
			return err
		}
	}
	asked := audit.Trigger{Type: audit.Manual, By: "alice@fund.com"}
	_, err := recon.Run(ctx, rec, asked, Period{data.Prices.First(), data.Apple.Last()})
	return err
}
