package redact

// timeAt recognises a date (2026-04-30, 2026/04/30, 30/04/2026, 30/Apr/2026), a time of day
// (06:00:00.123Z, 06:00+02:00), or both together, at b[i], where a word starts, and
// returns where it ends, or 0.
func timeAt(b []byte, i int) int {
	end := dateAt(b, i)
	if end == 0 {
		if isGlogTime(b[i:min(len(b), i+11)]) && !wordAt(b, i+11) {
			return i + 11
		}
		if i > 1 && b[i-1] == ':' && (isWord(b[i-2]) || b[i-2] == ':') {
			return 0 // the middle of a MAC or IPv6 address
		}
		return clockAt(b, i, ':')
	}
	// RFC 3339 has a T; logs have a space, an underscore, a colon or a hyphen.
	if end+1 < len(b) && isDigit(b[end+1]) {
		switch b[end] {
		case 'T', 't', ' ', '_', ':', '-', '.':
			if t := max(clockAt(b, end+1, ':'), clockAt(b, end+1, '.')); t > 0 {
				return t
			}
		}
	}
	if wordAt(b, end) || end+1 < len(b) && b[end] == b[end-3] && isDigit(b[end+1]) {
		return 0
	}
	return end
}

// dateAt recognises a date of the years 1900 to 2199 at b[i].
func dateAt(b []byte, i int) int {
	first := digitsAt(b, i)
	if first != 4 && first != 2 || i+first >= len(b) {
		return 0
	}
	sep := b[i+first]
	if sep != '-' && sep != '/' && sep != '.' {
		return 0
	}
	second := i + first + 1
	n := digitsAt(b, second)
	if n == 0 && first == 2 && sep != '.' && second+4 < len(b) && isMonth(b[second:second+3]) && b[second+3] == sep {
		if digitsAt(b, second+4) == 4 {
			return second + 8
		}
		return 0
	}
	if n != 2 || second+2 >= len(b) || b[second+2] != sep {
		return 0
	}
	third := second + 3
	a, m := number(b[i:i+first]), number(b[second:second+2])
	switch n := digitsAt(b, third); {
	case first == 4 && n == 2 && a/100 >= 19 && a/100 <= 21 && isDay(m, number(b[third:third+2])):
		return third + 2
	case first == 2 && n == 4 && (isDay(a, m) || isDay(m, a)):
		if y := number(b[third : third+4]); y/100 >= 19 && y/100 <= 21 {
			return third + 4
		}
	case first == 2 && n == 2 && sep == '/' && isDay(m, number(b[third:third+2])):
		return third + 2
	}
	return 0
}

// clockAt recognises a time of day at b[i]: hours and minutes with sep between,
// perhaps seconds, a fraction, and an offset. With a dot it needs the seconds.
func clockAt(b []byte, i int, sep byte) int {
	if digitsAt(b, i) != 2 || i+5 > len(b) || b[i+2] != sep || digitsAt(b, i+3) != 2 {
		return 0
	}
	if number(b[i:i+2]) > 24 || number(b[i+3:i+5]) > 59 {
		return 0
	}
	end := i + 5
	if end+3 <= len(b) && b[end] == sep && digitsAt(b, end+1) == 2 {
		end += 3
		if end+1 < len(b) && (b[end] == '.' || b[end] == ',' || b[end] == ':') {
			if n := digitsAt(b, end+1); n > 0 && n <= 9 && (b[end] != ':' || n >= 3) {
				end += 1 + n
			}
		}
	} else if sep == '.' {
		return 0
	}
	switch {
	case end < len(b) && (b[end] == 'Z' || b[end] == 'z'):
		end++
	case end+3 <= len(b) && (b[end] == '+' || b[end] == '-') && digitsAt(b, end+1) == 2:
		end += 3
		if end+3 <= len(b) && b[end] == ':' && digitsAt(b, end+1) == 2 {
			end += 3
		}
	case end+5 <= len(b) && (b[end] == '+' || b[end] == '-') && digitsAt(b, end+1) == 4:
		end += 5
	}
	if wordAt(b, end) || end < len(b) && b[end] == ':' && wordAt(b, end+1) {
		return 0
	}
	return end
}

// isGlogTime reports whether b is such as 0430/060000, the month, the day and the time of day.
func isGlogTime(b []byte) bool {
	return len(b) == 11 && b[4] == '/' && digitsAt(b, 0) == 4 && digitsAt(b, 5) == 6 &&
		isDay(number(b[:2]), number(b[2:4])) && number(b[5:7]) < 24 && number(b[7:9]) < 60 && number(b[9:]) < 60
}

// digitsAt counts the digits at b[i], up to 20.
func digitsAt(b []byte, i int) int {
	n := 0
	for i+n < len(b) && n < 20 && isDigit(b[i+n]) {
		n++
	}
	return n
}

// number is the value of a few digits.
func number(digits []byte) int {
	v := 0
	for _, c := range digits {
		v = 10*v + int(c-'0')
	}
	return v
}

// isDay reports whether there is such a day of such a month.
func isDay(month, day int) bool { return 1 <= month && month <= 12 && 1 <= day && day <= 31 }

// isMonth reports whether b are the first three letters of a month in English.
func isMonth(b []byte) bool {
	switch string(b) {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec":
		return true
	}
	return false
}

// isTime reports whether text is a time as RFC 3339 writes it, and not midnight, as
// days of birth are.
func isTime(text []byte) bool {
	const form = "0000-00-00T00:00:00"
	if len(text) < len(form)+1 || len(text) > len(form)+len(".000000000+00:00") || text[10] != 'T' {
		return false
	}
	for i := range len(form) {
		if c := text[i]; form[i] == '0' && c-'0' >= 10 || form[i] != '0' && c != form[i] {
			return false
		}
	}
	for _, c := range text[len(form):] {
		if c-'0' >= 10 && c != '.' && c != 'Z' && c != '+' && c != '-' && c != ':' {
			return false
		}
	}
	return string(text[11:16]) != "00:00"
}
