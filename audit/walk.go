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
	layouts map[reflect.Type]*layout
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
		if leftOut(m.options, f) {
			continue
		}
		if w.out[len(w.out)-1] != '{' {
			w.out = append(w.out, ',')
		}
		w.out = append(appendQuoted(w.out, m.name), ':')
		begin, applied := len(w.out), w.tags.applied
		w.value(f, depth+1)
		if inString(m.options, m.Type) && string(w.out[begin:]) != "null" {
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

// member is a field of a struct, or of one embedded in it. Its Index leads to it from
// the outermost.
type member struct {
	reflect.StructField
	name, options string // of its json tag
	named         bool   // by that
}

// layout is what is written of the structs of one type.
type layout struct {
	members []member
	hidden  int // embedded structs that a tag hides: their fields have no value that could be replaced
}

// layout returns that of a type: the fields that encoding/json writes, in its order. Of
// several with one name the outermost counts, of these the one that is named by a tag,
// and none if there are several still.
func (w *walker) layout(t reflect.Type) *layout {
	if l := w.layouts[t]; l != nil {
		return l
	}
	l := new(layout)
	l.collect(t, nil, map[reflect.Type]bool{})
	all := slices.Clone(l.members)
	l.members = slices.DeleteFunc(l.members, func(m member) bool { return slices.ContainsFunc(all, m.hiddenBy) })
	if w.layouts == nil {
		w.layouts = map[reflect.Type]*layout{}
	}
	w.layouts[t] = l
	return l
}

// hiddenBy reports whether m is not written because of o.
func (m *member) hiddenBy(o member) bool {
	switch {
	case o.name != m.name || slices.Equal(o.Index, m.Index):
		return false
	case len(o.Index) != len(m.Index):
		return len(o.Index) < len(m.Index)
	}
	return o.named || !m.named
}

// collect adds the fields of t, and of the structs embedded in it, in order. index leads
// to t, and within are the types that it is embedded in: of a type that is embedded in
// itself the fields that are further out count.
func (l *layout) collect(t reflect.Type, index []int, within map[reflect.Type]bool) {
	if within[t] {
		return
	}
	within[t] = true
	defer delete(within, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if tag == "-" {
			continue
		}
		f.Index = append(slices.Clone(index), i)
		name, options, _ := strings.Cut(tag, ",")
		if f.Anonymous && name == "" {
			e := f.Type
			if e.Kind() == reflect.Pointer {
				e = e.Elem()
			}
			if tagged(f) {
				l.hidden++
				continue
			}
			if e.Kind() == reflect.Struct {
				l.collect(e, f.Index, within)
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		m := member{f, name, options, name != ""}
		if name == "" {
			m.name = f.Name
		}
		l.members = append(l.members, m)
	}
}

// leftOut reports whether the options of a json tag leave a field out.
func leftOut(options string, v reflect.Value) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option == "omitempty" && isEmpty(v) || option == "omitzero" && isZero(v) {
			return true
		}
	}
	return false
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

// inString reports whether the options of a json tag ask for a value of type t inside a
// string.
func inString(options string, t reflect.Type) bool {
	if !slices.Contains(strings.Split(options, ","), "string") || marshals(t) {
		return false
	}
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	return number(t) || t.Kind() == reflect.String
}
