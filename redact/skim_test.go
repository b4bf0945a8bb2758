package redact

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// remembering looks at one value after the other with one pass, which thus knows all shapes that came before.
type remembering struct{ *pass }

func (r remembering) Redact(field string, src []byte) (out []byte, found []Redaction, skimmed bool) {
	r.begin(src)
	out, found = r.redact(field, src)
	r.end()
	r.begin(src)
	r.field = field
	skimmed = len(src) <= maxShape && r.skim(len(src))
	r.end()
	return out, found, skimmed
}

// fresh returns a pass that remembers nothing.
func fresh(t testing.TB, c Config) *pass {
	t.Helper()
	r, err := New(c)
	require.NoError(t, err)
	return r.passes.New().(*pass)
}

// values makes JSON of a few shapes, in which most values are harmless, and come again.
type values struct {
	*rand.Rand
	usual, harmless, found []string
	now                    string // what many values are for a while
}

func newValues(seed uint64) *values {
	r := rand.New(rand.NewPCG(seed, 9))
	l := &values{Rand: r, harmless: negatives(r, 500)}
	for _, p := range numPositives(r) {
		l.found = append(l.found, p.text)
	}
	l.usual = []string{"ok", "true", "none", "***", "feed is stale", "2026-04-30T06:00:00Z"}
	l.harmless = append(l.harmless, "", "2026-04-30T06:00:00.123456Z", `a "b" \ c`, "é", "line\nline",
		"plexifact://prod/catalog/equity-prices/2026-04-30", "0xabc", strings.Repeat("word ", 40), "token", "sessions", "password", "dGhlIGZlZWQgaXMgc3RhbGU=")
	l.found = append(l.found, "bob@example.com", "é bob@example.com", `{"password":"hunter2"}`, "password=hunter2hunter2", "Ym9iQGV4YW1wbGUuY29tIGlzIG1l", "bob%40example.com",
		"AKIAIOSFODNN7EXAMPLE", "hunter2hunter2", "10.1.2.3", "EMP-1234")
	return l
}

func (l *values) text() string {
	if l.IntN(40) == 0 {
		l.now = pick(l.Rand, l.usual[l.IntN(len(l.usual))], l.found[l.IntN(len(l.found))])
	}
	switch l.IntN(40) {
	case 4, 5, 6, 7:
		return l.now
	case 0:
		return l.found[l.IntN(len(l.found))]
	case 1, 2, 3:
		raw, _ := json.Marshal(l.object(1 + l.IntN(2)))
		return string(raw)
	case 8:
		return "{" + l.harmless[l.IntN(len(l.harmless))] + "}"
	case 13, 14: // what somebody looks at for its length only
		return pick(l.Rand, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "Ym9iQGV4YW1wbGUuY29tIGlzIG1l", "dGhlIGZlZWQgaXMgc3RhbGU=", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi")
	case 9, 10, 11, 12:
		return l.harmless[l.IntN(len(l.harmless))]
	}
	return l.usual[l.IntN(len(l.usual))]
}

func (l *values) value(depth int) any {
	switch l.IntN(10) {
	case 0:
		return l.IntN(100)
	case 1:
		return json.Number(strconv.FormatInt(l.Int64N(1e10), 10))
	case 2:
		return l.IntN(2) == 0
	case 3:
		return nil
	case 4:
		if depth > 0 {
			return l.object(depth - 1)
		}
	case 5:
		list := []any{}
		for range l.IntN(4) {
			list = append(list, l.value(depth-1))
		}
		return list
	case 6:
		return -1.5
	}
	return l.text()
}

// names of members: some are those of secrets, or of what a rule is for.
var memberNames = strings.Fields("id seq skill at note outputs phone password token_count api_key run_id user_token a b pin name type value 0 é bob@example.com")

func (l *values) object(depth int) map[string]any {
	m := map[string]any{}
	for range 1 + l.IntN(5) {
		m[memberNames[l.IntN(1+l.IntN(len(memberNames)))]] = l.value(depth)
	}
	return m
}

// line returns one of a few shapes, with new values.
func (l *values) line(shapes []any) []byte {
	raw, _ := json.Marshal(l.like(shapes[l.IntN(len(shapes))]))
	return raw
}

// like returns a value of the same shape, but for some members.
func (l *values) like(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for name, value := range v {
			if l.IntN(30) > 0 {
				m[name] = l.like(value)
			}
		}
		return m
	case []any:
		list := []any{}
		for _, value := range v {
			for range pick(l.Rand, 1, 1, 1, 1, 1, 1, 1, 0, 2) {
				list = append(list, l.like(value))
			}
		}
		return list
	case string:
		if l.now != "" && l.IntN(4) == 0 {
			return l.now
		}
		switch l.IntN(4) {
		case 0, 1:
			return v
		case 2:
			return l.digits(v)
		}
		return l.text()
	case int:
		return pick(l.Rand, v, v, l.IntN(10), l.IntN(1e6))
	case nil, bool:
		if l.IntN(20) == 0 {
			return l.value(1)
		}
	}
	return v
}

