package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/audit/audittest"
)

// testRecon returns the agent over the embedded data.
func testRecon(data Data) *ReconSummary {
	return &ReconSummary{Primary: data.Prices, Second: data.Apple, Tolerance: 1}
}

func TestReconSummaryOverAll(t *testing.T) {
	data, rec := testData(t), audittest.New(t)
	all := Period{data.Prices.First(), data.Apple.Last()}
	result, err := testRecon(data).Run(t.Context(), rec.Recorder, audit.Trigger{By: "alice@fund.com"}, all)
	require.NoError(t, err)
	assert.Equal(t, broken, result)

	rec.Status(audit.Success)
	rec.Tasks("coverage-check", "price-comparison")
	rec.Decision("second source covers the period", "true",
		audit.Value("period", map[string]string{"from": "2008-06-09", "to": "2012-05-01"}))
	rec.Decision("difference is rounding", "true",
		audit.Value("price", Difference{"AAPL", "2010-05-05", 255_99, 255_98}), audit.Value("difference", 0.01))
	rec.Decision("difference is rounding", "false",
		audit.Value("price", Difference{"AAPL", "2011-12-23", 403_33, 403_43}),
		audit.Value("difference", 0.1), audit.Value("tolerance", 0.01))
	rec.Decision("result", "breaks",
		audit.Value("prices", 982), audit.Value("rounding_differences", 9), audit.Value("price_breaks", 1),
		audit.Value("days_missing", 1), audit.Value("days_extra", 14))
	rec.Output("price_breaks", []Difference{{"AAPL", "2011-12-23", 403_33, 403_43}})
	rec.Output("days_missing", []Day{"2009-08-11"})
	rec.Errors()

	// One decision for the coverage, one for each of ten differences, one result.
	assert.Len(t, rec.Entry().Decisions, 12)
}

func TestReconSummaryResults(t *testing.T) {
	data := testData(t)
	for _, c := range []struct {
		name   string
		period Period
		want   string
	}{
		{"equal", Period{"2012-04-21", "2012-04-27"}, clean},
		{"one cent on 2010-05-05", Period{"2010-05-03", "2010-05-07"}, rounded},
		{"ten cents on 2011-12-23", Period{"2011-12-22", "2011-12-23"}, broken},
		{"no price on 2009-08-11", Period{"2009-08-10", "2009-08-12"}, broken},
		{"a price on Christmas Day", Period{"2008-12-24", "2008-12-26"}, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := audittest.New(t)
			result, err := testRecon(data).Run(t.Context(), rec.Recorder, audit.Trigger{}, c.period)
			require.NoError(t, err)
			assert.Equal(t, c.want, result)
			rec.Decision("result", c.want)
			rec.Output("result", c.want)
		})
	}
}

func TestReconSummaryWithoutCoverage(t *testing.T) {
	data, rec := testData(t), audittest.New(t)
	_, err := testRecon(data).Run(t.Context(), rec.Recorder, audit.Trigger{}, Period{"2012-04-28", "2012-05-04"})
	require.EqualError(t, err, "apple-closes has prices of 2007-04-24 to 2012-05-01, which does not cover 2012-04-28 to 2012-05-04")

	rec.Status(audit.Failed)
	rec.Tasks("coverage-check")
	rec.Decision("second source covers the period", "false",
		audit.Value("covered", Period{"2007-04-24", "2012-05-01"}))
	rec.Errors("does not cover 2012-04-28 to 2012-05-04")
}
