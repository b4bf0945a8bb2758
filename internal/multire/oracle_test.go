package multire

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// oracle says by regexp, pattern after pattern, what Scan must find.
func oracle(t testing.TB, patterns []string, text []byte, spans []Span) (hits []Hit) {
	t.Helper()
	compiled := make([]*regexp.Regexp, len(patterns))
	for i, p := range patterns {
		re, err := regexp.Compile(p)
		require.NoError(t, err)
		compiled[i] = re
	}
	for i, s := range spans {
		for j, re := range compiled {
			if re.Match(text[s.Start:s.End]) {
				hits = append(hits, Hit{int32(i), int32(j)})
			}
		}
	}
	return hits
}

// settings are caches that take every way through the engine: states for all, ever
// new states, states until the credit is gone, and none at all.
var settings = []struct {
	name   string
	bytes  int
	credit int64
}{
	{"default", 0, 0},
	{"flushed", 1, 1 << 30},
	{"short of credit", 4096, 20 * transitionCost},
	{"simulated", 0, 1},
}

// sets returns a set of patterns for each setting.
func sets(t testing.TB, patterns []string) (all []*Set) {
	t.Helper()
	set, err := Compile(patterns)
	require.NoError(t, err, "%q", patterns)
	for _, s := range settings {
		all = append(all, &Set{program: set.program, CacheBytes: s.bytes, credit: s.credit})
	}
	return all
}

// whole is the one span of all of text.
func whole(text []byte) []Span { return []Span{{0, len(text)}} }

// TestOracle compares random patterns on random texts with regexp.
func TestOracle(t *testing.T) {
	rounds := 500
	if testing.Short() {
		rounds = 50
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	pairs := 0
	for range rounds {
		patterns := make([]string, 1+r.IntN(8))
		for i := range patterns {
			patterns[i] = randomPattern(r, 4)
		}
		all := sets(t, patterns)
		for range 8 {
			text, spans := randomText(r)
			want := oracle(t, patterns, text, spans)
			for i, set := range all {
				got := set.Scan(nil, text, spans)
				require.Equal(t, want, got, "seed %d, %s: patterns %q, text %q, spans %v", seed, settings[i].name, patterns, text, spans)
			}
			pairs += len(patterns) * len(spans)
		}
	}
	t.Logf("%d pairs of a pattern and a span", pairs)
}

// alphabet holds what patterns and texts are made of: few characters, so that
// they meet, of all lengths in UTF-8, and what is no UTF-8.
var alphabet = []string{"a", "b", "k", "A", "K", "1", "2", "_", "-", " ", "\n", "é", "É", "ſ", "\u212A", "€", "\uFFFD", "\U0001F600", "\U00010400"}

var broken = []string{"\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xED\xA0\x80", "\x80", "\xC0\xAF", "\xF4\x90\x80\x80", "\xF8"}

func randomText(r *rand.Rand) (text []byte, spans []Span) {
	var b []byte
	for range r.IntN(12) {
		start := len(b)
		for range r.IntN(r.IntN(20) + 1) {
			if r.IntN(40) == 0 {
				b = append(b, broken[r.IntN(len(broken))]...)
				continue
			}
			b = append(b, alphabet[r.IntN(len(alphabet))]...)
		}
		spans = append(spans, Span{start, len(b)})
		b = append(b, alphabet[r.IntN(len(alphabet))]...)
	}
	return b, spans
}

func randomPattern(r *rand.Rand, depth int) string {
	atoms := []string{
		`.`, `\d`, `\w`, `\W`, `\s`, `\S`, `[a-k]`, `[^a]`, `[^\n\d]`, `[é-€]`, `[^é-\x{800}]`, `\pL`, `\PL`, `[[:alpha:]]`, `\p{Greek}`,
		`^`, `$`, `\A`, `\z`, `\b`, `\B`, `(?m:^)`, `(?m:$)`, `(?s:.)`, `(?i:k)`, `(?i:É)`, `(?i:[a-k])`, `[\x{FFFD}-\x{10400}]`, `[^\x{80}-\x{10FFFF}]`,
	}
	if depth == 0 || r.IntN(4) == 0 {
		if r.IntN(2) == 0 {
			return regexp.QuoteMeta(alphabet[r.IntN(len(alphabet))])
		}
		return atoms[r.IntN(len(atoms))]
	}
	sub := func() string { return randomPattern(r, depth-1) }
	switch r.IntN(7) {
	case 0:
		return "(?:" + sub() + "|" + sub() + ")"
	case 1:
		return "(" + sub() + ")" + []string{"*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}"}[r.IntN(10)]
	case 2:
		return "(?i:" + sub() + ")"
	default:
		return sub() + sub()
	}
}

func FuzzSet(f *testing.F) {
	f.Add(`a.c|\bk`, `(?i)é+$`, []byte("aéc K\xFFé"))
	f.Add(`\d{2,4}`, `(?m)^\W`, []byte("12\n-34\n"))
	f.Add(``, `0`, []byte(""))
	f.Add(`[^a]\B`, `\x{FFFD}`, []byte("\xE2\x82\xF0"))
	f.Fuzz(func(t *testing.T, one, two string, text []byte) {
		patterns := []string{one, two}
		for _, p := range patterns {
			if _, err := regexp.Compile(p); err != nil || len(p) > 30 {
				return
			}
		}
		set, err := Compile(patterns)
		if err != nil {
			require.ErrorIs(t, err, ErrTooBig)
			return
		}
		if len(set.program.insts)*len(text) > 1<<20 {
			return // right, but slow in regexp too
		}
		half := len(text) / 2
		spans := []Span{{0, len(text)}, {0, half}, {half, len(text)}, {half, half}, {0, len(text)}}
		want := oracle(t, patterns, text, spans)
		for i, set := range sets(t, patterns) {
			require.Equal(t, want, set.Scan(nil, text, spans), settings[i].name)
		}
	})
}
