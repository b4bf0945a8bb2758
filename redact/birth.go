package redact

import "bytes"

// birthDetector finds dates of birth: dates under a key or near a word that says so.
func birthDetector() *detector {
	return &detector{
		name: "date_of_birth", group: groupPII, label: "DOB",
		triggers: []string{
			`(?i)birth|born|dob|bday|geb|naiss|n\x{e9}|nacim|nacid|nasc|geboor|f\x{f8}d|f\x{f6}dd|urodz|\x{440}\x{43e}[\x{436}\x{434}]|` +
				`\x{51fa}\x{751f}|\x{751f}[\x{65e5}\x{5e74}]|\x{c0dd}`,
			// The value under a key is the date and nothing else, or an old time.
			`^\s*[0-9]{1,4}` + dateGap + `[0-9]{1,2}` + dateGap + `[0-9]{1,4}` + dayEnd,
			`^\s*(?:19|20)[0-9]{6}\s*$`,
			dateGap + `(?:19|20)[0-9]{2}\s*$`, // to count what stands before it would take many states
			`^\s*(?:19[0-9]{2}|20[01][0-9])` + dateGap + `[0-9]{1,2}` + dateGap + `[0-9]{1,2}[T ][0-9:.,Zz+\- ]*\s*$`,
		},
		find:  findBirths,
		times: true,
	}
}

const (
	dateGap = `[ ,./\-\x{5e74}\x{6708}\x{b144}\x{c6d4}]{1,3}`
	dayEnd  = `[\x{65e5}\x{c77c}]?\s*$`
)

func findBirths(t *text, hits []hit) []hit {
	n := t.numbers()
	if n.key&aboutBirth != 0 {
		whole := wholeValue(n.b)
		if end := anyDateAt(n.b[:whole.end], whole.start); end > 0 && (end == whole.end || oldTime(n.b[whole.start:whole.start+4], n.b[end:whole.end])) {
			return append(hits, n.hit(whole.start, end, "a date, under a key"))
		}
	}
	if !mentions(n.b, aboutBirth) {
		return hits
	}
	for i := 0; i < len(n.b); {
		if byteClass[n.b[i]] == 0 {
			i++
			continue
		}
		if end := anyDateAt(n.b, i); end > 0 && nearTopic(n.b, i, i)&aboutBirth != 0 {
			hits = append(hits, n.hit(i, end, "a date, near a word"))
			i = end
			continue
		}
		for i < len(n.b) && byteClass[n.b[i]] != 0 {
			i++
		}
	}
	return hits
}

// oldTime reports whether rest, which follows a date, is a time of day, and the year is before
// 2020: people born later have no accounts yet, and the times of our own records are later.
func oldTime(year, rest []byte) bool {
	return digitsAt(year, 0) == 4 && number(year) < 2020 && (rest[0] == 'T' || rest[0] == ' ') &&
		len(bytes.Trim(rest[1:], "0123456789:.,Zz+- ")) == 0
}

// anyDateAt returns where a date at b[i] ends, in any of the ways that people write one, or 0:
// 1980-02-03, 3.2.1980, 02/03/80, 19800203, 3 Feb 1980, February 3rd, 1980, 1980年2月3日.
func anyDateAt(b []byte, i int) int {
	var part [3]int
	var size [3]int
	month := false
	end := i
	for k := range part {
		if k > 0 {
			// One separator, or a dot or a comma and a space.
			sep := end
			end += signOfDate(b[end:], "年", "月", "년", "월")
			from := end
			for end < len(b) && end-from < 2 && (b[end] == ' ' || b[end] == '-' || b[end] == '/' || b[end] == '.' || b[end] == ',') {
				end++
			}
			if end == sep {
				return compactDate(b, i, end)
			}
		}
		d := digitsAt(b, end)
		if d == 0 {
			name := end
			for end < len(b) && (isLetter(b[end]) || b[end] >= 0x80) && end-name < 12 {
				end++
			}
			if month || k == 2 || end-name < 3 || !startsMonth(b[name:end]) {
				return 0
			}
			month, part[k], size[k] = true, 1, 3
			continue
		}
		if d > 4 || d == 3 {
			return compactDate(b, i, end+d)
		}
		part[k], size[k] = number(b[end:end+d]), d
		end += d
		if k < 2 && end+2 <= len(b) && isOrdinal(b[end:end+2]) {
			end += 2
		}
	}
	if wordAt(b, end) && b[end] != 'T' {
		return 0
	}
	end += signOfDate(b[end:], "日", "일")
	year, others := part[2], [2]int{part[0], part[1]}
	if size[0] == 4 {
		year, others = part[0], [2]int{part[1], part[2]}
	} else if size[2] == 2 && !month {
		year += 1900
	}
	if year < 1900 || year > 2099 || !isDay(others[0], others[1]) && !isDay(others[1], others[0]) {
		return 0
	}
	return end
}

// signOfDate returns the size of the sign that b begins with; 0: it begins with none of them.
func signOfDate(b []byte, signs ...string) int {
	for _, s := range signs {
		if len(b) >= len(s) && string(b[:len(s)]) == s {
			return len(s)
		}
	}
	return 0
}

// compactDate reports whether b[i:end] is such as 19800203.
func compactDate(b []byte, i, end int) int {
	if end-i != 8 || digitsAt(b, i) != 8 || wordAt(b, end) {
		return 0
	}
	if y := number(b[i : i+4]); y < 1900 || y > 2099 || !isDay(number(b[i+4:i+6]), number(b[i+6:end])) {
		return 0
	}
	return end
}

// startsMonth reports whether w starts as the name of a month does in English, German, French, Spanish,
// Italian, Portuguese or Dutch.
func startsMonth(w []byte) bool {
	var low [3]byte
	switch string(lower(low[:0], w[:3])) {
	case "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
		"mai", "okt", "dez", "fev", "avr", "jui", "aou", "ene", "abr", "ago", "dic", "gen", "mag", "giu", "lug", "set", "ott", "mei", "maa",
		"f\xc3\xa9", "d\xc3\xa9", "m\xc3\xa4", "ao\xc3": // février, décembre, März, août

		return true
	}
	return false
}

// isOrdinal reports whether b ends a day: 1st, 2nd, 3rd, 4th.
func isOrdinal(b []byte) bool {
	switch string(b) {
	case "st", "nd", "rd", "th":
		return true
	}
	return false
}
