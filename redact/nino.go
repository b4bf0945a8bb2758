package redact

import (
	"bytes"
	"strings"
)

// ninoDetector finds the numbers of the United Kingdom's national insurance.
func ninoDetector() *detector {
	return &detector{
		name: "uk_nino", group: groupPII, label: "NINO",
		triggers:  []string{`(?i)[a-z]{2}` + anyGap + `(?:[0-9]{2}` + anyGap + `){3}[a-d]` + wideDigits},
		find:      findNINOs,
		normalise: onlyWord,
	}
}

func findNINOs(t *text, hits []hit) []hit {
	n := t.numbers()
	end := 0
	for i, w := range n.words {
		start := w.start
		if !w.mixed {
			start -= 3 // AB 12 34 56 C
			if w.len() != 2 || start < 0 || n.b[start+2] != ' ' && n.b[start+2] != '-' {
				continue
			}
		}
		if start < end || start > 0 && isWord(n.b[start-1]) {
			continue
		}
		e := ninoAt(n.b, start)
		if e == 0 || isLower(n.b[start]) && e-start == 9 && !n.about(i, i, aboutNINO) && !bytes.ContainsAny(n.b[start:e], "gjklmnprstwyz") {
			continue // abcdef and nine digits of a hash look like it
		}
		hits = append(hits, n.hit(start, e, "prefix, six digits, suffix A to D"))
		end = e
	}
	return hits
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

// ninoAt returns where the number at b[i] ends, or 0.
func ninoAt(b []byte, i int) int {
	if i+9 > len(b) || !isPrefix(b[i]&^0x20, b[i+1]&^0x20) || isLower(b[i]) != isLower(b[i+1]) {
		return 0
	}
	lower := isLower(b[i])
	i += 2
	for range 3 {
		if i < len(b) && (b[i] == ' ' || b[i] == '-') {
			i++
		}
		if digitsAt(b, i) < 2 {
			return 0
		}
		i += 2
	}
	if i < len(b) && (b[i] == ' ' || b[i] == '-') {
		i++
	}
	if i >= len(b) || b[i]&^0x20 < 'A' || b[i]&^0x20 > 'D' || isLower(b[i]) != lower || wordAt(b, i+1) {
		return 0
	}
	return i + 1
}

// isPrefix reports whether numbers start with those two letters:
// https://www.gov.uk/hmrc-internal-manuals/national-insurance-manual/nim39110.
func isPrefix(first, second byte) bool {
	if strings.IndexByte("ABCEGHJKLMNOPRSTWXYZ", first) < 0 || strings.IndexByte("ABCEGHJKLMNPRSTWXYZ", second) < 0 {
		return false
	}
	switch string([]byte{first, second}) {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return false
	}
	return true
}
