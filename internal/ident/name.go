package ident

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The lengths in bytes that names may have, and the digits in a name.
const (
	MaxName      = 128
	MaxPrincipal = 256
	MaxDigits    = 8
)

// Name checks the name of an agent or a skill, such as data-freshness-check or
// core.notify.slack: 1 to 128 ASCII letters, digits, "-", "_", "." and "/",
// the first of them a letter or a digit. ASCII only, so that two names that
// look alike are the same. Names are never redacted, so they have 8 digits at most:
// a date fits, the number of a card, an account or a person does not.
func Name(s string) error {
	if err := Token(s); err != nil {
		return err
	}
	digits := 0
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			digits++
		}
	}
	if digits > MaxDigits {
		return fmt.Errorf("%s has %d digits; the limit is %d: an agent or a skill is named for what it does, and numbers are values", quote(s), digits, MaxDigits)
	}
	return nil
}

// Token checks a name that a program made, such as an id: as [Name], with any
// number of digits.
func Token(s string) error { return check(s, "-_./") }

// Version checks the version of an agent, such as 1.4.2 or
// v2.0.0-rc.1+build.5: as [Name], and also "+", ":" and "~".
func Version(s string) error { return check(s, "-_./+:~") }

// check checks the grammar of names with the given punctuation.
func check(s, punctuation string) error {
	switch {
	case s == "":
		return errors.New("is empty")
	case len(s) > MaxName:
		return fmt.Errorf("%s has %d characters; the limit is %d", quote(s), len(s), MaxName)
	case !alphanumeric(s[0]):
		return fmt.Errorf("%s must start with a letter or a digit", quote(s))
	}
	for i := range len(s) {
		if c := s[i]; !alphanumeric(c) && strings.IndexByte(punctuation, c) < 0 {
			return fmt.Errorf("%s may only have ASCII letters, digits and the characters %s", quote(s), punctuation)
		}
	}
	return nil
}

// alphanumeric reports whether c is an ASCII letter or digit.
func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// Principal checks the name of a person, a service or a scheduler, such as
// alice@fund.com or cron: 1 to 256 bytes of UTF-8 that all print. Control and
// format characters, among them those that reverse the direction of text, are
// refused: they could make one name look like another.
func Principal(s string) error {
	switch {
	case s == "":
		return errors.New("is empty")
	case len(s) > MaxPrincipal:
		return fmt.Errorf("%s has %d bytes; the limit is %d", quote(s), len(s), MaxPrincipal)
	case !utf8.ValidString(s):
		return fmt.Errorf("%s is not valid UTF-8", quote(s))
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%s has space around it", quote(s))
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%s has the character %U, which does not print", quote(s), r)
		}
	}
	return nil
}

// quote returns s for an error message: quoted, in ASCII, and not endless.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
