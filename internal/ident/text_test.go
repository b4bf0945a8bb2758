package ident

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"feed is stale":         "feed is stale",
		"größer als 5 %":        "größer als 5 %",
		"a\nb\tc\u00a0d\u2028e": "a b c d e",
		"\x1b[31mred":           "�[31mred",
		"\u202eevil":            "�evil",
		"a\xff\xfeb":            "a��b",
	} {
		assert.Equal(t, want, Text(in, 256), "%q", in)
	}
}

func TestClipSaysWhatIsGone(t *testing.T) {
	s := strings.Repeat("é", 500)
	got := Clip(s, 256)
	assert.LessOrEqual(t, len(got), 256)
	assert.True(t, utf8.ValidString(got))
	assert.True(t, strings.HasSuffix(got, fmt.Sprintf("… [1000 bytes, sha256 %x]", sha256.Sum256([]byte(s)))))
	assert.Equal(t, "fine\n", Clip("fine\n", 128))
	assert.Equal(t, "a�", Clip("a\xff", 128))
	assert.Len(t, Clip(strings.Repeat("x", 128), 1), 128, "no limit is below 128")
	// What grows by being made valid is cut as well, and the hash is that of
	// what was given.
	bad := strings.Repeat("\xff\x01", 100)
	assert.Contains(t, Clip(bad, 256), fmt.Sprintf("%x", sha256.Sum256([]byte(bad))))
}

func FuzzText(f *testing.F) {
	f.Add("a\xff\u202e", 10)
	f.Add(strings.Repeat("\xe2\x80", 200), 200)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 128 + int(uint(limit)%1000)
		clipped := Clip(s, limit)
		require.LessOrEqual(t, len(clipped), limit)
		require.True(t, utf8.ValidString(clipped))
		text := Text(s, limit)
		require.LessOrEqual(t, len(text), limit)
		for _, r := range text {
			require.True(t, unicode.IsPrint(r) || r == utf8.RuneError, "%q", r)
		}
		require.Equal(t, text, Text(text, limit), "what is valid stays as it is")
	})
}
