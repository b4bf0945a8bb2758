package redact

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// What is written for a value that could not be looked at, that was too large
// for it, and for one that a rule by name removes.
const (
	errorMask = "[REDACTED:error]"
	largeMask = "[REDACTED:large]"
	ruleLabel = "REDACTED"
)

// What redactions name that no detector found.
const (
	errorDetector = "error" // a value that was not looked at
	keyDetector   = "key"   // a value that a rule by name removed
)

// masks knows what a redactor writes, so that it leaves that alone: the labels
// in [EMAIL], [CARD:1111] and [EMAIL:k3:…]. Anything else in brackets is text.
type masks map[string]bool

// maskLetters is how many letters a pseudonym has: 128 bits.
const maskLetters = 32

// end returns the end of the mask that begins with b; 0: there is none.
func (m masks) end(b []byte) int {
	label, end := readMask(b)
	if !m[string(label)] {
		return 0
	}
	return end
}

// maxMask is longer than any mask.
const maxMask = 128

// readMask returns the label of what has the form of a mask at the start of b, and
// where it ends; 0: nothing has.
func readMask(b []byte) (label []byte, end int) {
	if len(b) == 0 || b[0] != '[' {
		return nil, 0
	}
	end = bytes.IndexByte(b[:min(len(b), maxMask)], ']')
	if end < 0 {
		return nil, 0
	}
	label, rest, has := bytes.Cut(b[1:end], []byte(":"))
	if has && !maskTail(string(rest)) {
		return nil, 0
	}
	return label, end + 1
}

// maskAt returns where what a mask writes at b[i], such as [PHONE] or [CARD:1111],
// ends; 0: there is none. To detectors it stands for what was there: the words in it say
// nothing about its neighbours, and it joins them as that did. Otherwise a second look
// would find more. They know the labels of built-in detectors; that masks of patterns
// are left alone is up to [masks].
func maskAt(b []byte, i int) int {
	if i >= len(b) || b[i] != '[' {
		return 0
	}
	label, end := readMask(b[i:])
	if end == 0 || !builtinLabel(label) {
		return 0
	}
	return i + end
}

// builtinLabel reports whether the mask of a built-in detector, or of a rule by name,
// says that.
func builtinLabel(label []byte) bool {
	switch string(label) {
	case "CARD", "CRYPTO", "DOB", "EMAIL", "IBAN", "IP", "ITIN", "JWT", "MAC", "NHS", "NINO", "PHONE", "PRIVATE_KEY", "SECRET", "SSN", "USERINFO", ruleLabel:
		return true
	}
	return false
}

// isMaskBefore reports whether what a mask writes ends at b[i].
func isMaskBefore(b []byte, i int) bool {
	if byteAt(b, i-1) != ']' {
		return false
	}
	from := max(0, i-maxMask)
	open := bytes.LastIndexByte(b[from:i], '[')
	return open >= 0 && maskAt(b, from+open) == i
}

// inMask reports whether b[i] ends a mask.
func inMask(b []byte, i int) bool { return isMaskBefore(b, i+1) }

// isMasks reports whether b is masks, with blanks between them at most.
func isMasks(b []byte) bool {
	for i := 0; i < len(b); {
		if end := maskAt(b, i); end > 0 {
			i = end
		} else if b[i] == ' ' {
			i++
		} else {
			return false
		}
	}
	return len(b) > 0
}

// maskTail reports whether a redactor writes that behind a label: the last four
// characters of something, or the id of a key and a pseudonym.
func maskTail(s string) bool {
	id, letters, has := strings.Cut(s, ":")
	if !has {
		return s == "error" || s == "large" || alphanumeric(s) && len(s) <= 4
	}
	if !validKeyID(id) || len(letters) != maskLetters {
		return false
	}
	for _, c := range []byte(letters) {
		if c < 'a' || c > 'p' {
			return false
		}
	}
	return true
}

// alphanumeric reports whether s has letters and digits, and nothing else.
func alphanumeric(s string) bool {
	for _, c := range []byte(s) {
		if c-'0' >= 10 && (c|0x20)-'a' >= 26 {
			return false
		}
	}
	return s != ""
}

// spans returns where masks stand in text.
func (m masks) spans(text []byte) (all []span) {
	for from := 0; ; {
		i := bytes.IndexByte(text[from:], '[')
		if i < 0 {
			return all
		}
		from += i
		if n := m.end(text[from:]); n > 0 {
			all = append(all, span{from, from + n})
			from += n
			continue
		}
		from++
	}
}

// unmasked returns text with blanks for what was replaced in it; that is text itself if nothing was.
func (m masks) unmasked(text []byte) []byte {
	if bytes.IndexByte(text, '[') < 0 {
		return text
	}
	return m.blank(text)
}

// blank returns text with a space in place of each mask.
func (m masks) blank(text []byte) []byte {
	spans := m.spans(text)
	if len(spans) == 0 {
		return text
	}
	var out []byte
	pos := 0
	for _, s := range spans {
		out = append(append(out, text[pos:s.start]...), ' ')
		pos = s.end
	}
	return append(out, text[pos:]...)
}

// whole reports whether text is a mask and nothing else.
func (m masks) whole(text []byte) bool {
	return len(text) > 0 && m.end(text) == len(text)
}

// outside returns a find, grown to hold all of the masks that it has a part of;
// an empty one if there is nothing else in it. left are the masks that later
// finds can touch.
func outside(h hit, masks []span) (grown hit, left []span) {
	for len(masks) > 0 && masks[0].end <= h.start {
		masks = masks[1:]
	}
	within := 0
	for _, s := range masks {
		if s.start >= h.end {
			break
		}
		h.start, h.end = min(h.start, s.start), max(h.end, s.end)
		within += s.end - s.start
	}
	if within == h.end-h.start {
		h.end = h.start
	}
	return h, masks
}

// validRune returns the size of the rune that b begins with; 0: it is none.
func validRune(b []byte) int {
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size <= 1 {
		return 0
	}
	return size
}
