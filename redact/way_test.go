package redact

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWays looks at values that come again and again but for their digits, and then at one of their form that
// must not be taken for one of them.
func TestWays(t *testing.T) {
	for _, c := range []struct{ name, usual, then string }{
		{"a card without a check digit", `{"v":"4111 1111 1111 111%d","w":1}`, `{"v":"4111 1111 1111 1111","w":1}`},
		{"an address that cannot be", `{"v":"1.2.3.99%d","w":1}`, `{"v":"1.2.3.199","w":1}`},
		{"numbers of nine digits", `{"ssn":"21909999%d","w":1}`, `{"ssn":"219099999","w":1}`},
		{"a number that is too large", `{"ssn":90000000%d,"w":1}`, `{"ssn":219099999,"w":1}`},
		{"a number that JSON does not have", `{"v":12%d,"w":1}`, `{"v":023,"w":1}`},
		{"a negative number that JSON does not have", `{"v":-12%d,"w":1}`, `{"v":-023,"w":1}`},
		{"a number goes on", `{"v":[12%d,{"w":1}]}`, `{"v":[1234,{"w":1}]}`},
		{"an order", `{"v":"ORD-123456%d","w":1}`, `{"v":"TEL-1234567","w":1}`},
		{"base64", `{"v":"bm90aGluZyBpbiBpdCBhdCBhbGw%d","w":1}`, `{"v":"Ym9iQGV4YW1wbGUuY29tIGlzIG1l0","w":1}`},
		{"digits in base64", `{"v":"dGhlIG1haWwgb2YgYm9iQGV4YW1wbGUuY29t%d","w":1}`, `{"v":"dGhlIG1haWwgb2YgYm9iQGV4YW1wbGUuY29t5","w":1}`},
		{"digits that make base64 text", `{"v":"Ym3YYUBleC5jbyBpcyBtZQ %d","w":1}`, `{"v":"Ym9YYUBleC5jbyBpcyBtZQ 5","w":1}`},
		{"a flag", `{"v":["-pass%d","hunter2","x"]}`, `{"v":["--password","hunter2","x"]}`},
		{"a name that asks", `{"date_of_birth":"199%d-01-02","w":1}`, `{"date_of_birth":"1970-01-02","w":1}`},
		{"midnight", `{"dob":"1970-01-02T10:00:0%dZ","w":1}`, `{"dob":"1970-01-02T00:00:00Z","w":1}`},
		{"midnight under another name", `{"at":"1970-01-02T0%d:00:00Z, born","w":1}`, `{"at":"1970-01-02T00:00:00Z, born","w":1}`},
		{"a time that is midnight", `{"at":"1970-01-02T01:0%d:00Z","w":1}`, `{"at":"1970-01-02T00:00:00Z","w":1}`},
		{"characters of two bytes", `{"é":"é1%d","w":"é"}`, `{"é":"é15","w":"é bob@example.com"}`},
		{"in a string", `{"v":"{\"a\":\"1.2.3.99%d\"}"}`, `{"v":"{\"a\":\"1.2.3.199\"}"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := Config{Detectors: []string{groupAll}}
			p := remembering{fresh(t, config)}
			for i := range 40 * manyJoins {
				p.Redact("", fmt.Appendf(nil, c.usual, i%10))
			}
			want, wantFound := fresh(t, config).r.JSON([]byte(c.then))
			got, found, _ := p.Redact("", []byte(c.then))
			assert.Equal(t, string(want), string(got))
			assert.Equal(t, wantFound, found)
		})
	}
}

// TestWaysAreJoined makes sure that what always comes together is looked for at once.
func TestWaysAreJoined(t *testing.T) {
	p := remembering{fresh(t, Config{Detectors: []string{groupAll}})}
	line := func(i int) []byte {
		return fmt.Appendf(nil, `{"at":"2026-04-30T06:00:%02d.%03dZ","order":"ORD-%07d","price":"%d.25","rows":%d,"tags":["a","b"]}`, i%60, i%1000, i, 1000+i%9000, 100+i%900)
	}
	for i := range 20 * manyJoins {
		p.Redact("", line(i))
	}
	root := p.shapes.roots[""]
	require.Len(t, root.next, 1)
	first := root.next[0].to
	require.Len(t, first.ways.known, 1)
	assert.Equal(t, `0000-00-00T01:00:00.000Z","order":"ORD-0000000","price":"0000.00","rows":100,"tags":["a","`, string(first.ways.known[0].low))
	_, _, skimmed := p.Redact("", line(123_456))
	assert.True(t, skimmed)
}

// TestWaysAreWorthTheirTime gives thousands of values whose forms cost milliseconds each to decide on.
func TestWaysAreWorthTheirTime(t *testing.T) {
	p := remembering{fresh(t, Config{Detectors: []string{groupAll}})}
	read, asked, price := 0, 0, 0
	for shape := range 4 {
		line := []byte(`{"e":null`)
		for i := range 400 {
			line = fmt.Appendf(line, `,"k%d.%d":"%s%03d"`, shape, i, strings.Repeat("0:1.", maxWay/8-2), i)
		}
		line = append(line, '}')
		for range 2 * manyRepeats {
			p.Redact("", line)
			read += len(line)
		}
		for _, at := range p.shapes.places {
			for i := range at.ways.seen {
				price = max(price, at.ways.seen[i].price())
			}
			if at.ways.exact || len(at.ways.known) > 0 {
				asked++
			}
		}
		p.shapes.forget()
	}
	assert.Positive(t, asked)
	assert.LessOrEqual(t, asked*price, maxCredit+read)
}

// TestWaysToNumbers gives a member numbers and texts in turn: both are on a way.
func TestWaysToNumbers(t *testing.T) {
	p := remembering{fresh(t, Config{})}
	lines := [][]byte{[]byte(`{"state":"ok","rows":41,"z":""}`), []byte(`{"state":"ok","rows":"41","z":""}`)}
	for i := range 20 * manyJoins {
		p.Redact("", lines[i%2])
	}
	for _, line := range lines {
		_, _, skimmed := p.Redact("", line)
		assert.True(t, skimmed, "%s", line)
	}
}

// TestForm compares with a plain look at each byte.
func TestForm(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	const bytes = `0123456789 aZ.:-"\{é`
	matched := 0
	for range 20_000 {
		text := make([]byte, r.IntN(40))
		for i := range text {
			text[i] = bytes[r.IntN(len(bytes))]
		}
		var f form
		digits := r.IntN(4) > 0
		f.set(text, digits, false)
		if cut := r.IntN(len(text) + 1); r.IntN(2) == 0 { // the same in two parts
			var a, b form
			a.set(text[:cut], digits, false)
			b.set(text[cut:], digits, false)
			both, ok := a.and(&b)
			if !ok {
				require.False(t, isASCII(text))
				continue
			}
			f = both
		}
		other := append([]byte(nil), text...)
		for i, c := range other {
			if isDigit(c) && r.IntN(3) > 0 {
				other[i] = '0' + byte(r.IntN(10))
			} else if r.IntN(60) == 0 {
				other[i] = bytes[r.IntN(len(bytes))]
			}
		}
		want := true
		for i, c := range other {
			want = want && (c == text[i] || f.loose && isDigit(c) && isDigit(text[i]))
		}
		require.Equal(t, want, f.begins(append(other, "and more of it"...)), "%q, %q", text, other)
		require.True(t, f.begins(text))
		require.Equal(t, len(text) == 0, f.begins(nil))
		if want {
			matched++
		}
	}
	assert.Greater(t, matched, 2000)
}
