package audit

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// survey looks through a value before encoding/json does: that has no bound,
// and a small value can be endless in JSON when its parts are shared.
type survey struct {
	budget  int  // what is left of maxSurvey; negative: too large
	awkward bool // encoding/json would refuse it, or lose something
	tagged  bool // a field has a tag that says what is recorded of it
}

// maxSurvey is how large a value may be to be encoded at all, if only to hash
// it: a million parts, or 64 MiB of text.
const maxSurvey = 1 << 20

// methodCost is what a value with a method of its own is taken to cost.
const methodCost = 64

// visit counts v and what is in it.
func (s *survey) visit(v reflect.Value, depth int) {
	if s.budget--; s.budget < 0 || s.awkward || !v.IsValid() {
		return
	}
	if depth > maxDepth {
		s.awkward = true
		return
	}
	switch {
	case v.Kind() == reflect.String, v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		s.budget -= v.Len() / 64
		return
	case v.Kind() != reflect.Interface && marshals(v.Type()):
		s.budget -= methodCost // its methods decide
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		e := v.Elem()
		if e.Type().Implements(reflect.TypeFor[error]()) && !marshals(e.Type()) {
			s.awkward = true // encoding/json writes {} for most errors
			return
		}
		s.visit(e, depth)
	case reflect.Pointer:
		s.visit(v.Elem(), depth+1)
	case reflect.Map:
		for it := v.MapRange(); it.Next() && s.budget >= 0; {
			s.visit(it.Key(), depth+1)
			s.visit(it.Value(), depth+1)
		}
	case reflect.Slice, reflect.Array:
		if number(v.Type().Elem()) {
			s.budget -= v.Len()
			return
		}
		for i := 0; i < v.Len() && s.budget >= 0; i++ {
			s.visit(v.Index(i), depth+1)
		}
	case reflect.Struct:
		for i := 0; i < v.NumField() && s.budget >= 0; i++ {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				s.tagged = s.tagged || tagged(f)
				s.visit(v.Field(i), depth+1)
			}
		}
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		s.awkward = true
	}
}

// number reports whether t is a kind of number, or a boolean.
func number(t reflect.Type) bool {
	return reflect.Bool <= t.Kind() && t.Kind() <= reflect.Float64
}

// The bounds of a walk. They are tighter than those of encoding/json: what is
// walked is broken somewhere.
const (
	walkDepth = 32
	walkNodes = 10_000
)

// walkValue encodes a value that encoding/json refused, or must not see, as that
// would, with a placeholder for each part that cannot be encoded.
func walkValue(v reflect.Value, t *tags) json.RawMessage {
	w := walker{nodes: walkNodes, tags: t}
	w.value(v, 0)
	return w.out
}

// walker writes a value part by part.
type walker struct {
	out     []byte
	nodes   int
	tags    *tags
	layouts []*layout // of the types met so far
}

// value writes v.
func (w *walker) value(v reflect.Value, depth int) {
	if !v.IsValid() {
		w.out = append(w.out, "null"...)
		return
	}
	if w.nodes--; w.nodes < 0 || depth > walkDepth || len(w.out) > MaxRecord {
		why := "too many elements"
		if depth > walkDepth {
			why = "too deep, or a cycle"
		}
		w.out = fmt.Appendf(w.out, `{%q:%q}`, omittedName, why)
		return
	}
	if (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		w.out = append(w.out, "null"...)
		return
	}
	if v.Kind() == reflect.Interface {
		w.value(v.Elem(), depth)
		return
	}
	if w.method(v) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		w.value(v.Elem(), depth+1)
	case reflect.Map:
		w.object(v, depth)
	case reflect.Slice, reflect.Array:
		w.array(v, depth)
	case reflect.Struct:
		w.out = append(w.out, '{')
		w.fields(v, depth)
		w.out = append(w.out, '}')
	default:
		w.leaf(v)
	}
}

// method writes v by a method of its own, and reports whether it has one that
// counts.
func (w *walker) method(v reflect.Value) bool {
	if !v.CanInterface() {
		return false
	}
	if marshals(v.Type()) {
		w.leaf(v)
		return true
	}
	if err, ok := v.Interface().(error); ok {
		w.out = appendQuoted(w.out, errorText(err))
		return true
	}
	return false
}

