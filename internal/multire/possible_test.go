package multire

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPossible(t *testing.T) {
	set, err := Compile([]string{`\b\d{3}\b`, `[0-4]{2}-`, `9`, `^$`, `a$`, `(?i)b`, `x*`})
	require.NoError(t, err)
	for _, c := range []struct {
		name, low, high string
		want            []int32
	}{
		{"nothing", "", "", []int32{3, 6}},
		{"one text", "123", "123", []int32{0, 6}},
		{"any digits", "000", "999", []int32{0, 2, 6}},
		{"digits with something behind", "00-a", "99-a", []int32{1, 2, 4, 6}},
		{"digits of which some are known", "50-a", "80-a", []int32{6, 4}},
		{"a word goes on", "000B", "888B", []int32{5, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.ElementsMatch(t, c.want, set.Possible(nil, []byte(c.low), []byte(c.high)))
		})
	}
	assert.Equal(t, []int32{7, 2, 6}, set.Possible([]int32{7}, []byte("9"), []byte("9")), "behind what is there, in order")
}

// TestPossibleOracle compares what may match with what does match in random texts: nothing else may, and if
// all bytes are known, all of it does.
func TestPossibleOracle(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	const ascii = "abkAK12_- \n"
	for range 300 {
		patterns := make([]string, 1+r.IntN(6))
		for i := range patterns {
			patterns[i] = randomPattern(r, 3)
		}
		set, err := Compile(patterns)
		require.NoError(t, err)
		low, high := make([]byte, r.IntN(10)), []byte{}
		for i := range low {
			low[i] = ascii[r.IntN(len(ascii))]
			high = append(high, min(low[i]+byte(r.IntN(r.IntN(12)+1)), 0x7F))
		}
		possible := set.Possible(nil, low, high)
		text, known := make([]byte, len(low)), true
		for range 8 {
			for i := range text {
				text[i] = low[i] + byte(r.IntN(int(high[i]-low[i])+1))
				known = known && low[i] == high[i]
			}
			var found []int32
			for _, h := range set.Scan(nil, text, whole(text)) {
				found = append(found, h.Pattern)
			}
			if known {
				require.Equal(t, found, possible, "seed %d: patterns %q, text %q", seed, patterns, text)
			}
			require.Subset(t, append(possible, -1), found, "seed %d: patterns %q, between %q and %q: %q", seed, patterns, low, high, text)
		}
	}
}
