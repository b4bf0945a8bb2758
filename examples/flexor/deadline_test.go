package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseDeadline(t *testing.T) {
	now := at("2026-04-30T14:00:00Z")
	for text, want := range map[string]string{
		"90d":                       "2026-07-29T14:00:00Z",
		"2h":                        "2026-04-30T16:00:00Z",
		"2026-12-31":                "2027-01-01T00:00:00Z",
		"2026-05":                   "2026-06-01T00:00:00Z",
		"today":                     "2026-05-01T00:00:00Z",
		"2026-05-01T02:00:00+02:00": "2026-05-01T00:00:00Z",
	} {
		got, err := parseDeadline("--expires", text, now)
		require.NoError(t, err, text)
		assert.Equal(t, want, stamp(got), text)
	}
	none, err := parseDeadline("--expires", "", now)
	require.NoError(t, err)
	assert.True(t, none.IsZero(), "without a deadline there is none")
	for text, why := range map[string]string{
		"2026-04-29":           "is over",
		"0d":                   "is over",
		"2026-04-30T14:00:00Z": "is over",
		"2026-12-31T10:00:00":  "has no time zone",
		"soon":                 "is not a time",
	} {
		_, err := parseDeadline("--expires", text, now)
		assert.ErrorContains(t, err, why, text)
		assert.Equal(t, exitUsage, judge(err).code, text)
	}
}
