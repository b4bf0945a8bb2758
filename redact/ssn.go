package redact

// ssnDetector finds numbers of the United States' social security.
func ssnDetector() *detector {
	return &detector{
		name: "us_ssn", group: groupPII, label: "SSN",
		triggers:  []string{digitRun},
		find:      func(t *text, hits []hit) []hit { return findTaxpayers(t, hits, aboutSSN, isSSN) },
		normalise: onlyDigits,
	}
}

// itinDetector finds the numbers of taxpayers who have none of social security.
func itinDetector() *detector {
	return &detector{
		name: "us_itin", group: groupPII, label: "ITIN",
		triggers:  []string{digitRun},
		find:      func(t *text, hits []hit) []hit { return findTaxpayers(t, hits, aboutITIN, isITIN) },
		normalise: onlyDigits,
	}
}

// findTaxpayers finds nine digits in groups of 3, 2 and 4, and near a word of the topic those
// that are not, or wrongly, in groups.
func findTaxpayers(t *text, hits []hit, topic topic, valid func(area, group, serial int) bool) []hit {
	n := t.numbers()
	if n.most < 9 {
		return hits
	}
	for i := 0; i < len(n.words); i++ {
		digits, last, grouped := n.nine(i)
		if last < 0 || !valid(digits/1e6, digits/1e4%100, digits%1e4) || n.joinedLeft(i) || n.joinedRight(last) {
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

// nine reads nine digits that start at word i, and returns their value and the last word of them,
// or -1. They are grouped if they are written as the state does, with one kind of separator.
func (n *numbers) nine(i int) (digits, last int, grouped bool) {
	w := n.words[i]
	size := w.len()
	if size != 9 && size != 5 && size != 3 || w.mixed || w.sep == '-' || w.sep == '.' {
		return 0, -1, false
	}
	digits = number(n.b[w.start:w.end])
	for last = i; size < 9; {
		last++
		if last == len(n.words) {
			return 0, -1, false
		}
		g := n.words[last]
		size += g.len()
		if g.mixed || size > 9 || g.sep != ' ' && g.sep != '-' && g.sep != '.' || g.sep != n.words[i+1].sep {
			return 0, -1, false
		}
		for _, c := range n.b[g.start:g.end] {
			digits = 10*digits + int(c-'0')
		}
	}
	if next := last + 1; next < len(n.words) && n.words[next].sep != 0 && n.words[next].sep == n.words[last].sep {
		return 0, -1, false // a column of numbers, or a longer one
	}
	if last-i != 2 || w.len() != 3 || n.words[i+1].len() != 2 {
		if last-i > 1 || last > i && n.words[last].sep == '.' {
			return 0, -1, false
		}
		return digits, last, false // 219-099998, 21909-9998, 219099998
	}
	// A column of numbers has a space too.
	return digits, last, n.words[last].sep != ' ' || w.sep == 0
}

// isSSN reports whether such a number can have been issued:
// https://www.ssa.gov/employer/randomization.html.
func isSSN(area, group, serial int) bool {
	return area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

// isITIN reports whether the number has the form of https://www.irs.gov/irm/part3/irm_03-021-263r.
func isITIN(area, group, _ int) bool {
	return area >= 900 && (50 <= group && group <= 65 || 70 <= group && group <= 88 || 90 <= group && group <= 92 || group >= 94)
}
