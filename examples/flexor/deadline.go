package main

import "time"

// parseDeadline reads when something is to end: after a length of time, such as 90d,
// at a moment, or at the end of a day or a month.
func parseDeadline(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	s, err := parseTime(text, now)
	if err != nil {
		return time.Time{}, flagError(flag, err)
	}
	end := s.end
	if matches(`^\d+[a-z]+$`, text) {
		end = now.Add(now.Sub(s.start))
	}
	if !end.After(now) {
		return time.Time{}, misuse("write 90d for 90 days from now, or a day to come", "%s: %s is over", flag, text)
	}
	return end.UTC(), nil
}
