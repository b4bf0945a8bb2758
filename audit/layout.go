package audit

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// member is a field of a struct, or of one embedded in it. Its Index leads to it from
// the outermost.
type member struct {
	reflect.StructField
	name  string
	named bool // by its json tag

	omitEmpty, omitZero, inString bool // the options of that
}

// layout is what is written of the structs of one type.
type layout struct {
	of      reflect.Type
	members []member
	hidden  int // embedded structs that a tag hides: their fields have no value that could be replaced
}

// layout returns that of a type: the fields that encoding/json writes, in its order. Of
// several with one name the outermost counts, of these the one that is named by a tag,
// and none if there are several still.
func (w *walker) layout(t reflect.Type) *layout {
	for _, l := range w.layouts {
		if l.of == t {
			return l
		}
	}
	l := &layout{of: t, members: make([]member, 0, t.NumField())}
	l.collect(t, nil, nil)
	all := l.members
	if slices.ContainsFunc(all, func(m member) bool { return slices.ContainsFunc(all, m.hiddenBy) }) {
		l.members = slices.DeleteFunc(slices.Clone(all), func(m member) bool { return slices.ContainsFunc(all, m.hiddenBy) })
	}
	w.layouts = append(w.layouts, l)
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
func (l *layout) collect(t reflect.Type, index []int, within []reflect.Type) {
	if slices.Contains(within, t) {
		return
	}
	within = append(within, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if tag == "-" {
			continue
		}
		if len(index) > 0 {
			f.Index = append(slices.Clone(index), i)
		}
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
		m := member{StructField: f, name: cmp.Or(name, f.Name), named: name != ""}
		for option := range strings.SplitSeq(options, ",") {
			switch option {
			case "omitempty":
				m.omitEmpty = true
			case "omitzero":
				m.omitZero = true
			case "string":
				m.inString = basic(f.Type)
			}
		}
		l.members = append(l.members, m)
	}
}

// basic reports whether values of a type are such as "string" puts inside a string.
func basic(t reflect.Type) bool {
	if marshals(t) {
		return false
	}
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	return number(t) || t.Kind() == reflect.String
}
