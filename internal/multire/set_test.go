package multire

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
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

// sets compiles patterns once for each setting.
func sets(t testing.TB, patterns []string) (all []*Set) {
	t.Helper()
	for _, s := range settings {
		set, err := Compile(patterns)
		require.NoError(t, err, "%q", patterns)
		set.CacheBytes, set.credit = s.bytes, s.credit
		all = append(all, set)
	}
	return all
}

// whole is the one span of all of text.
func whole(text []byte) []Span { return []Span{{0, len(text)}} }

func TestScan(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{`foo`, []string{"foo", "a foo b", "fofoo"}, []string{"", "fo", "fo o"}},
		{`^foo$`, []string{"foo"}, []string{"foo\n", "\nfoo", "foofoo"}},
		{`(?m)^foo$`, []string{"foo", "foo\n", "a\nfoo\nb"}, []string{"a foo", "foo b"}},
		{`\Afoo|bar\z`, []string{"foo", "bar", "foo\n"}, []string{"a foo", "bar\n"}},
		{`\bfoo\b`, []string{"foo", "-foo-", "éfooé"}, []string{"foot", "_foo"}},
		{`\B`, []string{"", "ab", "-", "é é"}, []string{"a", "aéa"}}, // none within a character
		{`(?i)straße`, []string{"STRAßE", "StraẞE"}, []string{"strasse"}},
		{`(?i)k`, []string{"k", "K", "\u212A"}, []string{"q"}},
		{`a.c`, []string{"abc", "aéc", "a\U0001F600c", "a\xFFc"}, []string{"a\nc", "a\xC3\xA9\xFFc"}},
		{`(?s)a.c`, []string{"a\nc"}, []string{"ac"}},
		{`^[^a]$`, []string{"é", "\xFF", "\uFFFD"}, []string{"a", "\xFF\xFF", "\xE2\x82"}},
		{`\x{FFFD}`, []string{"\uFFFD", "\xFF", "a\xE2\x82", "\xED\xA0\x80"}, []string{"é", ""}},
		{`^\x{FFFD}{3}$`, []string{"\xED\xA0\x80", "\xF4\x90\x80"[:3], "\xC0\x80\xFF"}, []string{"\xED\xA0", "\uFFFD"}},
		{`\p{Greek}+\d`, []string{"λόγος7"}, []string{"λόγος 7", "logos7"}},
		{`[^\x00-\x{10FFFF}]`, nil, []string{"", "a"}},
		{`\d{3}-\d{4}`, []string{"call 555-1234"}, []string{"55-1234", "555 1234"}},
	} {
		for i, set := range sets(t, []string{c.pattern}) {
			for _, text := range c.yes {
				assert.NotEmpty(t, set.Scan(nil, []byte(text), whole([]byte(text))), "%s in %q, %s", c.pattern, text, settings[i].name)
			}
			for _, text := range c.no {
				assert.Empty(t, set.Scan(nil, []byte(text), whole([]byte(text))), "%s in %q, %s", c.pattern, text, settings[i].name)
			}
			for _, text := range append(c.yes, c.no...) {
				require.Len(t, oracle(t, []string{c.pattern}, []byte(text), whole([]byte(text))), len(set.Scan(nil, []byte(text), whole([]byte(text)))))
			}
		}
	}
}

// TestOracle compares random patterns on random texts with regexp.
func TestOracle(t *testing.T) {
	rounds := 1500
	if testing.Short() {
		rounds = 150
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
		for range 3 {
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

var broken = []string{"\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xED\xA0\x80", "\x80", "\xC0\xAF", "\xF4\x90\x80\x80"}

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
		`.`, `\d`, `\w`, `\W`, `\s`, `\S`, `[a-k]`, `[^a]`, `[^\n\d]`, `[é-€]`, `[^é-\x{FFFF}]`, `\pL`, `\PL`, `[[:alpha:]]`, `\p{Greek}`,
		`^`, `$`, `\A`, `\z`, `\b`, `\B`, `(?m:^)`, `(?m:$)`, `(?s:.)`, `(?i:k)`, `(?i:É)`, `(?i:[a-k])`, `[\x{FFFD}-\x{10FFFF}]`, `[^\x{80}-\x{10FFFF}]`,
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
	f.Add(`[^a]\B`, `\x{FFFD}`, []byte("\xE2\x82\xF0"))
	f.Fuzz(func(t *testing.T, one, two string, text []byte) {
		patterns := []string{one, two}
		for _, p := range patterns {
			if _, err := regexp.Compile(p); err != nil || len(p) > 30 {
				return
			}
		}
		if _, err := Compile(patterns); err != nil {
			require.ErrorIs(t, err, ErrTooBig)
			return
		}
		half := len(text) / 2
		spans := []Span{{0, len(text)}, {0, half}, {half, len(text)}, {half, half}, {0, len(text)}}
		want := oracle(t, patterns, text, spans)
		for i, set := range sets(t, patterns) {
			require.Equal(t, want, set.Scan(nil, text, spans), settings[i].name)
		}
	})
}
