package multire

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile are patterns for which some texts need ever new states, and such a text.
func hostile(bytes int) (patterns []string, text []byte) {
	r := rand.New(rand.NewPCG(3, 4))
	text = make([]byte, bytes)
	for i := range text {
		text[i] = "ab1 -"[r.IntN(5)]
	}
	return []string{`(?:a|b|1)*a(?:a|b|1| ){14}c`, `(?:[\da][ -]?){12,18}x`, `\bfoo\b`}, text
}

// cut returns spans of n bytes.
func cut(text []byte, n int) (spans []Span) {
	for start := 0; start < len(text); start += n {
		spans = append(spans, Span{start, min(start+n, len(text))})
	}
	return spans
}

// cacheOf returns the one cache that a set has.
func cacheOf(t testing.TB, set *Set) *cache {
	t.Helper()
	require.Len(t, set.free, 1)
	return set.free[0]
}

// TestLinear counts steps, which are what is slow: a byte takes one at most, even if no
// state that was made is ever of use again.
func TestLinear(t *testing.T) {
	patterns, text := hostile(1 << 14)
	for i, set := range sets(t, patterns) {
		for _, spans := range [][]Span{whole(text), cut(text, 40)} {
			set.Scan(nil, nil, []Span{{0, 0}})
			c := cacheOf(t, set)
			before := c.round
			set.Scan(nil, text, spans)
			firsts := contexts * (len(c.last) + 1)
			assert.LessOrEqual(t, int(c.round-before), len(text)+len(spans)+firsts, settings[i].name)
		}
	}
}

// TestCredit holds what building states may cost: what was saved up at first, and what walking earns.
func TestCredit(t *testing.T) {
	patterns, text := hostile(1 << 17)
	set, err := Compile(patterns)
	require.NoError(t, err)
	set.credit = 1000 * transitionCost
	set.Scan(nil, text, cut(text, 1000))
	c := cacheOf(t, set)
	built := 0
	for number := 1; number < len(c.list); number++ {
		for _, b := range c.last {
			if c.table[number<<8|int(b)]&unknown == 0 {
				built++
			}
		}
	}
	assert.LessOrEqual(t, built, 1000+len(text)/transitionCost)
	assert.Greater(t, built, 1000, "walking earned nothing")
	assert.Less(t, c.credit, int64(100*transitionCost), "the text was not hostile")
}

// TestBudget holds the size of a cache while it is emptied over and over.
func TestBudget(t *testing.T) {
	patterns, text := hostile(1 << 16)
	set, err := Compile(patterns)
	require.NoError(t, err)
	set.CacheBytes, set.credit = 1<<15, 1<<40
	for range 5 {
		set.Scan(nil, text, cut(text, 500))
		c := cacheOf(t, set)
		assert.LessOrEqual(t, c.bytes(0), set.CacheBytes+c.bytes(20)/len(c.list))
		assert.Less(t, 2*cap(c.table)+4*(cap(c.words)+cap(c.spare)), 2*set.CacheBytes)
	}
}

// TestMostStates fills a cache that may have all the memory that it wants.
func TestMostStates(t *testing.T) {
	if testing.Short() {
		t.Skip("the oracle needs a second")
	}
	_, text := hostile(1 << 18)
	patterns := []string{`a[ab1 -]{15}c`} // a state for each way in which the last 16 bytes can be a or not
	set, err := Compile(patterns)
	require.NoError(t, err)
	set.CacheBytes, set.credit = 1<<30, 1<<40
	spans := cut(text, 1<<14)
	require.Equal(t, oracle(t, patterns, text, spans), set.Scan(nil, text, spans))
	c := cacheOf(t, set)
	assert.LessOrEqual(t, len(c.list), maxStates)
	assert.Greater(t, cap(c.list), maxStates/2)
	assert.NotEmpty(t, c.spare, "the cache was never full")
}

// TestWarm holds that a scan of text like that before makes nothing new.
func TestWarm(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	set, err := Compile(append(userPatterns(64), triggers...))
	require.NoError(t, err)
	text, spans := auditEntry(r, 20_000, true)
	text = append(text, "and \xFF\xFE"...)
	spans = append(spans, Span{len(text) - 6, len(text)})
	hits := set.Scan(nil, text, spans)
	require.NotEmpty(t, hits)
	c := cacheOf(t, set)
	before := c.round
	assert.Zero(t, testing.AllocsPerRun(10, func() { hits = set.Scan(hits[:0], text, spans) }))
	assert.Equal(t, before, c.round)
}

// TestReturn holds that a long text which was hostile for a while is walked by states again.
func TestReturn(t *testing.T) {
	patterns, text := hostile(1 << 12)
	set, err := Compile(patterns)
	require.NoError(t, err)
	set.credit = 100 * transitionCost
	text = append(text, strings.Repeat("nothing to see ", 1<<13)...)
	set.Scan(nil, text, whole(text))
	assert.Less(t, int(cacheOf(t, set).round), len(text)/2)
}

// TestWays holds that the settings of the other tests take the ways that they are there for.
func TestWays(t *testing.T) {
	patterns, text := hostile(1 << 12)
	states := map[string]int{}
	for i, set := range sets(t, patterns) {
		set.Scan(nil, text, cut(text, 100))
		states[settings[i].name] = len(cacheOf(t, set).list)
	}
	assert.Greater(t, states["default"], 500)
	assert.LessOrEqual(t, states["flushed"], fewestStates+1)
	assert.Greater(t, states["short of credit"], 4)
	assert.Less(t, states["short of credit"], 200)
	assert.Equal(t, 2, states["simulated"], "idle and start")
}
