package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
)

// testData returns the embedded data.
func testData(t *testing.T) Data {
	t.Helper()
	data, err := readData()
	require.NoError(t, err)
	return data
}

func TestFeedMonitorFindsNothing(t *testing.T) {
	data, rec := testData(t), audittest.New(t)
	monitor := &FeedMonitor{Feed: data.Prices, Calendar: data.Calendar, MaxLag: 1, Notify: func(string) error {
		return errors.New("nobody should be told")
	}}
	require.NoError(t, monitor.Run(t.Context(), rec.Recorder, audit.Trigger{Type: audit.Event}, today))

	rec.Status(audit.Success)
	rec.Tasks("data-freshness-check", "gap-check")
	rec.Decision("feed is stale", "false",
		audit.Value("last_price_on", "2012-05-04"), audit.Value("sessions_behind", 0), audit.Value("limit", 1))
	rec.Decision("sessions without a price", "false", audit.Value("days", []Day{}))
	rec.Decision("prices without a session", "false", audit.Value("days", []Day{}))
	rec.Decision("people must be told", "false")
	rec.Output("feed", "fund-prices")
	rec.Access(audit.OpRead, data.Prices.Record)
	rec.Errors()
}

func TestFeedMonitorFindsStaleFeedWithGaps(t *testing.T) {
	data, rec := testData(t), audittest.New(t)
	var told []string
	monitor := &FeedMonitor{Feed: data.Apple, Calendar: data.Calendar, MaxLag: 1, Notify: func(message string) error {
		told = append(told, message)
		return nil
	}}
	require.NoError(t, monitor.Run(t.Context(), rec.Recorder, audit.Trigger{}, today))

	rec.Status(audit.Success)
	rec.Tasks("data-freshness-check", "gap-check", "core.notify.operations")
	rec.Decision("feed is stale", "true",
		audit.Value("last_price_on", "2012-05-01"), audit.Value("sessions_behind", 3))
	rec.Decision("sessions without a price", "true", audit.Value("days", []Day{"2009-08-11"}))
	rec.Decision("prices without a session", "true", audit.Value("days", []Day{
		"2008-11-27", "2008-12-25", "2009-01-01", "2009-04-10", "2009-07-03", "2009-11-26", "2009-12-25",
		"2010-01-01", "2010-01-18", "2010-02-15", "2010-04-02", "2010-05-31", "2010-07-05", "2010-09-06",
	}))
	assert.Equal(t, []string{
		"apple-closes: ends on 2012-05-01 (sessions behind: 3); sessions without a price: 1; prices without a session: 14",
	}, told)
}

func TestFeedMonitorToleratesALag(t *testing.T) {
	data, rec := testData(t), audittest.New(t)
	monitor := &FeedMonitor{Feed: data.Apple, Calendar: data.Calendar, MaxLag: 3, Notify: func(string) error { return nil }}
	require.NoError(t, monitor.Run(t.Context(), rec.Recorder, audit.Trigger{}, today))
	rec.Decision("feed is stale", "false", audit.Value("sessions_behind", 3), audit.Value("limit", 3))
}

// TestFeedMonitorCannotNotify: a finding that reaches nobody is no success.
func TestFeedMonitorCannotNotify(t *testing.T) {
	data, rec := testData(t), audittest.New(t)
	down := errors.New("the pager is down")
	monitor := &FeedMonitor{Feed: data.Apple, Calendar: data.Calendar, MaxLag: 1, Notify: func(string) error { return down }}
	require.ErrorIs(t, monitor.Run(t.Context(), rec.Recorder, audit.Trigger{}, today), down)
	rec.Status(audit.Failed)
	rec.Errors("the pager is down")
}
