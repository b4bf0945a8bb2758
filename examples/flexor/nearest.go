package main

import "strings"

// nearest returns the candidate that word is most likely a typo of, or short
// for, if any is near enough: a third of its letters may differ.
func nearest(word string, candidates []string) (string, bool) {
	word = strings.ToLower(word)
	best, least := "", 0
	for _, c := range candidates {
		if len(word) >= 3 && strings.HasPrefix(strings.ToLower(c), word) {
			return c, true
		}
		// A length that differs is at least so many edits, which spares the
		// work for a word that may be very long.
		limit := len(c) / 3
		if max(len(c)-len(word), len(word)-len(c)) > limit {
			continue
		}
		if d := distance(word, strings.ToLower(c)); d <= limit && (best == "" || d < least) {
			best, least = c, d
		}
	}
	return best, best != ""
}

// distance is the Levenshtein distance of two words in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			edit := diagonal
			if a[i] != b[j] {
				edit++
			}
			diagonal = row[j+1]
			row[j+1] = min(edit, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
