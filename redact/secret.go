package redact

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// labelSecret is what a mask says of most secrets.
const labelSecret = "SECRET"

// secretDetectors returns the detectors of secrets.
func secretDetectors() []*detector {
	var ds []*detector
	for _, k := range tokenKinds {
		ds = append(ds, newTokenDetector(k.detector, k.tokens))
	}
	return append(ds, newJWTDetector(), newPrivateKeyDetector(), newConnectionDetector(), newSecretValueDetector())
}

// newSecretDetector returns a detector that has no find yet.
func newSecretDetector(name, label string, triggers ...string) *detector {
	return &detector{name: name, group: groupSecrets, label: label, triggers: triggers}
}

// merged puts hits of one detector, found in two ways, in order and joins those
// that overlap.
func merged(hits []hit) []hit {
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.start, b.start) })
	kept := hits[:0]
	for _, h := range hits {
		if last := len(kept) - 1; last >= 0 && h.start < kept[last].end {
			kept[last].end = max(kept[last].end, h.end)
			continue
		}
		kept = append(kept, h)
	}
	return kept
}

// An alphabet is a set of ASCII characters.
type alphabet struct {
	class string // as in a regular expression: [0-9A-Z]
	has   [256]bool
}

func newAlphabet(class string) *alphabet {
	a := &alphabet{class: "[" + class + "]"}
	for i := 0; i < len(class); i++ {
		if i+2 < len(class) && class[i+1] == '-' {
			for c := int(class[i]); c <= int(class[i+2]); c++ {
				a.has[c] = true
			}
			i += 2
			continue
		}
		a.has[class[i]] = true
	}
	return a
}

// run returns the end of the characters of a that start at i.
func (a *alphabet) run(b []byte, i int) int {
	for i < len(b) && a.has[b[i]] {
		i++
	}
	return i
}

// before returns the start of the characters of a that end at i, and looks no
// further back than most.
func (a *alphabet) before(b []byte, i, most int) int {
	least := max(0, i-most)
	for i > least && a.has[b[i-1]] {
		i--
	}
	return i
}

// The alphabets of tokens.
var (
	decimal   = newAlphabet("0-9")
	hexLower  = newAlphabet("0-9a-f")
	hexAny    = newAlphabet("0-9A-Fa-f")
	capitals  = newAlphabet("0-9A-Z")
	base62    = newAlphabet("0-9A-Za-z")
	wordChars = newAlphabet("0-9A-Za-z_")
	base64URL = newAlphabet("0-9A-Za-z_-")
	base64Std = newAlphabet("0-9A-Za-z+/=")
	urlDots   = newAlphabet("0-9A-Za-z_.-")
	urlPadded = newAlphabet("0-9A-Za-z_.=-")
	hexDashes = newAlphabet("0-9A-Fa-f-")
	anyBase64 = newAlphabet("0-9A-Za-z+/=_.-")
)

// startsWord reports whether the character at i can be the first of a word:
// what stands before is none of a word, or is an escaped line end such as the
// \n that program text and JSON inside logs are full of.
func startsWord(b []byte, i int) bool {
	if i == 0 || !wordChars.has[b[i-1]] {
		return !isMaskBefore(b, i) // it is as much a part of a word as what it stands for was
	}
	return i >= 2 && b[i-2] == '\\' && (b[i-1] == 'n' || b[i-1] == 'r' || b[i-1] == 't')
}

// endsWord reports whether the character before i can be the last of a word.
func endsWord(b []byte, i int) bool {
	return i == len(b) || !base62.has[b[i]] && maskAt(b, i) == 0
}

// literals returns triggers for texts, in any case if fold is set.
func literals(fold bool, texts ...string) string {
	var sb strings.Builder
	if fold {
		sb.WriteString("(?i)")
	}
	for i, s := range texts {
		if i > 0 {
			sb.WriteByte('|')
		}
		sb.WriteString(regexp.QuoteMeta(s))
	}
	return sb.String()
}

// distinct counts the different bytes of b.
func distinct(b []byte) int {
	var seen [256]bool
	n := 0
	for _, c := range b {
		if !seen[c] {
			seen[c] = true
			n++
		}
	}
	return n
}

// hasFoldPrefix reports whether b starts with the lower case s in any case.
func hasFoldPrefix(b []byte, s string) bool {
	if len(b) < len(s) {
		return false
	}
	for i := range len(s) {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != s[i] {
			return false
		}
	}
	return true
}
