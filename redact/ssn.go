package redact

// ssnDetector finds numbers of the United States' social security.
func ssnDetector() *detector {
	return &detector{
		name: "us_ssn", group: groupPII, label: "SSN",
		triggers:  []string{digitRun},
		find:      func(t *text, hits []hit) []hit { return findTaxpayers(t, hits, aboutSSN, isSSN) },
		normalise: onlyDigits,
		keep:      4,
	}
}

// itinDetector finds the numbers of taxpayers who have none of social security.
func itinDetector() *detector {
	return &detector{
		name: "us_itin", group: groupPII, label: "ITIN",
		triggers:  []string{digitRun},
		find:      func(t *text, hits []hit) []hit { return findTaxpayers(t, hits, aboutITIN, isITIN) },
		normalise: onlyDigits,
		keep:      4,
	}
}

// findTaxpayers finds nine digits in groups of 3, 2 and 4, and near a word of the topic those
// that are not, or wrongly, in groups.
func findTaxpayers(t *text, hits []hit, topic topic, valid func(digits []byte) bool) []hit {
	n := t.numbers()
	for i := 0; i < len(n.words); i++ {
		var digits [9]byte
		last, grouped := n.nine(i, &digits)
		if last < 0 || !valid(digits[:]) || n.joinedLeft(i) || n.joinedRight(last) {
			continue
		}
		why := "groups of 3, 2 and 4"
		if !grouped {
			if !n.about(i, last, topic) {
				continue
			}
			why = "nine digits, and a word or a key"
		}
		hits = append(hits, n.hit(n.words[i].start, n.words[last].end, why))
		i = last
	}
	return hits
}

// nine reads nine digits that start at word i, and returns the last word of them, or
// -1. They are grouped if they are written as the state does, with one kind of separator.
func (n *numbers) nine(i int, digits *[9]byte) (last int, grouped bool) {
	w := n.words[i]
	if w.mixed || w.len() != 3 && w.len() != 5 && w.len() != 9 || w.sep == '-' || w.sep == '.' {
		return -1, false
	}
	size := copy(digits[:], n.b[w.start:w.end])
	for last = i; size < len(digits); {
		last++
		if last == len(n.words) {
			return -1, false
		}
		g := n.words[last]
		if g.mixed || size+g.len() > len(digits) || g.sep != ' ' && g.sep != '-' && g.sep != '.' || g.sep != n.words[i+1].sep {
			return -1, false
		}
		size += copy(digits[size:], n.b[g.start:g.end])
	}
	if next := last + 1; next < len(n.words) && n.words[next].sep != 0 && n.words[next].sep == n.words[last].sep {
		return -1, false // a column of numbers, or a longer one
	}
	if last-i != 2 || w.len() != 3 || n.words[i+1].len() != 2 {
		return last, false
	}
	// A column of numbers has a space too.
	return last, n.words[last].sep != ' ' || w.sep == 0
}

// isSSN reports whether such a number can have been issued:
// https://www.ssa.gov/employer/randomization.html.
func isSSN(digits []byte) bool {
	area := number(digits[:3])
	return area != 0 && area != 666 && area < 900 && number(digits[3:5]) != 0 && number(digits[5:]) != 0
}

// isITIN reports whether the number has the form of https://www.irs.gov/irm/part3/irm_03-021-263r.
func isITIN(digits []byte) bool {
	group := number(digits[3:5])
	return digits[0] == '9' && (50 <= group && group <= 65 || 70 <= group && group <= 88 || 90 <= group && group <= 92 || group >= 94)
}
