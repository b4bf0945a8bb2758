package main

import (
	"io/fs"
	"time"
)

// Day is a date such as 2012-05-04. Days compare as strings do.
type Day string

// plus returns the day that many days later.
func (d Day) plus(days int) Day {
	return Day(d.time().AddDate(0, 0, days).Format(time.DateOnly))
}

func (d Day) time() time.Time {
	t, _ := time.Parse(time.DateOnly, string(d)) // every Day was parsed, or stands in the code
	return t
}

// parseDay reads a date.
func parseDay(s string) (Day, error) {
	_, err := time.Parse(time.DateOnly, s)
	return Day(s), err
}

// Calendar knows on which days the exchange trades: its sessions.
type Calendar struct{ holidays map[Day]string }

// readCalendar reads the days of the week on which the exchange is closed.
func readCalendar(files fs.FS, name string) (*Calendar, error) {
	c := &Calendar{map[Day]string{}}
	err := readCSV(files, name, func(_, row []string) error {
		d, err := parseDay(row[0])
		c.holidays[d] = row[1]
		return err
	})
	return c, err
}

// open reports whether the exchange trades on a day.
func (c *Calendar) open(d Day) bool {
	switch d.time().Weekday() {
	case time.Saturday, time.Sunday:
		return false
	}
	return c.holidays[d] == ""
}

// sessions returns the days from one day to another, both included, on which the
// exchange trades.
func (c *Calendar) sessions(from, to Day) []Day {
	var days []Day
	for d := from; d <= to; d = d.plus(1) {
		if c.open(d) {
			days = append(days, d)
		}
	}
	return days
}

// session returns the last session up to and with a day.
func (c *Calendar) session(d Day) Day {
	for !c.open(d) {
		d = d.plus(-1)
	}
	return d
}
