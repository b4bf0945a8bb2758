package main

import (
	"bufio"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
)

// testNAV returns the agent over the embedded data.
func testNAV(data Data) *NAVReport {
	return &NAVReport{Fund: data.Fund, Prices: data.Prices, Calendar: data.Calendar, Recon: testRecon(data), MaxMove: 2.5}
}

func TestNAVReportInAQuietWeek(t *testing.T) {
	rec := audittest.New(t)
	require.NoError(t, testNAV(testData(t)).Run(t.Context(), rec.Recorder, audit.Trigger{Type: audit.Schedule}, "2012-04-20"))

	rec.Status(audit.Success)
	rec.Tasks("nav-calculation")
	rec.Decision("move exceeds limit", "false",
		audit.Value("nav", 2715094), audit.Value("nav_before", 2777239),
		audit.Value("move_percent", -2.24), audit.Value("limit_percent", 2.5))
	rec.Decision("release as", "final", audit.Value("confirmation", "not needed"))
	rec.Output("release", "final")
}

func TestNAVReportConfirmed(t *testing.T) {
	rec := audittest.New(t)
	require.NoError(t, testNAV(testData(t)).Run(t.Context(), rec.Recorder, audit.Trigger{Type: audit.Schedule}, "2012-04-27"))

	report, recon := rec.Run("weekly-nav-report"), rec.Run("recon-summary")
	report.Status(audit.Success)
	report.Tasks("nav-calculation", "price-confirmation")
	report.Decision("move exceeds limit", "true", audit.Value("nav", 2799304), audit.Value("move_percent", 3.1))
	report.Decision("release as", "final", audit.Value("confirmation", "given"))
	recon.Status(audit.Success)
	recon.Decision("result", "clean", audit.Value("prices", 5))
	assert.Equal(t, report.Entry.RunID, recon.Entry.ParentRunID)
	assert.Equal(t, audit.Event, recon.Entry.TriggerType)
}

func TestNAVReportUnconfirmed(t *testing.T) {
	rec := audittest.New(t)
	require.NoError(t, testNAV(testData(t)).Run(t.Context(), rec.Recorder, audit.Trigger{Type: audit.Schedule}, today))

	report, recon := rec.Run("weekly-nav-report"), rec.Run("recon-summary")
	report.Status(audit.Partial)
	report.Decision("move exceeds limit", "true", audit.Value("nav", 2680627), audit.Value("move_percent", -4.24))
	report.Decision("release as", "indicative", audit.Value("confirmation", "failed"))
	report.Output("nav", 2680627)
	report.Errors("does not cover 2012-04-28 to 2012-05-04")
	recon.Status(audit.Failed)
	assert.Equal(t, report.Entry.RunID, recon.Entry.ParentRunID)
}

// TestNAVReportSourcesDisagree: on 2011-12-23 the sources are ten cents apart.
func TestNAVReportSourcesDisagree(t *testing.T) {
	rec := audittest.New(t)
	require.NoError(t, testNAV(testData(t)).Run(t.Context(), rec.Recorder, audit.Trigger{}, "2011-12-23"))
	report := rec.Run("weekly-nav-report")
	report.Status(audit.Partial)
	report.Decision("release as", "indicative")
	report.Errors("do not agree on the prices of 2011-12-17 to 2011-12-23")
	rec.Run("recon-summary").Status(audit.Success)
}

// TestNAVReportOnAHoliday: 2012-04-06 was Good Friday.
func TestNAVReportOnAHoliday(t *testing.T) {
	rec := audittest.New(t)
	require.NoError(t, testNAV(testData(t)).Run(t.Context(), rec.Recorder, audit.Trigger{}, "2012-04-06"))
	rec.Output("day", "2012-04-05")
	rec.Decision("move exceeds limit", "false", audit.Value("move_percent", 1.98))
}

// TestNAVReportWithoutAPrice: a fund with a missing price has no value, be it that
// the feed lacks the day or the security.
func TestNAVReportWithoutAPrice(t *testing.T) {
	data := testData(t)
	for _, c := range []struct {
		fund *Fund
		day  Day
		want string
	}{
		{data.Fund, "2012-05-11", "fund-prices has no close of AAPL on 2012-05-11"},
		{data.Fund, "2008-06-13", "fund-prices has no close of AAPL on 2008-06-06"},
		{&Fund{Holdings: []Holding{{"AMZN", 100}}}, today, "fund-prices has no close of AMZN on 2012-04-27"},
	} {
		rec := audittest.New(t)
		nav := testNAV(data)
		nav.Fund = c.fund
		require.EqualError(t, nav.Run(t.Context(), rec.Recorder, audit.Trigger{}, c.day), c.want)
		rec.Status(audit.Failed)
		rec.Tasks("nav-calculation")
		rec.Errors(c.want)
	}
}

// TestValueIsRight values the fund on every day a second way: straight from the
// lines of the files, in fractions.
func TestValueIsRight(t *testing.T) {
	data := testData(t)
	holdings := map[string]*big.Rat{}
	for _, row := range lines(t, "holdings")[1:] {
		holdings[row[0]] = rat(t, row[1])
	}
	rows := lines(t, "fund-prices")
	for _, row := range rows[1:] {
		want := new(big.Rat).Set(holdings["USD"])
		for i, price := range row[1:] {
			want.Add(want, new(big.Rat).Mul(holdings[rows[0][i+1]], rat(t, price)))
		}
		got, err := data.Fund.Value(data.Prices, Day(row[0]))
		require.NoError(t, err)
		require.Equal(t, want.FloatString(2), got.String(), row[0])
	}
	assert.Len(t, rows, 1+986)
}

// lines returns the fields of an embedded table, header included.
func lines(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := embedded.Open("data/" + name + ".csv")
	require.NoError(t, err)
	defer f.Close()
	var rows [][]string
	for s := bufio.NewScanner(f); s.Scan(); {
		rows = append(rows, strings.Split(s.Text(), ","))
	}
	return rows
}

// rat reads a decimal.
func rat(t *testing.T, s string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	require.True(t, ok, s)
	return r
}
