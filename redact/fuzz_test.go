package redact

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// fuzzed is a redactor with everything on, and settings that get in each other's
// way, which keeps what pointers lead to.
func fuzzed(t testing.TB, keep ...string) *Redactor {
	t.Helper()
	r, err := New(Config{
		Detectors: []string{groupAll},
		Patterns: []Pattern{
			{Name: "employee", Regexp: `EMP-(\d+)`, Group: 1, Operator: Drop},
			{Name: "word", Regexp: `\bsecret\w*`, Operator: Pseudonym},
			{Name: "near", Regexp: `\d{3}`, Keywords: []string{"EMAIL", "near"}},
			{Name: "mail", Regexp: `EMAIL\] +\w`},
		},
		Keys: []KeyRule{
			{Name: "*_token"}, {Name: "*email*", Operator: LastFour}, {Name: "pin", Operator: Pseudonym},
			{Pointer: "/a/*/b", Operator: Drop},
		},
		Operators:  map[string]Operator{"credit_card": LastFour, "email": Pseudonym, "secrets": Pseudonym},
		Keep:       keep,
		Pseudonyms: StaticKey("k3", []byte("0123456789abcdef")),
	})
	require.NoError(t, err)
	return r
}

// keysOf returns the number of members of each object in a JSON value, in order.
func keysOf(t *testing.T, src []byte) (counts []int) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber() // no number is too large
	var open []int  // tokens in each array or object, negative for an array
	for {
		tok, err := dec.Token()
		if err != nil {
			return counts
		}
		if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
			counts = append(counts, open[len(open)-1])
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 {
			open[len(open)-1]++
		}
		if _, ok := tok.(json.Delim); ok {
			open = append(open, 0)
		}
	}
}

func FuzzRedactJSON(f *testing.F) {
	for _, s := range []string{
		`{"a":"bob@x.com","n":4111111111111111,"b":[1,true,null,"x"]}`,
		`{"a":"{\"e\":\"bob@x.com\",\"k\":\"{\\\"z\\\":\\\"q\\\",\\\"y\\\":\\\"bob@x.com\\\"}\"}"}`,
		`{"api-token":"x","t":{"API_TOKEN":[1,true,{"a":"b"}]}}`,
		`{"pin":1234567890,"a":[{"b":"y"},{"z":1,"b":false}],"hm":"hello"}`,
		`{"run_id":"bob@x.com","bob@x.com":"bob%40x.com","b":"Ym9iQHguY29tIGlzIG1l"}`,
		`{"name":"user_token","value":"z","k":"\u0062ob\u0040x.com\ud83d\ude00 \/ ok"}`,
		`{"value":"z","NAME":"bob@x.com_token","k":"EMP-1234"}`,
		`{"a.email@x.com":"5","k":"near 123 bob@x.com b"}`,
		`["--pin","x","--password","bob@x.com"]`, `{"type":"phone","value":"089123456"}`, `{"password":{"value":["bob@x.com","x"]}}`, `{"headers":[["x-token","bob@x.com"],["a"]]}`,
		`["sshpass","-p","bob@x.com"]`, `{"command":"curl","args":["-u","bob@x.com:x"]}`, `{"kind":"Secret","data":{"a":"x"}}`, `{"sensitive":true,"value":{"a":["x"]}}`,
		`{"cookies":{"sid":"bob@x.com"}}`, `{"name":"password","old":{"a":"x","b":{"c":"y"}},"new":"bob@x.com"}`, `{"headers":["X-Token","x"]}`, `["eyJ1c2VyX3Rva2VuIjoieCIsImEiOlsiYiJdfQ", "%7B%22pin%22%3A%221%22%7D"]`,
		`["%7B%22a%22%3A%22bob%2540x.com%22%7D", "\ud800", "bob@x.com 41111111EMP-111111111"]`,
		`[[[[1e5,-0.1,"secret[EMAIL]secrets"]]]]`, `"\u0000[EMAIL:k3:aaaa]"`, `{"a":`, "\"\xff\"", ``,
	} {
		f.Add([]byte(s))
	}
	r := fuzzed(f, "/run_id", "/a/0")
	shaped := fuzzed(f, "/run_id") // remembers shapes, since no pointer has a number
	f.Fuzz(func(t *testing.T, src []byte) {
		before := bytes.Clone(src)
		out, found := r.JSON(src)
		require.Equal(t, before, src, "the source is not changed")
		p := shaped.passes.New().(*pass)
		p.begin(src)
		want, _ := p.redact("", src)
		got, _ := shaped.JSON(src)
		require.Equal(t, string(want), string(got), "what came before changes nothing")
		require.True(t, json.Valid(out), "%s", out)
		require.True(t, utf8.Valid(out))
		if !json.Valid(src) {
			require.Equal(t, `"[REDACTED:error]"`, string(out))
			return
		}
		if len(found) == 0 && utf8.Valid(src) {
			require.Equal(t, string(src), string(out), "what nothing was found in stays")
		}
		if string(out) != `"[REDACTED:error]"` {
			require.Equal(t, keysOf(t, src), keysOf(t, out))
		}
		again, more := r.JSON(out)
		require.Equal(t, string(out), string(again), "a second look changes nothing")
		require.Empty(t, more)
		in, _ := r.Redact("outputs.user_name", src)
		again, _ = r.Redact("outputs.user_name", in)
		require.Equal(t, string(in), string(again))
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{
		"bob@x.com EMP-77 [EMAIL]", "[EMAIL:k3:abcdefghijklmnopabcdefghijklmnop]", "a@[EMAIL]b.com", "near 123 456",
		"https://bob%40x.com:pw@host/?q=bob%40x.com", "Basic Ym9iQHguY29tOmh1bnRlcjI=", `{"a":"bob@x.com"`, "\xff bob@x.com",
		strings.Repeat("4111111111111111 ", 4), "EMP-1EMP-11 bob@EMP-1x.com", "EMAIL] x [EMAIL] y",
	} {
		f.Add(s)
	}
	r := fuzzed(f, "/run_id", "/a/0")
	f.Fuzz(func(t *testing.T, s string) {
		out, found := r.Text(s)
		require.True(t, utf8.ValidString(out))
		if len(found) == 0 && utf8.ValidString(s) {
			require.Equal(t, s, out)
		}
		again, more := r.Text(out)
		require.Equal(t, out, again)
		require.Empty(t, more)
		same, all := r.Explain(s)
		require.Equal(t, out, same)
		n := 0
		for _, f := range found {
			n += f.Count
		}
		for _, f := range all {
			require.LessOrEqual(t, f.Offset, len(s)+3*len(s))
			n--
		}
		for _, f := range found {
			if f.Detector == errorDetector {
				n -= f.Count // nothing to explain
			}
		}
		require.Zero(t, n)
	})
}
