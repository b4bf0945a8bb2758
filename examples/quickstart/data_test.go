package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDataIsAsDescribed: data/README.md states the hashes of the files that come
// from elsewhere.
func TestDataIsAsDescribed(t *testing.T) {
	readme, err := os.ReadFile("data/README.md")
	require.NoError(t, err)
	for _, name := range []string{"fund-prices.csv", "apple-closes.csv"} {
		content, err := os.ReadFile("data/" + name)
		require.NoError(t, err)
		// A checkout on Windows may have changed the ends of the lines.
		unix := strings.ReplaceAll(string(content), "\r\n", "\n")
		assert.Contains(t, string(readme), fmt.Sprintf("| `%s` | `%x` |", name, sha256.Sum256([]byte(unix))))
	}
}

func TestReadFeedRefuses(t *testing.T) {
	for content, want := range map[string]string{
		"":                                      "prices: no prices",
		"date,AAPL\n":                           "prices: no prices",
		"date,AAPL\n2012-05-04,":                `prices: "" is no amount of dollars`,
		"date,AAPL\n2012-05-04,-1":              `prices: "-1" is no amount of dollars`,
		"date,AAPL\n2012-05-04,1.001":           `prices: "1.001" has more than two decimals`,
		"date,AAPL\n2012-05-04,1,2":             "wrong number of fields",
		"date,AAPL\n2012-13-01,1":               "month out of range",
		"date,AAPL\n2012-05-04,1\n2012-05-03,1": "prices: 2012-05-03 comes after 2012-05-04",
		"date,AAPL\n2012-05-04,1\n2012-05-04,1": "prices: 2012-05-04 comes after 2012-05-04",
	} {
		_, err := readFeed(fstest.MapFS{"data/prices.csv": {Data: []byte(content)}}, "prices")
		assert.ErrorContains(t, err, want, content)
	}
}

func TestCents(t *testing.T) {
	for text, want := range map[string]Cents{"565.25": 565_25, "603.0": 603_00, "98": 98_00, "0.07": 7} {
		got, err := parseCents(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	assert.Equal(t, "-0.07", Cents(-7).String())
	assert.Equal(t, "2680627.00", Cents(2680627_00).String())
}

func TestCalendar(t *testing.T) {
	c := testData(t).Calendar
	assert.Equal(t, []Day{"2012-04-05", "2012-04-09", "2012-04-10"}, c.sessions("2012-04-05", "2012-04-10"))
	assert.Empty(t, c.sessions("2012-05-05", "2012-05-04"))
	assert.Equal(t, Day("2012-04-05"), c.session("2012-04-08"))
	assert.Equal(t, Day("2012-02-29"), Day("2012-03-01").plus(-1))
}
