package main

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// stretch is what a time on the command line stands for: a moment, or a day or a
// month with all that is in it. It holds start and not end; for a moment they are
// the same.
type stretch struct{ start, end time.Time }

const (
	dayLayout   = "2006-01-02"
	monthLayout = "2006-01"

	timeHelp = "write a day 2026-04-30, a month 2026-04, a time 2026-04-30T14:00:00Z, today or yesterday, or 90m, 2h or 7d: so long ago or, of what is to end, from now"
)

// interval returns the time from --from to --to: what from starts with is in it,
// and so is all of the day or month that to names. Empty texts do not bound.
func interval(from, to string, now time.Time) (start, end time.Time, err error) {
	if from != "" {
		s, err := parseTime(from, now)
		if err != nil {
			return start, end, flagError("--from", err)
		}
		start = s.start
	}
	if to != "" {
		s, err := parseTime(to, now)
		if err != nil {
			return start, end, flagError("--to", err)
		}
		end = s.end
	}
	if from != "" && to != "" && !start.Before(end) {
		return start, end, misuse("give --to a later time than --from",
			"--from %s is not before --to %s: %s to %s holds nothing", from, to, stamp(start), stamp(end))
	}
	return start, end, nil
}

// flagError puts the name of a flag before a failure.
func flagError(flag string, err error) error {
	f := judge(err)
	return fail(f.code, f.fix, "%s: %w", flag, f.err)
}

// described returns the interval for people; empty if it has no bounds.
func described(start, end time.Time) string {
	var parts []string
	if !start.IsZero() {
		parts = append(parts, "from "+stamp(start))
	}
	if !end.IsZero() {
		parts = append(parts, "to "+stamp(end))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, " ") + " (UTC)"
}

// stamp returns t as RFC 3339 in UTC.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// parseTime reads a time as people write it. Days and months are those of UTC, as
// everything in the log is; a time of day must say its zone, because guessing one
// would move runs in or out of a report.
func parseTime(text string, now time.Time) (stretch, error) {
	now = now.UTC()
	switch {
	case text == "today":
		return day(now), nil
	case text == "yesterday":
		return day(now.AddDate(0, 0, -1)), nil
	case matches(`^\d+[a-z]+$`, text):
		return ago(text, now)
	case matches(`^\d{4}-\d{2}$`, text):
		t, err := time.Parse(monthLayout, text)
		if err != nil {
			return stretch{}, misuse(timeHelp, "there is no month %s", text)
		}
		return stretch{t, t.AddDate(0, 1, 0)}, nil
	case matches(`^\d{4}-\d{2}-\d{2}$`, text):
		t, err := parseDay(text)
		return day(t), err
	}
	return moment(text)
}

// matches reports whether text has the form of a pattern.
func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }

// day returns the UTC day that t lies in.
func day(t time.Time) stretch {
	start := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return stretch{start, start.AddDate(0, 0, 1)}
}

// parseDay reads YYYY-MM-DD, and says of an impossible one why.
func parseDay(text string) (time.Time, error) {
	t, err := time.Parse(dayLayout, text)
	if err == nil {
		return t, nil
	}
	month, err := time.Parse(monthLayout, text[:len(monthLayout)])
	if err != nil {
		return t, misuse(timeHelp, "there is no day %s: the month must be 01 to 12", text)
	}
	last := month.AddDate(0, 1, -1)
	return t, misuse("write "+last.Format(dayLayout)+" for the last day of that month",
		"there is no day %s: %s has %d days", text, month.Format("January 2006"), last.Day())
}

// ago reads a length of time before now: 90m, 2h, 7d.
func ago(text string, now time.Time) (stretch, error) {
	units := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	unit, ok := units[text[len(digits):]]
	if !ok {
		return stretch{}, misuse(timeHelp, "%q is no length of time: the units are m (minutes), h (hours) and d (days)", text)
	}
	// Five digits of days are 273 years, further back than any log.
	n, err := strconv.Atoi(digits)
	if err != nil || n > 99999 {
		return stretch{}, misuse(timeHelp, "%q is too long ago", text)
	}
	t := now.Add(-time.Duration(n) * unit)
	return stretch{t, t}, nil
}

// moment reads an RFC 3339 time with its zone.
func moment(text string) (stretch, error) {
	var t time.Time
	// UnmarshalText is strict where time.Parse takes more than RFC 3339 allows.
	if err := t.UnmarshalText([]byte(text)); err == nil {
		t = t.UTC()
		return stretch{t, t}, nil
	}
	if matches(`^\d{4}-\d{2}-\d{2}[T ]`, text) {
		if _, err := parseDay(text[:len(dayLayout)]); err != nil {
			return stretch{}, err
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			local := t.Format("2006-01-02T15:04:05")
			return stretch{}, misuse("write "+local+"Z for UTC, or "+local+"+02:00 with the offset from UTC",
				"%q has no time zone", text)
		}
	}
	return stretch{}, misuse(timeHelp, "%q is not a time", text)
}
