package redact

// ibanDetector finds international bank account numbers (ISO 13616).
func ibanDetector() *detector {
	return &detector{
		name: "iban", group: groupPII, label: "IBAN",
		triggers: []string{
			digitRun,
			`(?i)[a-z]{2}[0-9]{2}` + anyGap + `[a-z]{4}` + anyGap + `[0-9]{4}`,
			`(?i)\b(?:iban)?[a-z]{2}[0-9]{2}[0-9a-z]{11}`, // in one piece
		},
		find:      findIBANs,
		normalise: onlyWord,
		keep:      4,
	}
}

const minIBAN, maxIBAN = 15, 34

func findIBANs(t *text, hits []hit) []hit {
	n := t.numbers()
	end := 0
	for i := range n.words {
		start := n.ibanStart(i)
		if start < end {
			continue
		}
		e, why := n.ibanAt(start)
		if why == "" {
			continue
		}
		hits = append(hits, n.hit(start, e, why))
		end = e
	}
	return hits
}

// ibanStart returns where an IBAN would start of which word i holds the first digit; -1: nowhere.
func (n *numbers) ibanStart(i int) int {
	w := n.words[i]
	b, at := n.b, w.start
	if !w.mixed { // DE 89 3704…
		if w.len() < 2 || at < 3 || isLetter(b[at-1]) || isWord(b[at-1]) || at > 3 && isWord(b[at-4]) {
			return -1
		}
		at -= 3
	} else if w.len() > 8 && lowerEqual(b[at:at+4], "iban") {
		at += 4
	}
	if !isLetter(b[at]) || !isLetter(b[at+1]) {
		return -1
	}
	digits := at + 2
	if !w.mixed {
		digits++
	}
	if digits+2 > len(b) || !isDigit(b[digits]) || !isDigit(b[digits+1]) {
		return -1
	}
	return at
}

// ibanAt returns where the IBAN at b[start] ends, and why it is one.
func (n *numbers) ibanAt(start int) (end int, why string) {
	country := [2]byte{n.b[start] &^ 0x20, n.b[start+1] &^ 0x20}
	k := ibanSize(country)
	if k == 0 {
		return 0, ""
	}
	var iban [maxIBAN]byte
	var ends [maxIBAN]int // where each character ends
	size := 0
	for i := start; i < len(n.b) && size < maxIBAN; i++ {
		c := n.b[i]
		if byteClass[c] == 0 || c == '_' {
			// One separator, or up to three spaces, between groups.
			gap := i
			for i < len(n.b) && i-gap < 3 && n.b[i] == ' ' {
				i++
			}
			if i == gap && c == '-' {
				i++
			}
			if i == gap || i == len(n.b) || byteClass[n.b[i]] == 0 {
				break
			}
			c = n.b[i]
		}
		if c >= 'a' {
			c -= 'a' - 'A'
		}
		iban[size], ends[size] = c, i+1
		size++
	}
	if size < minIBAN || !hasDigitRun(n.b[start:ends[size-1]]) && !bankFirst(iban[:size], &ends) && ends[minIBAN-1]-start > minIBAN {
		return 0, ""
	}
	upper := n.b[start] == country[0] && n.b[start+1] == country[1]
	told := func() bool { return n.key&aboutIBAN != 0 || nearTopic(n.b, start, start) == aboutIBAN }
	// In lower case and with spaces, "is 13 34 88 44…" looks like one.
	if k <= size && mod97(iban[:k]) && n.ibanEnds(ends[k-1], country) && (upper || ends[k-1]-start == k || told()) {
		return ends[k-1], "mod 97, length of the country"
	}
	// Registers lag behind what banks write, so any other length will do for an upper-case number
	// that stands alone.
	if !upper {
		return 0, ""
	}
	for k := size; k >= minIBAN; k-- {
		if !wordAt(n.b, ends[k-1]) && (ends[k-1]-start == k || told()) && mod97(iban[:k]) {
			return ends[k-1], "mod 97"
		}
	}
	return 0, ""
}

// bankFirst reports what the first trigger of this detector's own does: four letters of the bank in one piece, and four
// digits.
func bankFirst(iban []byte, ends *[maxIBAN]int) bool {
	for _, c := range iban[4:8] {
		if isDigit(c) {
			return false
		}
	}
	return digitsAt(iban, 8) >= 4 && ends[7]-ends[4] == 3 && ends[11]-ends[8] == 3
}

// ibanEnds reports whether what follows b[end] is not a part of the same word, or is a bank's
// identifier code (ISO 9362), which forms write without a space.
func (n *numbers) ibanEnds(end int, country [2]byte) bool {
	if !wordAt(n.b, end) {
		return true
	}
	stop := end
	for wordAt(n.b, stop) && stop-end < 12 {
		stop++
	}
	rest := n.b[end:stop]
	return (len(rest) == 8 || len(rest) == 11) && [2]byte(rest[4:6]) == country
}

// mod97 reports whether the check digits of iban, in upper case without separators, are right.
func mod97(iban []byte) bool {
	rest := uint64(0)
	for i := range iban {
		if c := iban[(i+4)%len(iban)]; isDigit(c) {
			rest = rest*10 + uint64(c-'0')
		} else {
			rest = rest*100 + uint64(c-'A') + 10
		}
		if rest > 1<<50 {
			rest %= 97 // as seldom as a division can be
		}
	}
	rest %= 97
	return rest == 1
}

// ibanSize is the length of a country's IBANs, 0 where none is known. Source: the SWIFT
// registry, https://www.swift.com/resource/iban-registry-pdf, and for countries that
// are not in it, what their banks use.
func ibanSize(country [2]byte) int {
	switch string(country[:]) {
	case "NO":
		return 15
	case "BE":
		return 16
	case "AX", "DK", "FI", "FK", "FO", "GL", "NL", "SD":
		return 18
	case "MK", "SI":
		return 19
	case "AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK":
		return 20
	case "CH", "HR", "LI", "LV":
		return 21
	case "BG", "BH", "CR", "DE", "GB", "GE", "IE", "ME", "RS", "VA":
		return 22
	case "AE", "GI", "IL", "IQ", "OM", "SO", "TL":
		return 23
	case "AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG":
		return 24
	case "AO", "CV", "GW", "LY", "MZ", "PT", "ST":
		return 25
	case "DZ", "IR", "IS", "TR":
		return 26
	case "BL", "GF", "GP", "MF", "MQ", "NC", "PF", "PM", "RE", "TF", "WF", "YT", // France overseas
		"BF", "BI", "CF", "CG", "CM", "DJ", "FR", "GA", "GQ", "GR", "IT", "KM", "MC", "MG", "MR", "SM", "TD":
		return 27
	case "AL", "AZ", "BJ", "BY", "CI", "CY", "DO", "GT", "HN", "HU", "LB", "MA", "ML", "NE", "NI", "PL", "SN", "SV", "TG":
		return 28
	case "BR", "EG", "PS", "QA", "UA":
		return 29
	case "JO", "KW", "MU", "YE":
		return 30
	case "MT", "SC":
		return 31
	case "LC":
		return 32
	case "RU":
		return 33
	}
	return 0
}