// leaf writes a value without looking into it.
func (w *walker) leaf(v reflect.Value) {
	if !v.CanInterface() {
		w.out = append(w.out, unencodable(v.Type(), "not exported")...)
		return
	}
	raw, err := marshal(v.Interface())
	if err == nil {
		w.out = append(w.out, raw...)
		return
	}
	if text, ok := stringerText(v.Interface()); ok && !marshals(v.Type()) {
		w.out = appendQuoted(w.out, text)
		return
	}
	w.out = append(w.out, unencodable(v.Type(), err.Error())...)
}

// array writes a slice or an array.
func (w *walker) array(v reflect.Value, depth int) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		w.out = append(w.out, "null"...)
		return
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		w.leaf(v)
		return
	}
	w.out = append(w.out, '[')
	for i := range v.Len() {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.value(v.Index(i), depth+1)
		if w.nodes < 0 {
			break
		}
	}
	w.out = append(w.out, ']')
}

// object writes a map, ordered by key.
func (w *walker) object(v reflect.Value, depth int) {
	if v.IsNil() {
		w.out = append(w.out, "null"...)
		return
	}
	type member struct {
		key   string
		value reflect.Value
	}
	var members []member
	for it := v.MapRange(); it.Next() && len(members) < walkNodes; {
		key, ok := keyText(it.Key())
		if !ok {
			w.out = append(w.out, unencodable(v.Type(), "its keys cannot be names")...)
			return
		}
		members = append(members, member{key, it.Value()})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
	w.out = append(w.out, '{')
	for i, m := range members {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.out = append(appendQuoted(w.out, m.key), ':')
		w.value(m.value, depth+1)
		if w.nodes < 0 {
			break
		}
	}
	w.out = append(w.out, '}')
}

// keyText returns the key of a map as encoding/json writes it.
func keyText(k reflect.Value) (text string, ok bool) {
	defer func() {
		if recover() != nil {
			text, ok = "", false
		}
	}()
	if k.Kind() == reflect.String {
		return k.String(), true
	}
	if k.CanInterface() {
		if m, is := k.Interface().(encoding.TextMarshaler); is {
			b, err := m.MarshalText()
			return string(b), err == nil
		}
	}
	switch {
	case k.CanInt(), k.CanUint():
		return fmt.Sprint(k), true
	}
	return "", false
}

// fields writes the fields of a struct.
func (w *walker) fields(v reflect.Value, depth int) {
	l := w.layout(v.Type())
	w.tags.applied += l.hidden
	for _, m := range l.members {
		f, err := v.FieldByIndexErr(m.Index)
		if err != nil {
			continue // it is one of a nil pointer
		}
		hide := m.Tag.Get(tagKey)
		if hide == tagOmit {
			w.tags.applied++
			continue
		}
		if m.omitEmpty && isEmpty(f) || m.omitZero && isZero(f) {
			continue
		}
		if w.out[len(w.out)-1] != '{' {
			w.out = append(w.out, ',')
		}
		w.out = append(appendQuoted(w.out, m.name), ':')
		begin, applied := len(w.out), w.tags.applied
		w.value(f, depth+1)
		if m.inString && string(w.out[begin:]) != "null" {
			w.out = appendQuoted(w.out[:begin], string(w.out[begin:]))
		}
		if tagged(m.StructField) {
			w.tags.applied = applied // what was removed in it does not count besides
			w.out = append(w.out[:begin], w.tags.replacement(hide, w.out[begin:])...)
		}
		if w.nodes < 0 {
			return
		}
	}
}

// isEmpty reports whether "omitempty" leaves a value out.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// isZero reports whether "omitzero" leaves a value out: its type may have an opinion.
func isZero(v reflect.Value) (zero bool) {
	if v.IsZero() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		return true
	}
	defer func() {
		if recover() != nil {
			zero = false
		}
	}()
	own := reflect.New(v.Type()) // the method may be that of the pointer
	own.Elem().Set(v)
	for _, v := range []any{v.Interface(), own.Interface()} {
		if z, ok := v.(interface{ IsZero() bool }); ok {
			return z.IsZero()
		}
	}
	return v.IsZero()
}
