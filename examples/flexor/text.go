package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/flexorhq/flexor-go/audit"
)

// printable returns s with everything escaped that does not print: control
// characters, which could drive a terminal, the format characters that reverse or
// hide text, and bytes that are not UTF-8. What prints is left as it is, so
// printable of something printable is the same.
func printable(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && isInvalid(s[i:]):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case shows(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// clean reports whether all of s shows.
func clean(s string) bool {
	for i, r := range s {
		if !shows(r) || r == utf8.RuneError && isInvalid(s[i:]) {
			return false
		}
	}
	return true
}

// shows reports whether r is seen where it stands, and changes nothing else.
func shows(r rune) bool { return unicode.IsPrint(r) }

// isInvalid reports whether s starts with a byte that is not UTF-8.
func isInvalid(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

// width returns how many columns of a terminal s takes: none for what combines
// with the character before, two for the wide characters of East Asia and for
// emoji. Terminals differ on the rest; there it is one.
func width(s string) (n int) {
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide reports whether r is wide by Unicode's East Asian Width, by blocks.
func wide(r rune) bool {
	for _, block := range [][2]rune{
		{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0x4DBF}, {0x4E00, 0xA4CF}, {0xA960, 0xA97F}, {0xAC00, 0xD7A3},
		{0xF900, 0xFAFF}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
		{0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
	} {
		if r >= block[0] && r <= block[1] {
			return true
		}
	}
	return false
}

// pad returns s with spaces behind it, or before it, to n columns.
func pad(s string, n int, right bool) string {
	spaces := strings.Repeat(" ", max(0, n-width(s)))
	if right {
		return spaces + s
	}
	return s + spaces
}

// clock returns a time of a table or a text: to the second where it has no
// fraction, else to the millisecond. It is always UTC, which the text around it
// says.
func clock(t time.Time) string {
	if t.Nanosecond() < int(time.Millisecond) {
		return t.UTC().Format("2006-01-02 15:04:05")
	}
	return t.UTC().Format("2006-01-02 15:04:05.000")
}

// took returns a duration for people.
func took(ms int64) string { return (time.Duration(ms) * time.Millisecond).String() }

// count returns a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// withName returns names, which are in order, with one more if it is not among them.
func withName(names []string, name string) []string {
	if i, found := slices.BinarySearch(names, name); !found {
		names = slices.Insert(names, i, name)
	}
	return names
}

// few returns up to five names, and how many more there are.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// brief writes recorded values on one line.
type brief struct {
	limit int // characters of one value; 0: all
	cuts  int // how many values were cut
}

// value returns one recorded value. What is cut is counted, and says its size.
func (b *brief) value(v json.RawMessage) string {
	text := printable(string(v))
	if b.limit == 0 || len(text) <= b.limit {
		return text
	}
	end := b.limit
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	b.cuts++
	return fmt.Sprintf("%s… [%d bytes]", text[:end], len(v))
}

// values returns named values, as in "age_minutes = 95, limit_minutes = 60".
func (b *brief) values(vs audit.Values) string {
	parts := make([]string, len(vs))
	for i, v := range vs {
		parts[i] = printable(v.Name) + " = " + b.value(v.JSON)
	}
	return strings.Join(parts, ", ")
}

// message returns an error message on one line.
func (b *brief) message(text string) string { return b.value(json.RawMessage(text)) }

// wrapped returns text in lines of at most room columns, broken between words; a word that
// has more keeps them. Without room it is one line.
func wrapped(text string, room int) (lines []string) {
	for room > 0 && width(text) > room {
		end, at := 0, 0
		for i, r := range text {
			if r == ' ' && (at <= room || end == 0) {
				end = i
			}
			at += width(string(r))
		}
		if end == 0 {
			break
		}
		lines = append(lines, text[:end])
		text = strings.TrimLeft(text[end:], " ")
	}
	return append(lines, text)
}
