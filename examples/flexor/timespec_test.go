package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noon is when the tests ask: in a zone whose day is not the UTC day, and shortly
// after its clocks went forward, neither of which may matter.
func noon(t *testing.T) time.Time {
	t.Helper()
	return time.Date(2026, 3, 29, 23, 30, 0, 0, time.FixedZone("far west", -3*60*60)) // 02:30 UTC on the 30th
}

func TestParseTime(t *testing.T) {
	for _, test := range []struct{ text, start, end string }{
		{"2026-04-30", "2026-04-30T00:00:00Z", "2026-05-01T00:00:00Z"},
		{"2026-12-31", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"2028-02-29", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"},
		{"2026-02-28", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"2026-04", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"},
		{"2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"2028-02", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
		{"today", "2026-03-30T00:00:00Z", "2026-03-31T00:00:00Z"},
		{"yesterday", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"},
		{"90m", "2026-03-30T01:00:00Z", "2026-03-30T01:00:00Z"},
		{"2h", "2026-03-30T00:30:00Z", "2026-03-30T00:30:00Z"},
		{"7d", "2026-03-23T02:30:00Z", "2026-03-23T02:30:00Z"}, // seven times 24 hours, whatever clocks did
		{"0m", "2026-03-30T02:30:00Z", "2026-03-30T02:30:00Z"},
		{"2026-04-30T14:00:00Z", "2026-04-30T14:00:00Z", "2026-04-30T14:00:00Z"},
		{"2026-04-30T14:00:00.5Z", "2026-04-30T14:00:00.5Z", "2026-04-30T14:00:00.5Z"},
		{"2026-04-30T14:00:00+02:00", "2026-04-30T12:00:00Z", "2026-04-30T12:00:00Z"},
		{"2026-04-30T23:00:00-05:00", "2026-05-01T04:00:00Z", "2026-05-01T04:00:00Z"},
	} {
		t.Run(test.text, func(t *testing.T) {
			s, err := parseTime(test.text, noon(t))
			require.NoError(t, err)
			assert.Equal(t, test.start, stamp(s.start))
			assert.Equal(t, test.end, stamp(s.end))
		})
	}
}

func TestParseTimeRefuses(t *testing.T) {
	for _, test := range []struct{ text, why, fix string }{
		{"2026-04-31", "there is no day 2026-04-31: April 2026 has 30 days", "write 2026-04-30 for the last day of that month"},
		{"2026-02-29", "there is no day 2026-02-29: February 2026 has 28 days", "write 2026-02-28 for the last day of that month"},
		{"2026-04-00", "there is no day 2026-04-00: April 2026 has 30 days", "write 2026-04-30 for the last day of that month"},
		{"2026-13-01", "there is no day 2026-13-01: the month must be 01 to 12", timeHelp},
		{"2026-13", "there is no month 2026-13", timeHelp},
		{"2026-04-31T10:00:00Z", "there is no day 2026-04-31: April 2026 has 30 days", "write 2026-04-30 for the last day of that month"},
		{"2026-04-30T14:00:00", `"2026-04-30T14:00:00" has no time zone`, "write 2026-04-30T14:00:00Z for UTC, or 2026-04-30T14:00:00+02:00 with the offset from UTC"},
		{"2026-04-30 14:00", `"2026-04-30 14:00" has no time zone`, "write 2026-04-30T14:00:00Z for UTC, or 2026-04-30T14:00:00+02:00 with the offset from UTC"},
		{"2026-04-30T25:00:00Z", `"2026-04-30T25:00:00Z" is not a time`, timeHelp},
		{"2026-04-30T14:00:00CEST", `"2026-04-30T14:00:00CEST" is not a time`, timeHelp},
		{"7w", `"7w" is no length of time: the units are m (minutes), h (hours) and d (days)`, timeHelp},
		{"100000d", `"100000d" is too long ago`, timeHelp},
		{"99999999999999999999m", `"99999999999999999999m" is too long ago`, timeHelp},
		{"2026", `"2026" is not a time`, timeHelp},
		{"30.04.2026", `"30.04.2026" is not a time`, timeHelp},
		{"-7d", `"-7d" is not a time`, timeHelp},
		{"Today", `"Today" is not a time`, timeHelp},
		{" ", `" " is not a time`, timeHelp},
	} {
		t.Run(test.text, func(t *testing.T) {
			_, err := parseTime(test.text, noon(t))
			require.Error(t, err)
			f := judge(err)
			assert.Equal(t, exitUsage, f.code)
			assert.Equal(t, test.why, f.Error())
			assert.Equal(t, test.fix, f.fix)
		})
	}
}

func TestInterval(t *testing.T) {
	start, end, err := interval("2026-04-01", "2026-04-30", noon(t))
	require.NoError(t, err)
	assert.Equal(t, "from 2026-04-01T00:00:00Z to 2026-05-01T00:00:00Z (UTC)", described(start, end))

	start, end, err = interval("", "", noon(t))
	require.NoError(t, err)
	assert.Empty(t, described(start, end))

	_, _, err = interval("2026-04-30T14:00:00Z", "2026-04-30T14:00:00Z", noon(t))
	require.ErrorContains(t, err, "holds nothing")
	_, _, err = interval("2026-05-01", "2026-04-30", noon(t))
	require.ErrorContains(t, err, "is not before")
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-04-30", "2026-04", "90m", "7d", "today", "2026-04-30T14:00:00+02:00", "2026-04-30 14:00", "0000-00", "9999-12-31"} {
		f.Add(s)
	}
	now := time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseTime(text, now)
		if err != nil {
			if judge(err).code != exitUsage || judge(err).fix == "" {
				t.Errorf("%q: %v is no refusal with a fix", text, err)
			}
			return
		}
		if s.end.Before(s.start) || s.start.Location() != time.UTC || s.end.Location() != time.UTC {
			t.Errorf("%q is %v to %v", text, s.start, s.end)
		}
		// What was understood, written in full, is understood the same.
		if y := s.start.Year(); y >= 0 && y <= 9999 {
			again, err := parseTime(stamp(s.start), now)
			if err != nil || !again.start.Equal(s.start) {
				t.Errorf("%q is %s, which is read as %v, %v", text, stamp(s.start), again.start, err)
			}
		}
	})
}
