package redact

// nhsDetector finds the numbers of patients in the United Kingdom.
func nhsDetector() *detector {
	return &detector{
		name: "uk_nhs", group: groupPII, label: "NHS",
		triggers:  []string{digitRun},
		find:      findNHS,
		normalise: onlyDigits,
	}
}

func findNHS(t *text, hits []hit) []hit {
	n := t.numbers()
	if n.most < 10 {
		return hits
	}
	for i := 0; i < len(n.words); i++ {
		var digits [10]byte
		w := n.words[i]
		last := i
		switch {
		case w.mixed || w.sep == '-' || w.sep == '.':
			continue
		case w.len() == 10:
			copy(digits[:], n.b[w.start:w.end])
		case w.len() == 3 && i+2 < len(n.words):
			g, h := n.words[i+1], n.words[i+2]
			if g.len() != 3 || h.len() != 4 || g.mixed || h.mixed || g.sep != h.sep || g.sep != ' ' && g.sep != '-' {
				continue
			}
			copy(digits[:], n.b[w.start:w.end])
			copy(digits[3:], n.b[g.start:g.end])
			copy(digits[6:], n.b[h.start:h.end])
			last = i + 2
		default:
			continue
		}
		if !mod11(&digits) || n.joinedLeft(i) || n.joinedRight(last) || last > i && !n.free(i, last) {
			continue
		}
		// One in eleven phones passes too: North America groups them alike with
		// hyphens, and others after a 0.
		phone := last > i && (digits[0] == '0' || n.words[last].sep == '-' && digits[0] >= '2' && digits[3] >= '2' || n.about(i, last, aboutPhone))
		if (last == i || phone) && !n.about(i, last, aboutNHS) {
			continue
		}
		hits = append(hits, n.hit(w.start, n.words[last].end, "mod 11"))
		i = last
	}
	return hits
}

// mod11 reports whether the last digit is right:
// https://www.datadictionary.nhs.uk/attributes/nhs_number.html. No number is
// one digit ten times.
func mod11(digits *[10]byte) bool {
	sum, same := 0, true
	for i, c := range digits {
		if i < 9 {
			sum += int(c-'0') * (10 - i)
		}
		same = same && c == digits[0]
	}
	check := 11 - sum%11
	return !same && check%11 == int(digits[9]-'0')
}
