package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Attr is one named value that an agent hands to the recorder: a value that
// drove a decision, an input, an output. Make one with [Value].
type Attr struct {
	Name  string
	Value any
}

// Value names a value for the record. Anything that encoding/json accepts is
// kept as its JSON; errors and values that only have a String method are kept
// as text; what cannot be encoded (a channel, NaN, a cycle, a MarshalJSON that
// panics) is kept as a placeholder that says what it was. A [time.Duration] is kept
// as text, such as 1h35m0s, and a [time.Time] in UTC; inside of other values they are
// as encoding/json writes them. v is encoded before the call it is passed to returns,
// so it may be changed afterwards.
//
// The tag redact of a struct field says what is recorded of it: "-" leaves it out,
// "drop" writes null, "mask" writes "[REDACTED]", "hmac" a pseudonym that is the same
// for equal values, if the recorder's redactor can make one, and else a mask.
// "scan" is what happens without a tag: the field is recorded, less what the redactor
// finds in it. Any other text masks, for it was meant to hide something. Tags hold for
// numbers, structs and all else, and without a redactor too; a type with a MarshalJSON
// or MarshalText of its own decides alone.
func Value(name string, v any) Attr { return Attr{name, v} }

// Encode returns one JSON value for v as a [Recorder] without a redactor writes
// it: by the rules of [Value], and with a marker for what exceeds 64 KiB. It
// never fails and never panics, whatever the methods of v do.
func Encode(v any) json.RawMessage { return bounded(encodeValue(v, new(tags))) }

// Values are named values as they were recorded, in the order in which they
// were given. In JSON they are one object.
type Values []Named

// Named is one recorded value.
type Named struct {
	Name string
	JSON json.RawMessage // one JSON value
}

// Get returns the JSON of the value with that name, or nil if there is none.
func (vs Values) Get(name string) json.RawMessage {
	for _, v := range vs {
		if v.Name == name {
			return v.JSON
		}
	}
	return nil
}

// String returns the values as people read them, such as
// symbol="IBM" age_minutes=95.
func (vs Values) String() string {
	var b strings.Builder
	for i, v := range vs {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v.Name)
		b.WriteByte('=')
		b.Write(v.JSON)
	}
	return b.String()
}

// MarshalJSON returns the values as one JSON object, in order.
func (vs Values) MarshalJSON() ([]byte, error) { return vs.appendTo(nil), nil }

// appendTo appends the values as one JSON object.
func (vs Values) appendTo(b []byte) []byte {
	b = append(b, '{')
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, v.Name), ':')
		if v.JSON == nil {
			b = append(b, "null"...)
		}
		b = append(b, v.JSON...)
	}
	return append(b, '}')
}

// UnmarshalJSON reads one JSON object and keeps the order of its members.
func (vs *Values) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	if tok == nil { // null
		*vs = nil
		return nil
	}
	if tok != json.Delim('{') {
		return fmt.Errorf("audit: named values must be a JSON object, found %v", tok)
	}
	out := Values{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return err
		}
		out = append(out, Named{key.(string), v})
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	*vs = out
	return nil
}
