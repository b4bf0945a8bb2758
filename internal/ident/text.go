package ident

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// minClip is the smallest limit that leaves room for what [Clip] says about
// the part that is gone.
const minClip = 128

// Text returns s as one printable line of at most limit bytes, for names that
// are free text, such as the condition of a decision. White space becomes a
// space, and what does not print, or is not UTF-8, becomes U+FFFD. A text that
// is too long is cut as [Clip] does. What is fine is returned as it is.
func Text(s string, limit int) string {
	if len(s) <= limit && plain(s) {
		return s
	}
	printable := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		default:
			return utf8.RuneError
		}
	}, s)
	return clip(printable, s, limit)
}

// plain reports whether s is printable ASCII.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Clip returns s as valid UTF-8 of at most limit bytes, which are at least
// 128. A text that is too long ends with a note that states how long it was
// and its SHA-256, so that nothing is cut in silence and the whole can be
// recognised where someone kept it.
func Clip(s string, limit int) string {
	return clip(strings.ToValidUTF8(s, "\uFFFD"), s, limit)
}

// clip cuts v, the valid form of the text s.
func clip(v, s string, limit int) string {
	limit = max(limit, minClip)
	if len(v) <= limit {
		return v
	}
	note := fmt.Sprintf("… [%d bytes, sha256 %x]", len(s), sha256.Sum256([]byte(s)))
	end := limit - len(note)
	for end > 0 && !utf8.RuneStart(v[end]) {
		end--
	}
	return v[:end] + note
}
