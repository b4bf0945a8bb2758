package redact

import (
	"encoding/base64"
	"math/rand/v2"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
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

// TestEncodedJSON is on JSON in base64 and in percent-encoding, in which names count.
func TestEncodedJSON(t *testing.T) {
	r, err := New(Config{Keys: []KeyRule{{Name: "x_pin"}, {Pointer: "/a"}}, Keep: []string{"/password"}})
	require.NoError(t, err)
	for doc, mask := range map[string]string{
		`{"x_pin":"12","n":"nothing in it"}`:              "[REDACTED]",
		`{"name":"password","value":{"a":"hunter2"}}`:     "[SECRET]",
		`{"password":{"new":"hunter2"}}`:                  "[SECRET]", // what a pointer keeps is elsewhere
		`{"doc":"{\"x_pin\":\"12\",\"n\":[\"x\"]}"}`:      "[REDACTED]",
		`{"args":["sshpass","-p","hunter2"],"x_pin":"1"}`: "[REDACTED]",
	} {
		for _, encoded := range []string{base64.StdEncoding.EncodeToString([]byte(doc)), url.QueryEscape(doc), url.QueryEscape(base64.URLEncoding.EncodeToString([]byte(doc)))} {
			got, found := r.JSON([]byte(`{"m":"` + encoded + `"}`))
			assert.Contains(t, []string{`{"m":"` + mask + `"}`, `{"m":"` + url.QueryEscape(mask) + `"}`}, string(got), doc)
			assert.NotEmpty(t, found)
			again, _ := r.JSON(got)
			assert.Equal(t, string(got), string(again))
		}
	}
	for _, doc := range []string{`{"a":"of another place"}`, `{"name":"rows","value":{"a":"hunter2"}}`, `{"a":}`} {
		src := `{"m":"` + base64.StdEncoding.EncodeToString([]byte(doc)) + ` ` + url.QueryEscape(doc) + `"}`
		got, found := r.JSON([]byte(src))
		assert.Equal(t, src, string(got))
		assert.Empty(t, found)
	}
}
