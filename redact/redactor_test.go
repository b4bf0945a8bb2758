package redact

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// redactorOf returns a redactor with a test's settings.
func redactorOf(t testing.TB, c Config) *Redactor {
	t.Helper()
	r, err := New(c)
	require.NoError(t, err)
	return r
}

func TestJSON(t *testing.T) {
	r := redactorOf(t, Config{Detectors: []string{groupAll}, Keep: []string{"/run_id", "/ids/*", "/a~1b/0/c"}})
	deep := strings.Repeat("[", 256) + `"a@fund.com"` + strings.Repeat("]", 256)
	for name, tc := range map[string]struct{ in, want string }{
		"text":                  {`"a@fund.com"`, `"[EMAIL]"`},
		"name and value":        {`{"a@fund.com": "to b@fund.com, c@fund.com"}`, `{"[EMAIL]": "to [EMAIL], [EMAIL]"}`},
		"space stays":           {"\t{ \"a\" :\r\n[ \"a@fund.com\" ,1 ] } ", "\t{ \"a\" :\r\n[ \"[EMAIL]\" ,1 ] } "},
		"other escapes stay":    {`{"\u0061\/":"\u0041\/","b":"a@fund.com"}`, `{"\u0061\/":"\u0041\/","b":"[EMAIL]"}`},
		"escapes":               {`"\u0061\u0040fund.com\n\ud83d\ude00\ud83d\"\\\/"`, `"[EMAIL]\n😀` + "\uFFFD" + `\"\\/"`},
		"JSON in a string":      {`{"a":"{\"b\":\"a@fund.com\",\"c\":[1, 2]}"}`, `{"a":"{\"b\":\"[EMAIL]\",\"c\":[1, 2]}"}`},
		"JSON four layers deep": {quoted(4, `{"a":"a@fund.com"}`), quoted(4, `{"a":"[EMAIL]"}`)},
		"layers beyond":         {quoted(7, `{"a":"a@fund.com"}`), quoted(7, `{"a":"[EMAIL]"}`)},
		"no JSON in a string":   {`"{\"a\":\"a@fund.com\"]}"`, `"{\"a\":\"[EMAIL]\"]}"`},
		"card as a number":      {`[4111111111111111, 4111111111111111.5, -4111111111111111]`, `["[CARD]", 4111111111111111.5, -4111111111111111]`},
		"percent-encoded":       {`"https://h.example/a%40fund.com?x=1%20"`, `"https://h.example/%5BEMAIL%5D?x=1%20"`},
		"base64":                {`"data: d3JpdGUgdG8gYUBmdW5kLmNvbQ==."`, `"data: [EMAIL]."`},
		"base64 of JSON":        {`["eyJ0byI6ImFAZnVuZC5jb20ifQ"]`, `["[EMAIL]"]`},
		"base64 in a path":      {`"/v1/d3JpdGUgdG8gYUBmdW5kLmNvbQ"`, `"/v1/[EMAIL]"`},
		"name gives context":    {`{"phone":["4155552671"],"count":"4155552671"}`, `{"phone":["[PHONE]"],"count":"4155552671"}`},
		"secret by its name":    {`{"password":"hunter2-hunter2","pass":{"a":"b"}}`, `{"password":"[SECRET]","pass":{"a":"b"}}`},
		"secret by its sibling": {`{"name":"db_password","value":"hunter2-hunter2"}`, `{"name":"db_password","value":"[SECRET]"}`},
		"sibling that follows":  {`[{"value":"hunter2-hunter2","Key":"password"}]`, `[{"value":"[SECRET]","Key":"password"}]`},
		"kept":                  {`{"run_id":"a@fund.com","ids":["a@fund.com",{"x":"a@fund.com"}],"a/b":[{"c":"a@fund.com"},{"c":"a@fund.com"}]}`, `{"run_id":"a@fund.com","ids":["a@fund.com",{"x":"a@fund.com"}],"a/b":[{"c":"a@fund.com"},{"c":"[EMAIL]"}]}`},
		"masks":                 {`"[EMAIL] [CARD:1111] [SECRET]"`, `"[EMAIL] [CARD:1111] [SECRET]"`},
		"half a mask":           {`"[EMAIL a@fund.com] [email]"`, `"[EMAIL [EMAIL]] [email]"`},
		"raw UTF-8":             {"\"a@fund.com\xff\"", "\"[EMAIL]\uFFFD\""},
		"deep":                  {deep, strings.ReplaceAll(deep, "a@fund.com", "[EMAIL]")},
		"too deep":              {"[" + deep + "]", `"[REDACTED:error]"`},
		"no JSON":               {`a@fund.com`, `"[REDACTED:error]"`},
		"two values":            {`1 2`, `"[REDACTED:error]"`},
		"cut off":               {`{"a":"b`, `"[REDACTED:error]"`},
		"wrong escape":          {`"\x"`, `"[REDACTED:error]"`},
		"wrong number":          {`[01]`, `"[REDACTED:error]"`},
		"nothing":               {``, `"[REDACTED:error]"`},
	} {
		t.Run(name, func(t *testing.T) {
			out, found := r.JSON([]byte(tc.in))
			assert.Equal(t, tc.want, string(out))
			assert.Equal(t, tc.in != tc.want, len(found) > 0)
			again, _ := r.JSON(out)
			assert.Equal(t, string(out), string(again))
		})
	}
}

