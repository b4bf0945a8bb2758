package redact

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBase64Run compares with a plain search.
func TestBase64Run(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	long := regexp.MustCompile(`[0-9A-Za-z+/_-]{16,}`)
	found := 0
	for range 20_000 {
		var b []byte
		for range r.IntN(60) {
			b = append(b, pick(r, []byte("aB3-_/+aaaaaaaaaaaaaaaaaaaaaaaaaa .:\xc3\xa9")...))
		}
		from := r.IntN(len(b) + 1)
		start, end := base64Run(b, from)
		want := long.FindIndex(b[from:])
		if want == nil {
			require.Negative(t, start, "%q", b)
			continue
		}
		found++
		require.Equal(t, []int{want[0] + from, want[1] + from}, []int{start, end}, "%q from %d", b, from)
	}
	require.Greater(t, found, 1000)
}

// TestNeverLong puts other digits into texts of which it says that nobody finds a long word in them.
func TestNeverLong(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 1))
	for _, r := range []*Redactor{fresh(t, Config{}).r, fresh(t, Config{Detectors: []string{groupAll}}).r} {
		never := 0
		for range 20_000 {
			var b []byte
			for range 16 + rnd.IntN(40) {
				b = append(b, pick(rnd, []byte("abcdefghiklmnoprstuvwyABCZ0123456789///--- ")...))
			}
			if !r.neverLong(b) {
				continue
			}
			never++
			for range 10 {
				for i, c := range b {
					if isDigit(c) {
						b[i] = '0' + byte(rnd.IntN(10))
					}
				}
				long, encoded := r.longWords(b)
				require.False(t, long || encoded, "%q", b)
			}
		}
		require.Greater(t, never, 1000)
	}
}
