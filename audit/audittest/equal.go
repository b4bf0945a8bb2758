package audittest

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// equal reports whether two JSON values are the same.
func equal(a, b []byte) bool {
	x, okX := decode(a)
	y, okY := decode(b)
	return okX && okY && same(x, y)
}

// decode returns a JSON value with its numbers as they are written.
func decode(text []byte) (v any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return v, d.Decode(&v) == nil
}

// same compares what decode returned.
func same(x, y any) bool {
	switch x := x.(type) {
	case map[string]any:
		y, ok := y.(map[string]any)
		return ok && maps.EqualFunc(x, y, same)
	case []any:
		y, ok := y.([]any)
		return ok && slices.EqualFunc(x, y, same)
	case json.Number:
		y, ok := y.(json.Number)
		return ok && sameNumber(x, y)
	}
	return x == y
}

// sameNumber compares numbers: whole ones by their digits, for a float64 has one value
// for several large ones, such as the ids of two orders.
func sameNumber(x, y json.Number) bool {
	if x == y || whole(x) && whole(y) {
		return x == y
	}
	fx, errX := x.Float64()
	fy, errY := y.Float64()
	return errX == nil && errY == nil && fx == fy
}

// whole reports whether a number has neither a fraction nor an exponent.
func whole(n json.Number) bool { return !strings.ContainsAny(string(n), ".eE") }