// quoted returns JSON with a string around it, layer by layer.
func quoted(layers int, value string) string {
	for range layers {
		b, err := json.Marshal([]string{value})
		if err != nil {
			panic(err)
		}
		value = string(b)
	}
	return value
}

// Names of secrets that are short are secret words of which the end counts.
func TestShortNamesOfSecrets(t *testing.T) {
	r := redactorOf(t, Config{})
	for _, name := range []string{"pass", "pw", "auth", "jwt", "otp", "db_pass", "senha", "cvv", "cvc"} {
		out, _ := r.JSON([]byte(`{"` + name + `":"4921xZ77"}`))
		assert.Equal(t, `{"`+name+`":"[SECRET]"}`, string(out))
	}
}

func TestUntouchedIsTheSameSlice(t *testing.T) {
	r := redactorOf(t, Config{Detectors: []string{groupAll}, Keys: []KeyRule{{Name: "*_token"}, {Pointer: "/a/b"}}})
	for _, s := range []string{`{"a":1,"tokens":[1,2]}`, `"\u0061"`, ` [] `, `{"at":"2026-04-30T14:00:00Z","id":"run_01kqf86q00e2wt4c9m7xz3n5rd","n":"{\"a\":\"b\"}"}`} {
		src := []byte(s)
		out, found := r.JSON(src)
		assert.Same(t, &src[0], &out[0])
		assert.Len(t, out, len(src))
		assert.Nil(t, found)
	}
	entry := []byte(`{"run_id":"run_01kqf86q00e2wt4c9m7xz3n5rd","at":"2026-04-30T14:00:00Z","outputs":{"rows":41,"body":"{\"a\":[\"b\"]}","feed":"equity-prices"}}`)
	if !testing.Short() { // the race detector allocates
		defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection may take what waits for the next call
		measure := func() float64 { return testing.AllocsPerRun(100, func() { r.JSON(entry) }) }
		measure() // until all that an entry like this one teaches is remembered
		assert.Zero(t, measure())
	}
}

func TestRedactSeesWhereAValueStands(t *testing.T) {
	r := redactorOf(t, Config{Detectors: []string{groupAll}, Keys: []KeyRule{
		{Name: "*_token"}, {Pointer: "/outputs/salary"}, {Pointer: "/decisions/*/values/score", Operator: Drop}, {Pointer: "/people/*/desk"},
	}})
	for _, tc := range []struct{ field, in, want string }{
		{"outputs.phone", `"4155552671"`, `"[PHONE]"`},
		{"outputs.count", `"4155552671"`, `"4155552671"`},
		{"outputs.api_token", `[17,true,null,"x",""]`, `["[REDACTED]","[REDACTED]",null,"[REDACTED]",""]`},
		{"outputs.salary", `17`, `"[REDACTED]"`},
		{"tasks.inputs.salary", `17`, `17`},
		{"decisions.values.score", `{"a":0.5}`, `{"a":null}`},
		{"outputs.people", `[{"desk":1,"name":"x"}]`, `[{"desk":"[REDACTED]","name":"x"}]`},
		{"tasks.outputs.people", `[{"desk":1,"name":"x"}]`, `[{"desk":"[REDACTED]","name":"x"}]`},
		{"outputs", `"session_token"`, `"session_token"`},
		{"errors.message", `"to a@fund.com"`, `"to [EMAIL]"`},
		{"", `"to a@fund.com"`, `"to [EMAIL]"`},
	} {
		out, found := r.Redact(tc.field, []byte(tc.in))
		assert.Equal(t, tc.want, string(out), tc.field)
		for _, f := range found {
			assert.Equal(t, tc.field, f.Field)
		}
	}
}

