package vaultcfg

import "strings"

// nearest returns the candidate that word is most likely a typo of, or short for,
// if any is near enough: one edit in three characters, and none in a candidate of
// two or three. Upper and lower case do not count, nor does a hyphen for an
// underscore.
func nearest(word string, candidates []string) (string, bool) {
	best, least := "", 0
	for _, candidate := range candidates {
		if len(word) >= 3 && strings.HasPrefix(fold(candidate), fold(word)) {
			return candidate, true
		}
		limit := len(candidate) / 3
		if len(candidate) <= 3 {
			limit = 0 // L1 and L2 are one edit apart, and no typo of each other
		}
		// An edit changes the length by one at most, so this spares the work
		// for a word that cannot be near, which may be very long.
		if max(len(word)-len(candidate), len(candidate)-len(word)) > limit {
			continue
		}
		if d := distance(fold(word), fold(candidate)); d <= limit && (best == "" || d < least) {
			best, least = candidate, d
		}
	}
	return best, best != ""
}

func fold(word string) string {
	return strings.ReplaceAll(strings.ToLower(word), "-", "_")
}

// distance returns the number of edits that make a into b: a byte inserted,
// removed or replaced, or two neighbours swapped (the optimal string alignment
// distance).
func distance(a, b string) int {
	// The three latest rows of the table whose cell [i][j] is the distance of
	// the first i bytes of a from the first j bytes of b.
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