// digits returns text with other digits.
func (l *values) digits(text string) string {
	return strings.Map(func(c rune) rune {
		if '0' <= c && c <= '9' {
			return rune('0' + l.IntN(10))
		}
		return c
	}, text)
}

// TestSkimOracle compares a redactor that remembers shapes with one that does not, on values of
// which many have one shape.
func TestSkimOracle(t *testing.T) {
	configs := map[string]Config{
		"secrets": {},
		"all":     {Detectors: []string{groupAll}},
		"rules": {
			Detectors: []string{"email", "phone"},
			Patterns:  []Pattern{{Name: "employee", Regexp: `EMP-(\d+)`, Group: 1}, {Name: "end", Regexp: `^ok$|stale$`, Operator: Drop}},
			Keys:      []KeyRule{{Name: "*_token"}, {Pointer: "/a/*/b", Operator: Drop}, {Pointer: "/*/*/pin"}},
			Keep:      []string{"/run_id", "/outputs/*/id", "/a/id"},
		},
		"numbers":  {Keys: []KeyRule{{Pointer: "/a/1"}}, Keep: []string{"/outputs/0", "/b/0/password"}},
		"no rules": {Keep: []string{"/a/1", "/*/0/note", "/b/2/*", "/0", "/00"}},
		"any rule": {Keys: []KeyRule{{Pointer: "/*/*/*"}}},
	}
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			fast, r := remembering{fresh(t, c)}, fresh(t, c).r
			same, n, seeds := 0, 250, uint64(20)
			if testing.Short() {
				seeds = 8
			}
			for seed := range seeds {
				l := newValues(seed)
				shapes := make([]any, 3)
				for i := range shapes {
					shapes[i] = l.object(3)
				}
				for i := range n {
					line := l.line(shapes)
					if l.IntN(50) == 0 && len(line) > 2 { // broken
						at := l.IntN(len(line) - 1)
						line = append(line[:at:at], line[at+1+l.IntN(len(line)-at-1):]...)
					}
					field := pick(l.Rand, "", "", "", "outputs.contact", "decisions.values.phone", "password")
					p := r.passes.New().(*pass)
					p.begin(line)
					want, wantFound := p.redact(field, line)
					got, found, skimmed := fast.Redact(field, line)
					require.Equal(t, string(want), string(got), "seed %d, line %d, field %q", seed, i, field)
					require.Equal(t, wantFound, found, "seed %d, line %d, field %q: %s", seed, i, field, line)
					if skimmed {
						same++
					}
				}
			}
			assert.Greater(t, same, n/2, "how many are recognised")
		})
	}
}

// TestTextIsJSON compares what is made of a line with what is made of the JSON in it, by a redactor that remembers
// shapes.
func TestTextIsJSON(t *testing.T) {
	c := Config{
		Detectors: []string{groupAll}, Keys: []KeyRule{{Name: "*_token"}, {Pointer: "/a/*/b", Operator: Drop}}, Keep: []string{"/run_id"},
		Patterns: []Pattern{{Name: "employee", Regexp: `EMP-(\d+)`, Group: 1}},
	}
	r := fresh(t, c).r
	redacted := 0
	for seed := range uint64(4) {
		l := newValues(seed)
		shapes := []any{l.object(3), l.object(3)}
		for i := range 100 {
			line := l.line(shapes)
			want, wantFound := r.JSON(line)
			got, found := r.Text(string(line))
			require.Equal(t, string(want), got, "seed %d, line %d", seed, i)
			require.Equal(t, wantFound, found, "seed %d, line %d", seed, i)
			explained, finds := r.Explain(string(line))
			require.Equal(t, got, explained)
			if len(finds) > 0 {
				redacted++
			}
		}
	}
	assert.Greater(t, redacted, 40)
}

// TestSkimSeesTypes gives values of one shape that mean another thing each.
func TestSkimSeesTypes(t *testing.T) {
	p := remembering{fresh(t, Config{})}
	for i := range 2 * manyRepeats {
		p.Redact("", []byte(`{"type":"thing","value":"hunter2xyz`+strconv.Itoa(i)+`"}`))
	}
	out, found, _ := p.Redact("", []byte(`{"type":"password","value":"hunter2xyz1"}`))
	assert.Equal(t, `{"type":"password","value":"[SECRET]"}`, string(out))
	assert.Equal(t, []Redaction{{"value", "secret_value", 1}}, found)
}