func TestOperators(t *testing.T) {
	c := Config{Detectors: []string{groupAll}, Pseudonyms: StaticKey("k3", []byte("a key for tests!"))}
	const in = `{"a":"a@fund.com","b":"4111 1111 1111 1111 or A@FUND.com","c":["a@fund.com"]}`
	for name, tc := range map[string]struct {
		operators map[string]Operator
		want      string
	}{
		"mask":              {nil, `{"a":"[EMAIL]","b":"[CARD] or [EMAIL]","c":["[EMAIL]"]}`},
		"last4":             {map[string]Operator{"pii": LastFour}, `{"a":"[EMAIL]","b":"[CARD:1111] or [EMAIL]","c":["[EMAIL]"]}`},
		"drop":              {map[string]Operator{"email": Drop}, `{"a":null,"b":"[CARD] or ","c":[null]}`},
		"one before groups": {map[string]Operator{"all": Drop, "pii": LastFour, "email": Mask}, `{"a":"[EMAIL]","b":"[CARD:1111] or [EMAIL]","c":["[EMAIL]"]}`},
		"hmac":              {map[string]Operator{"email": Pseudonym}, `{"a":"P","b":"[CARD] or P","c":["P"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			c.Operators = tc.operators
			r := redactorOf(t, c)
			p, err := r.Pseudonym("email", "a@fund.com")
			require.NoError(t, err)
			out, _ := r.JSON([]byte(in))
			assert.Equal(t, strings.ReplaceAll(tc.want, "P", p), string(out))
		})
	}
}

// The last four show no more than what is printed on receipts.
func TestWhatShowsItsLastFour(t *testing.T) {
	var names []string
	for _, d := range builtin() {
		if d.keep > 0 {
			names = append(names, d.name)
		}
	}
	assert.ElementsMatch(t, []string{"credit_card", "iban"}, names)
}

func TestPseudonymsDependOnKeyAndDetector(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range []string{"a key for tests!", "another key of me"} {
		r := redactorOf(t, Config{Pseudonyms: StaticKey("k3", []byte(key))})
		for _, d := range []string{"email", "phone", keyDetector} {
			p, err := r.Pseudonym(d, "a@fund.com")
			require.NoError(t, err)
			assert.Regexp(t, `^\[[A-Z]+:k3:[a-p]{32}\]$`, p)
			letters := p[strings.LastIndexByte(p, ':'):]
			assert.False(t, seen[letters])
			seen[letters] = true
		}
	}
	_, err := redactorOf(t, Config{}).Pseudonym("email", "a")
	require.ErrorIs(t, err, ErrInvalid)
	_, err = redactorOf(t, Config{}).Pseudonym("nobody", "a")
	require.ErrorIs(t, err, ErrInvalid)
}

// failing is a key provider that fails after it was asked once.
type failing struct{ asked int }

func (f *failing) Current() (string, []byte, error) {
	if f.asked++; f.asked > 1 {
		return "", nil, errors.New("key store is down")
	}
	return "k3", []byte("a key for tests!"), nil
}

func TestWhatFailsCloses(t *testing.T) {
	r := redactorOf(t, Config{Detectors: []string{"email"}, Operators: map[string]Operator{"email": Pseudonym}, Keys: []KeyRule{{Name: "x", Operator: Pseudonym}}, Pseudonyms: new(failing)})
	out, found := r.JSON([]byte(`{"a":["a@fund.com","b"],"x":1}`))
	assert.Equal(t, `{"a":["[REDACTED:error]","b"],"x":"[REDACTED:error]"}`, string(out))
	assert.Equal(t, []Redaction{{"x", "error", 1}, {"a", "error", 1}}, found)

	r = redactorOf(t, Config{Detectors: []string{"email"}})
	for _, d := range r.detectors {
		d.find = func(*text, []hit) []hit { panic("a detector") }
	}
	out, found = r.JSON([]byte(`{"a":"a@fund.com"}`))
	assert.Equal(t, `{"a":"[REDACTED:error]"}`, string(out))
	assert.Equal(t, []Redaction{{"a", "error", 1}}, found)
}

func TestLargeTexts(t *testing.T) {
	r := redactorOf(t, Config{})
	large := strings.Repeat("a", maxValue+1)
	out, found := r.JSON([]byte(`{"a":"` + large + `","b":"` + large[1:] + `"}`))
	assert.Equal(t, `{"a":"[REDACTED:large]","b":"`+large[1:]+`"}`, string(out))
	assert.Equal(t, []Redaction{{"a", "error", 1}}, found)
	text, _ := r.Text(large)
	assert.Equal(t, "[REDACTED:large]", text)
}

func TestSettingsThatAreWrong(t *testing.T) {
	key := StaticKey("k3", []byte("a key for tests!"))
	for says, c := range map[string]Config{
		`there is no detector "emial"`:         {Detectors: []string{"emial"}},
		`pattern custom "(": error parsing`:    {Patterns: []Pattern{{Regexp: "("}}},
		`"a*": it matches the empty string`:    {Patterns: []Pattern{{Regexp: "a*"}}},
		`"\\bx?": it matches the empty string`: {Patterns: []Pattern{{Regexp: `\bx?`}}},
		`it has 1 groups, and group 2`:         {Patterns: []Pattern{{Regexp: "(a)", Group: 2}}},
		`pattern "a b": a name has`:            {Patterns: []Pattern{{Name: "a b", Regexp: "a"}}},
		`the name "email" of a pattern is`:     {Patterns: []Pattern{{Name: "email", Regexp: "a"}}},
		`the name "pii" of a pattern is`:       {Patterns: []Pattern{{Name: "pii", Regexp: "a"}}},
		`cannot be empty`:                      {Patterns: []Pattern{{Regexp: "a", Allow: []string{""}}}},
		`there is no operator "hide"`:          {Patterns: []Pattern{{Regexp: "a", Operator: "hide"}}},
		`an operator for "emial"`:              {Operators: map[string]Operator{"emial": Mask}},
		`operator of email: invalid settings`:  {Operators: map[string]Operator{"email": "hide"}},
		`either a name or a pointer`:           {Keys: []KeyRule{{Name: "a", Pointer: "/a"}}},
		`neither letters nor digits`:           {Keys: []KeyRule{{Name: "_*-*"}}},
		`"a/b" is no JSON pointer`:             {Keys: []KeyRule{{Pointer: "a/b"}}},
		`~ must be written ~0`:                 {Keep: []string{"/a~b"}},
		`needs Config.Pseudonyms`:              {Keys: []KeyRule{{Name: "a", Operator: Pseudonym}}},
		`has 4 bytes; it needs at least 16`:    {Pseudonyms: StaticKey("k3", []byte("tiny"))},
		`1 to 16 letters and digits, not "k:"`: {Pseudonyms: StaticKey("k:", []byte("a key for tests!"))},
	} {
		_, err := New(c)
		require.ErrorIs(t, err, ErrInvalid, says)
		require.ErrorContains(t, err, says)
		assert.Regexp(t, "^redact: ", err.Error())
		assert.Equal(t, 1, strings.Count(err.Error(), "redact: "), "%v", err)
	}
	_, err := New(Config{Detectors: []string{groupAll, "email"}, Operators: map[string]Operator{"mine": Pseudonym, "custom": Drop, "secrets": Mask}, Patterns: []Pattern{{Name: "mine", Regexp: "x"}}, Pseudonyms: key})
	require.NoError(t, err)
}

func TestPatterns(t *testing.T) {
	r := redactorOf(t, Config{Patterns: []Pattern{
		{Name: "acc", Regexp: `ACC-([0-9]+)`, Group: 1, Allow: []string{"0"}},
		{Regexp: `[0-9]{3}`, Keywords: []string{"Desk"}, Operator: LastFour},
	}})
	for in, want := range map[string]string{
		`"ACC-12 ACC-0"`: `"ACC-[ACC] ACC-0"`,
		`"123"`:          `"123"`,
		`"desk 123"`:     `"desk [CUSTOM]"`,
		`{"DESK":"123"}`: `{"DESK":"[CUSTOM]"}`,
		`"123` + strings.Repeat(" ", 65) + `desk"`: `"123` + strings.Repeat(" ", 65) + `desk"`,
		`"ACC\u002d12"`: `"ACC-[ACC]"`,
	} {
		out, _ := r.JSON([]byte(in))
		assert.Equal(t, want, string(out))
	}
}

// Each text takes time in proportion to its size, whatever it says.
func TestLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("reads large texts")
	}
	r := redactorOf(t, Config{Detectors: []string{groupAll}, Keys: []KeyRule{{Name: "*a*b*c"}, {Pointer: "/*/*/x"}}})
	for _, part := range []string{"0123456789", `\u0061\"`, "-. :/1", "a@b.", "%41%4", "aGVsbG8gd29ybGQs", "[EMAIL]", "[", "a@example.com ", "4111111111111111 ", "a:b:", `","`, `[`, `{"a":`, `{\"a\":[`, "=", "password=", "\u00e9"} {
		src := []byte(`["` + strings.Repeat(part, 128<<10/len(part)) + `"]`)
		start := time.Now()
		r.JSON(src)
		// Some hundred times what it takes; what is quadratic takes minutes.
		assert.Less(t, time.Since(start), 10*time.Second, part)
	}
}

// A pattern that looks for an end at each of its matches would take time in
// proportion to the square of the text.
func TestPatternThatReadsOn(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a text many times")
	}
	r := redactorOf(t, Config{Patterns: []Pattern{{Name: "on", Regexp: `a.*z|a`}, {Name: "two", Regexp: `bc?`}}})
	text, _ := r.Text(strings.Repeat("a", 64<<10))
	assert.Equal(t, "[ON]", text)
	text, _ = r.Text(strings.Repeat("a", 400))
	assert.Equal(t, strings.Repeat("[ON]", 400), text)
	text, _ = r.Text(strings.Repeat("b", 10_000))
	assert.Equal(t, strings.Repeat("[TWO]", 10_000), text, "a pattern of bounded length has no such limit")
}

func TestManyGoroutines(t *testing.T) {
	r := redactorOf(t, Config{Detectors: []string{groupAll}})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				out, found := r.JSON(fmt.Appendf(nil, `{"i":%d,"to":"a%d@fund.com","n":"{\"j\":%d}"}`, i, j, j))
				assert.Equal(t, fmt.Sprintf(`{"i":%d,"to":"[EMAIL]","n":"{\"j\":%d}"}`, i, j), string(out))
				assert.Equal(t, []Redaction{{"to", "email", 1}}, found)
			}
		})
	}
	wg.Wait()
}

func TestExplain(t *testing.T) {
	r := redactorOf(t, Config{Detectors: []string{"email"}, Keys: []KeyRule{{Name: "x"}}})
	const line = `{"é":"to a@fund.com","n":"{\"m\":[\"a@fund.com\"]}","b":"\u0041 b@fund.com","x":1}`
	out, found := r.Explain(line)
	assert.Equal(t, `{"é":"to [EMAIL]","n":"{\"m\":[\"[EMAIL]\"]}","b":"A [EMAIL]","x":"[REDACTED]"}`, out)
	at := func(s string) int { return strings.Index(line, s) }
	want := []Finding{
		{Field: "x", Offset: at("1}"), Detector: "key", Why: "rule for the name x", Replacement: "[REDACTED]"},
		{Field: "é", Offset: at("a@"), Detector: "email", Why: found[1].Why, Replacement: "[EMAIL]"},
		{Field: "n.m", Offset: at(`{\"m`), Detector: "email", Why: found[1].Why, Replacement: "[EMAIL]"},
		{Field: "b", Offset: at(`\u0041`), Detector: "email", Why: found[1].Why, Replacement: "[EMAIL]"},
	}
	assert.Equal(t, want, found)
	assert.NotEmpty(t, found[1].Why)
}
