package redact

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// positive is a text in which a detector must find one value.
type positive struct {
	detector   string
	key        string
	text       string
	start, end int // the value, in text
}

// pick returns one of list.
func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// fill replaces in a template # by a digit, N by one from 2 to 9, and A by a capital letter.
func fill(r *rand.Rand, template string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case '#':
			return '0' + r.Int32N(10)
		case 'N':
			return '2' + r.Int32N(8)
		case 'A':
			return 'A' + r.Int32N(26)
		}
		return c
	}, template)
}

// digits keeps the digits of s.
func digits(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsDigit(c) {
			return c
		}
		return -1
	}, s)
}

// group cuts s after so many characters each time, with sep between, and leaves the rest as the last group.
func group(s, sep string, sizes ...int) string {
	var parts []string
	for _, n := range sizes {
		if n >= len(s) {
			break
		}
		parts = append(parts, s[:n])
		s = s[n:]
	}
	return strings.Join(append(parts, s), sep)
}

// placed is a positive: a value in the place of %s in a text.
func placed(detector, key, text, value string) positive {
	before, after, _ := strings.Cut(text, "%s")
	return positive{detector, key, before + value + after, len(before), len(before) + len(value)}
}

// value is what must be found.
func (p positive) value() string { return p.text[p.start:p.end] }

// chars returns n characters of a set.
func chars(r *rand.Rand, set string, n int) string {
	w := make([]byte, n)
	for i := range w {
		w[i] = set[r.IntN(len(set))]
	}
	return string(w)
}