// TestSkimSeesEscapedFlags gives an array, which named nothing before, elements that name the next one, in escapes.
func TestSkimSeesEscapedFlags(t *testing.T) {
	p := remembering{fresh(t, Config{})}
	for i := range 2 * manyRepeats {
		p.Redact("", []byte(`{"args":["run","job`+strconv.Itoa(i)+`"]}`))
	}
	for _, flag := range []string{`--pass\u0077ord`, `\u002d-password`, `-\u002dpassword`, `\u002d\u0070assword`} {
		out, found, _ := p.Redact("", []byte(`{"args":["`+flag+`","hunter2"]}`))
		assert.Equal(t, `{"args":["`+flag+`","[SECRET]"]}`, string(out))
		assert.Equal(t, []Redaction{{"args", "secret_value", 1}}, found)
	}
}

// TestLongPathsAreNotRemembered looks at one line with thousands of places below a name that takes half of it.
func TestLongPathsAreNotRemembered(t *testing.T) {
	p := remembering{fresh(t, Config{})}
	line := []byte(`{"` + strings.Repeat("x", maxShape/2) + `":{"0":""`)
	for i := 1; len(line) < maxShape-16; i++ {
		line = append(line, `,"`+strconv.Itoa(i)+`":""`...)
	}
	p.Redact("", append(line, '}', '}'))
	assert.LessOrEqual(t, p.shapes.bytes, 2*maxShape)
	assert.Empty(t, p.shapes.places)
}

// TestManyPlacesAreBounded looks at one line with more places than are remembered.
func TestManyPlacesAreBounded(t *testing.T) {
	p := remembering{fresh(t, Config{})}
	line := []byte(`{"0":""`)
	for i := 1; len(line) < maxShape-16; i++ {
		line = append(line, `,"`+strconv.Itoa(i)+`":""`...)
	}
	p.Redact("", append(line, '}'))
	assert.LessOrEqual(t, p.shapes.bytes, maxShapes+8<<10)
}

// TestShapesAreBounded looks at values of which no two have a shape, and at some that have one.
func TestShapesAreBounded(t *testing.T) {
	p := remembering{fresh(t, Config{})}
	usual := []byte(`{"agent":"feed-monitor","rows":41}`)
	for i := range 5_000 {
		p.Redact("", []byte(`{"`+strconv.Itoa(i)+strings.Repeat("x", 100)+`":"a","b":["c",1,{"d":null}]}`))
		require.LessOrEqual(t, p.shapes.bytes, maxShapes+8<<10)
	}
	assert.Less(t, p.shapes.count, 4*(2*maxSpent+5_000/maxSpent), "few are learned")
	known := 0
	for range 2 * maxSpent {
		if _, _, skimmed := p.Redact("", usual); skimmed {
			known++
		}
	}
	assert.Greater(t, known, maxSpent/2, "a new shape that comes again is learned in the end")
}

// TestSkimTellsElementsApart is on elements that pointers tell from others by their numbers, in a shape that is known.
func TestSkimTellsElementsApart(t *testing.T) {
	p := remembering{fresh(t, Config{Detectors: []string{groupAll}, Keep: []string{"/a/1", "/b/0/c"}})}
	for range 3 {
		p.Redact("", []byte(`{"a":["x","y","z","w"],"b":[{"c":"x"},{"c":"y"}]}`))
	}
	for src, want := range map[string]string{
		`{"a":["x","j@x.org","z","w"],"b":[{"c":"j@x.org"},{"c":"y"}]}`: `{"a":["x","j@x.org","z","w"],"b":[{"c":"j@x.org"},{"c":"y"}]}`,
		`{"a":["j@x.org","y","z","w"],"b":[{"c":"x"},{"c":"j@x.org"}]}`: `{"a":["[EMAIL]","y","z","w"],"b":[{"c":"x"},{"c":"[EMAIL]"}]}`,
		`{"a":["x","y","j@x.org","w"],"b":[{"c":"x"},{"c":"y"}]}`:       `{"a":["x","y","[EMAIL]","w"],"b":[{"c":"x"},{"c":"y"}]}`,
		`{"a":["x","y","z","j@x.org"],"b":[{"c":"x"},{"c":"y"}]}`:       `{"a":["x","y","z","[EMAIL]"],"b":[{"c":"x"},{"c":"y"}]}`,
	} {
		got, _, skimmed := p.Redact("", []byte(src))
		assert.Equal(t, want, string(got))
		assert.True(t, skimmed, src)
	}
}
