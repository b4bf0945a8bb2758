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
