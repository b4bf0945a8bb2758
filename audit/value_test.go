package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

type panicky struct{}

func (panicky) MarshalJSON() ([]byte, error) { panic(panicky{}) }
func (panicky) String() string               { panic(panicky{}) }

type panickyError struct{}

func (panickyError) Error() string   { panic(panickyError{}) }
func (panickyError) Is(error) bool   { panic("is") }
func (panickyError) Unwrap() []error { panic("unwrap") }

type invalidJSON struct{}

func (invalidJSON) MarshalJSON() ([]byte, error) { return []byte(`{"a":`), nil }

type multiline struct{}

func (multiline) MarshalJSON() ([]byte, error) { return []byte("{\n\"a\":\r\n1}"), nil }

type badUTF8 struct{}

func (badUTF8) MarshalJSON() ([]byte, error) { return []byte("\"a\xff\""), nil }

type opaque struct{ secret string }

func (o opaque) String() string { return "opaque " + o.secret }

type pointerError struct{ msg string }

func (e *pointerError) Error() string { return e.msg }

type color int

func (color) String() string { return "red" }

type inner struct {
	Deep chan int
	Rows int `json:"rows"`
}

type outer struct {
	inner
	Name    string `json:"name,omitempty"`
	Hidden  string `json:"-"`
	Err     error
	private int
	Next    *outer `json:"next,omitempty"`
}

func cyclicMap() map[string]any {
	m := map[string]any{}
	m["self"] = m
	return m
}

// shared is a small value that has 2^levels parts in JSON.
func shared(levels int) any {
	type node struct{ A, B *node }
	n := &node{}
	for range levels {
		n = &node{n, n}
	}
	return n
}

// repeat returns a list of n times the same value.
func repeat[T any](v T, n int) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = v
	}
	return list
}

