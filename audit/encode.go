package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/flexorhq/flexor-go/internal/ident"
)

const (
	maxValue = 64 << 10 // bytes of one value in JSON
	maxDepth = 100      // arrays and objects inside each other in one value
)

// encodeValue returns one JSON value for v, whatever v is, without what struct
// tags remove. Its size is that of v; see bounded.
func encodeValue(v any, t *tags) json.RawMessage {
	switch v := v.(type) {
	case nil:
		return json.RawMessage("null")
	case string:
		return appendQuoted(nil, v)
	case bool:
		return strconv.AppendBool(nil, v)
	case int:
		return strconv.AppendInt(nil, int64(v), 10)
	case int64:
		return strconv.AppendInt(nil, v, 10)
	case int32:
		return strconv.AppendInt(nil, int64(v), 10)
	case uint:
		return strconv.AppendUint(nil, uint64(v), 10)
	case uint64:
		return strconv.AppendUint(nil, v, 10)
	case uint32:
		return strconv.AppendUint(nil, uint64(v), 10)
	case float64:
		return appendFloat(nil, v)
	case time.Time:
		return appendQuoted(nil, v.UTC().Format(time.RFC3339Nano))
	case time.Duration:
		return appendQuoted(nil, v.String())
	}
	return encodeAny(v, t)
}

// encodeAny encodes what has no short way. encoding/json does it if it can;
// what it cannot do is walked, so that only the hostile part is replaced, and so is
// what has tags that it does not know.
func encodeAny(v any, t *tags) json.RawMessage {
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Pointer && rv.IsNil() {
		return json.RawMessage("null") // its methods are not called
	}
	if err, ok := v.(error); ok && !marshals(rv.Type()) {
		return appendQuoted(nil, errorText(err))
	}
	s := survey{budget: maxSurvey}
	s.visit(rv, 0)
	switch {
	case s.budget < 0:
		return json.RawMessage(`{"` + omittedName + `":"too large","why":"too large to be encoded"}`)
	case s.awkward || s.tagged:
		return walkValue(rv, t)
	}
	raw, err := marshal(v)
	if err != nil {
		return walkValue(rv, t)
	}
	if string(raw) == "{}" {
		if text, ok := stringerText(v); ok {
			return appendQuoted(nil, text)
		}
	}
	return raw
}

// marshal is [json.Marshal] without HTML escapes, for values whose methods may
// panic or return what is not UTF-8.
func marshal(v any) (raw json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %s", briefText(p))
		}
	}()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	if raw = validJSON(bytes.TrimSuffix(b.Bytes(), []byte("\n"))); raw == nil {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	return raw, nil
}

// validJSON returns raw as one JSON value in valid UTF-8, or nil if it is none
// or too deep for readers.
func validJSON(raw []byte) json.RawMessage {
	if !json.Valid(raw) || depth(raw) > maxDepth {
		return nil
	}
	if !utf8.Valid(raw) { // in valid JSON that can only be in strings
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	if bytes.ContainsAny(raw, "\n\r") { // space between tokens: a record is one line
		var b bytes.Buffer
		if json.Compact(&b, raw) != nil {
			return nil
		}
		raw = b.Bytes()
	}
	return raw
}

// depth returns how many arrays and objects are inside each other in a valid
// JSON value; anything up to maxDepth may be reported as less.
func depth(raw []byte) int {
	if bytes.Count(raw, []byte("{"))+bytes.Count(raw, []byte("[")) <= maxDepth {
		return 0
	}
	now, most, quoted := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			most = max(most, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return most
}

// bounded returns raw, or a marker if it is too large.
func bounded(raw json.RawMessage) json.RawMessage {
	if len(raw) > maxValue {
		return tooLarge(raw)
	}
	return raw
}

// tooLarge is what stands for a value that does not fit: its size, and the
// SHA-256 of its JSON to recognise it by.
func tooLarge(raw json.RawMessage) json.RawMessage {
	return fmt.Appendf(nil, `{%q:"too large","bytes":%d,"sha256":"%x"}`, omittedName, len(raw), sha256.Sum256(raw))
}

// unencodable is what stands for a value that JSON cannot hold.
func unencodable(t reflect.Type, why string) json.RawMessage {
	b := append([]byte(nil), `{"flexor.unencodable":`...)
	b = appendQuoted(b, ident.Text(t.String(), maxName))
	b = append(b, `,"why":`...)
	b = appendQuoted(b, ident.Text(why, maxName))
	return append(b, '}')
}

// marshals reports whether encoding/json uses a method of t.
func marshals(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// errorText returns the message of an error, whatever its method does.
func errorText(err error) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprintf("%T: its Error method panicked: %s", err, briefText(p))
		}
	}()
	return err.Error()
}

// stringerText returns the text of a value that has a String method.
func stringerText(v any) (text string, ok bool) {
	s, ok := v.(fmt.Stringer)
	if !ok {
		return "", false
	}
	defer func() {
		if recover() != nil {
			text, ok = "", false
		}
	}()
	return s.String(), true
}

// appendFloat appends a float as encoding/json writes it.
func appendFloat(b []byte, f float64) json.RawMessage {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return unencodable(reflect.TypeFor[float64](), strconv.FormatFloat(f, 'g', -1, 64))
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 64)
}

const hex = "0123456789abcdef"

// appendQuoted appends s as a JSON string in valid UTF-8.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == '\u2028' || r == '\u2029' { // lines to some readers
				b = append(b, '\\', 'u', '2', '0', '2', hex[r&15])
			} else {
				b = utf8.AppendRune(b, r) // what is not UTF-8 is U+FFFD
			}
			i += n
			continue
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
		i++
	}
	return append(b, '"')
}

// quotedLen returns the most bytes that s takes as a JSON string.
func quotedLen(s string) int {
	n := len(s) + 2
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			n++
		case c < ' ' || c >= utf8.RuneSelf:
			n += 5 // \u0001; U+2028 and U+2029 are escaped too
		}
	}
	return n
}
