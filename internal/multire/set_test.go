package multire

import (
	"fmt"
	"math/rand/v2"
	"regexp/syntax"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
		{`\x{FFFD}\d|\x{D800}`, []string{"\xFF1"}, []string{"\uFFFD", "\xED\xA0\x80"}},
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

// TestScanMany has more spans than a batch and more patterns than a word of bits, some of which match everything.
func TestScanMany(t *testing.T) {
	patterns := []string{"", "x*"}
	for i := range 130 {
		patterns = append(patterns, fmt.Sprintf("<%d>", i))
	}
	var text []byte
	var spans []Span
	r := rand.New(rand.NewPCG(1, 1))
	for range batch + 7 {
		start := len(text)
		for range r.IntN(3) {
			text = fmt.Appendf(text, "<%d>", r.IntN(140))
		}
		spans = append(spans, Span{start, len(text)})
	}
	r.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
	want := oracle(t, patterns, text, spans)
	before := Hit{-1, -1}
	for i, set := range sets(t, patterns) {
		got := set.Scan([]Hit{before}, text, spans)
		require.Equal(t, append([]Hit{before}, want...), got, settings[i].name)
	}
}

func TestScanNothing(t *testing.T) {
	none, err := Compile(nil)
	require.NoError(t, err)
	assert.Empty(t, none.Scan(nil, []byte("abc"), []Span{{0, 3}}))
	some, err := Compile([]string{"a", "^$"})
	require.NoError(t, err)
	assert.Empty(t, some.Scan(nil, []byte("abc"), nil))
	assert.Equal(t, []Hit{{0, 1}, {1, 1}}, some.Scan(nil, nil, []Span{{0, 0}, {0, 0}}))
}

// TestScanAfterPanic scans on with the same set: the cache of the scan that panicked is given up.
func TestScanAfterPanic(t *testing.T) {
	set, err := Compile([]string{"a"})
	require.NoError(t, err)
	text := []byte("xxxa")
	assert.Panics(t, func() { set.Scan(nil, text, []Span{{0, 4}, {2, 9}}) })
	assert.Equal(t, []Hit{{1, 0}}, set.Scan(nil, text, []Span{{0, 3}, {0, 4}}))
}

// TestScanAtOnce scans with one set from many goroutines.
func TestScanAtOnce(t *testing.T) {
	patterns := []string{`\d{3}-\d{4}`, `(?i)secret`, `\bk\b`, `\pL$`}
	set, err := Compile(patterns)
	require.NoError(t, err)
	set.CacheBytes = 1 << 12
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 7))
		wg.Go(func() {
			for range 100 {
				text, spans := randomText(r)
				assert.Equal(t, oracle(t, patterns, text, spans), set.Scan(nil, text, spans))
			}
		})
	}
	wg.Wait()
	assert.NotEmpty(t, set.free)
	assert.LessOrEqual(t, len(set.free), runtime.GOMAXPROCS(0))
}

func TestCompileErrors(t *testing.T) {
	_, err := Compile([]string{"a", "b(", "c"})
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 1, e.Index)
	var bad *syntax.Error
	require.ErrorAs(t, err, &bad)
	assert.Equal(t, syntax.ErrMissingParen, bad.Code)
	assert.EqualError(t, err, "pattern 1: error parsing regexp: missing closing ): `b(`")

	for pattern, fits := range map[string]bool{
		`(?:(?:.{10}){10}){10}`:                                  true,
		`(?:(?:abcdefgh){30}){30}`:                               true,
		`(?:(?:.{10}){10}){10}\pL{1000}`:                         false, // of bytes
		`(?:[a-z]{900}|b){0}` + strings.Repeat(`[b-y]{999}`, 70): false, // of characters
	} {
		set, err := Compile([]string{"a", pattern})
		if fits {
			require.NoError(t, err, pattern)
			assert.Less(t, len(set.program.insts), maxPattern+100, pattern)
			continue
		}
		require.ErrorIs(t, err, ErrTooBig, pattern)
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 1, e.Index)
	}

	_, err = Compile(slices.Repeat([]string{`(?:(?:.{10}){10}){8}`}, 200))
	require.ErrorIs(t, err, ErrTooBig)
	require.ErrorAs(t, err, &e)
	assert.Greater(t, e.Index, 100, "each of them fits")
}