func TestEncode(t *testing.T) {
	cyclic := &outer{Name: "a"}
	cyclic.Next = cyclic
	var nilMap map[string]int
	var nilErr *pointerError
	for name, tc := range map[string]struct {
		v    any
		want string // with … for anything
	}{
		"nil":             {nil, `null`},
		"string":          {"a\"\\\n\t\r\x01<é\u2028", `"a\"\\\n\t\r\u0001<é\u2028"`},
		"invalid UTF-8":   {"a\xffb", `"a�b"`},
		"bool":            {true, `true`},
		"int":             {-7, `-7`},
		"int8":            {int8(-7), `-7`},
		"uint64":          {uint64(math.MaxUint64), `18446744073709551615`},
		"float":           {0.1, `0.1`},
		"small float":     {1e-9, `1e-09`},
		"large float":     {1e21, `1e+21`},
		"float32":         {float32(0.1), `0.1`},
		"NaN":             {math.NaN(), `{"flexor.unencodable":"float64","why":"NaN"}`},
		"infinite":        {math.Inf(-1), `{"flexor.unencodable":"float64","why":"-Inf"}`},
		"time":            {time.Date(2026, 4, 30, 16, 0, 0, 5, time.FixedZone("", 7200)), `"2026-04-30T14:00:00.000000005Z"`},
		"duration":        {90 * time.Minute, `"1h30m0s"`},
		"error":           {errors.New("gone"), `"gone"`},
		"nil error":       {nilErr, `null`},
		"bytes":           {[]byte("hi"), `"aGk="`},
		"raw":             {json.RawMessage(`{"a":1}`), `{"a":1}`},
		"raw, lines":      {json.RawMessage("{\n\"a\":1}"), `{"a":1}`},
		"raw, invalid":    {json.RawMessage(`{"a"`), `{"flexor.unencodable":"json.RawMessage","why":"…`},
		"raw, not UTF-8":  {json.RawMessage("\"\xff\""), `"�"`},
		"raw, too deep":   {json.RawMessage(strings.Repeat("[", 5000) + strings.Repeat("]", 5000)), `{"flexor.unencodable":"json.RawMessage",…`},
		"marshaler":       {big.NewInt(12), `12`},
		"text marshaler":  {netip.MustParseAddr("10.0.0.1"), `"10.0.0.1"`},
		"marshaler panic": {panicky{}, `{"flexor.unencodable":"audit_test.panicky","why":"panic: audit_test.panicky"}`},
		"marshaler junk":  {invalidJSON{}, `{"flexor.unencodable":"audit_test.invalidJSON",…`},
		"marshaler lines": {multiline{}, `{"a":1}`},
		"marshaler UTF-8": {badUTF8{}, `"a�"`},
		"error panic":     {panickyError{}, `"audit_test.panickyError: its Error method panicked: audit_test.panickyError"`},
		"stringer":        {opaque{"x"}, `"opaque x"`},
		"enum":            {color(3), `3`},
		"url":             {url.URL{Host: "a"}, `{"Scheme":"",…`},
		"chan":            {make(chan int), `{"flexor.unencodable":"chan int","why":"json: unsupported type: chan int"}`},
		"func":            {func() {}, `{"flexor.unencodable":"func()",…`},
		"complex":         {complex(1, 2), `{"flexor.unencodable":"complex128",…`},
		"nil map":         {nilMap, `null`},
		"map":             {map[string]any{"b": 1, "a": []int{1}}, `{"a":[1],"b":1}`},
		"map, one bad":    {map[string]any{"b": make(chan int), "a": 1}, `{"a":1,"b":{"flexor.unencodable":"chan int",…}}`},
		"map, bad keys":   {map[float64]int{1: 1}, `{"flexor.unencodable":"map[float64]int",…`},
		"map, int keys":   {map[int]any{2: math.NaN(), 1: 1}, `{"1":1,"2":{"flexor.unencodable":"float64",…}}`},
		"map, typed keys": {map[netip.Addr]any{netip.MustParseAddr("::1"): make(chan int)}, `{"::1":{"flexor.unencodable":"chan int",…}}`},
		"slice, one bad":  {[]any{1, math.NaN(), "x"}, `[1,{"flexor.unencodable":"float64",…},"x"]`},
		"errors":          {[]error{errors.New("a"), nil}, `["a",null]`},
		"error in map":    {map[string]any{"e": errors.New("a")}, `{"e":"a"}`},
		"struct":          {outer{inner: inner{Rows: 3}, Err: errors.New("e"), private: 1, Hidden: "h"}, `{"Deep":{"flexor.unencodable":"chan int",…},"rows":3,"Err":"e"}`},
		"cycle":           {cyclic, `{"Deep":{"flexor.unencodable":"chan int",…`},
		"cyclic map":      {cyclicMap(), `{"self":{"self":…`},
		"shared, deep":    {shared(80), `{"flexor.omitted":"too large",…`},
		"shared":          {shared(40), `{"flexor.omitted":"too large","why":"too large to be encoded"}`},
		"shared text":     {repeat(strings.Repeat("x", 1<<20), 1<<16), `{"flexor.omitted":"too large","why":"too large to be encoded"}`},
		"shared raw":      {repeat(json.RawMessage(`"`+strings.Repeat("x", 1<<20)+`"`), 1<<16), `{"flexor.omitted":"too large","why":"…`},
		"shared bytes":    {repeat(make([]byte, 1<<20), 1<<16), `{"flexor.omitted":"too large","why":"…`},
		"huge string":     {strings.Repeat("x", 1<<17), `{"flexor.omitted":"too large","bytes":131074,"sha256":"…`},
		"huge slice":      {make([]int, 2<<20), `{"flexor.omitted":"too large","why":"…`},
		"flat, not deep":  {repeat(map[string]string{"a": `{"b`}, 120), "[" + strings.Repeat(`{"a":"{\"b"},`, 119) + `{"a":"{\"b"}]`},
		"deep":            {json.RawMessage(strings.Repeat(`{"a":`, 120) + "1" + strings.Repeat("}", 120)), `{"flexor.unencodable":"json.RawMessage","why":"nested deeper than 100"}`},
		"array of any":    {[2]any{func() {}, 1}, `[{"flexor.unencodable":…},1]`},
		"bytes in bad":    {map[string]any{"a": []byte("hi"), "b": func() {}}, `{"a":"aGk=","b":{…}}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := string(audit.Encode(tc.v))
			checkValue(t, []byte(got))
			head, tail, open := strings.Cut(tc.want, "…")
			if !open {
				assert.Equal(t, tc.want, got)
				return
			}
			assert.True(t, strings.HasPrefix(got, head), "%.300s", got)
			if !strings.Contains(tail, "…") {
				assert.True(t, strings.HasSuffix(got, tail), "%.300s", got)
			}
		})
	}
}

// checkValue checks what holds for every encoded value.
func checkValue(tb testing.TB, raw []byte) {
	tb.Helper()
	require.True(tb, json.Valid(raw), "%.300s", raw)
	require.True(tb, utf8.Valid(raw))
	require.LessOrEqual(tb, len(raw), 64<<10)
	require.NotContains(tb, string(raw), "\n")
}

func TestValueIsEncodedAtTheCall(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		m := map[string]int{"a": 1}
		run.If("changed later", true, audit.Value("m", m))
		m["a"] = 2
		return nil
	}))
	rec.Decision("changed later", "true", audit.Value("m", map[string]int{"a": 1}))
}

func TestNamesOfValues(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		run.If("twice", true, audit.Value("a", 1), audit.Value("a", 2), audit.Value("a#2", 3), audit.Value("a", 4))
		run.If("odd names", true, audit.Value("", 1), audit.Value("a\n\u202eb\xff", 2), audit.Value(strings.Repeat("n", 1000), 3))
		many := make([]audit.Attr, 300)
		for i := range many {
			many[i] = audit.Value("same", i)
		}
		run.If("many", true, many...)
		for range 20 {
			run.Output("nav", 1)
		}
		return nil
	}))
	d := rec.Entry().Decisions
	names := func(vs audit.Values) (out []string) {
		for _, v := range vs {
			out = append(out, v.Name)
		}
		return out
	}
	assert.Equal(t, []string{"a", "a#2", "a#2#2", "a#3"}, names(d[0].Values))
	odd := names(d[1].Values)
	assert.Equal(t, []string{"", "a �b�"}, odd[:2])
	assert.LessOrEqual(t, len(odd[2]), 256)
	assert.Contains(t, odd[2], "[1000 bytes, sha256 ")
	assert.Len(t, d[2].Values, 257)
	assert.Equal(t, "same#256", d[2].Values[255].Name)
	assert.JSONEq(t, `{"values":44}`, string(d[2].Values.Get("flexor.omitted")))
	outs := names(rec.Entry().Outputs)
	assert.Len(t, outs, 20)
	assert.Equal(t, "nav#20", outs[19])
}

func TestConditionsAreMadeValid(t *testing.T) {
	rec := newRecorder(t)
	require.NoError(t, do(t, rec, func(ctx context.Context, run *audit.Run) error {
		run.If("", true)
		run.If("line\nbreak \x1b[31m\u202e \xff", true)
		run.If(strings.Repeat("é", 1000), true)
		run.Choose("branch", strings.Repeat("b", 5000), []string{strings.Repeat("c", 5000), "x\x00"})
		return nil
	}))
	d := rec.Entry().Decisions
	assert.Equal(t, "line break �[31m� �", d[1].Condition)
	assert.LessOrEqual(t, len(d[2].Condition), 256)
	assert.Contains(t, d[2].Condition, "[2000 bytes, sha256 ")
	assert.LessOrEqual(t, len(d[3].Branch), 1024)
	assert.Equal(t, "x�", d[3].Alternatives[1])
}

func TestValuesJSON(t *testing.T) {
	var vs audit.Values
	require.NoError(t, json.Unmarshal([]byte(`{"b":[1],"a":null,"b":"x<"}`), &vs))
	assert.Equal(t, "[1]", string(vs.Get("b")))
	assert.Nil(t, vs.Get("c"))
	out, err := vs.MarshalJSON()
	require.NoError(t, err)
	assert.Equal(t, `{"b":[1],"a":null,"b":"x<"}`, string(out))
	require.NoError(t, json.Unmarshal([]byte(`null`), &vs))
	assert.Nil(t, vs)
	require.Error(t, json.Unmarshal([]byte(`[1]`), &vs))
	require.Error(t, vs.UnmarshalJSON([]byte(`{"a":`)))
	require.Error(t, vs.UnmarshalJSON(nil))
	out, err = json.Marshal(audit.Values{{Name: "a"}})
	require.NoError(t, err)
	assert.Equal(t, `{"a":null}`, string(out))
}

func FuzzValue(f *testing.F) {
	f.Add("a", []byte(`{"a":[1,"x"]}`), 1.5, 3)
	f.Add("\xff\u2028", []byte("\"\xff\""), math.NaN(), 200)
	f.Add("", []byte(strings.Repeat("[", 300)), math.Inf(1), 40)
	f.Fuzz(func(t *testing.T, s string, raw []byte, x float64, depth int) {
		deep := any(x)
		for i := range min(max(depth, 0), 300) {
			switch i % 3 {
			case 0:
				deep = []any{deep, s}
			case 1:
				deep = map[string]any{s: deep, "raw": json.RawMessage(raw)}
			default:
				deep = &struct {
					V any
					E error
				}{deep, fmt.Errorf("%s", s)}
			}
		}
		for _, v := range []any{s, raw, json.RawMessage(raw), x, deep, errors.New(s), []byte(s), map[string]string{s: s}} {
			got := audit.Encode(v)
			checkValue(t, got)
		}
		var back, want string
		require.NoError(t, json.Unmarshal(audit.Encode(s), &back))
		if std, err := json.Marshal(s); err == nil && len(std) < 1000 {
			require.NoError(t, json.Unmarshal(std, &want))
			require.Equal(t, want, back, "strings are what encoding/json makes of them")
		}
	})
}
