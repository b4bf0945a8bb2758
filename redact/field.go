package redact

import "strings"

// standsIn puts items before those of the source that say where it stands, and
// returns what it stands under: so rules and detectors see the names in a field as
// if they were in the source.
func (p *pass) standsIn(field string) (parent, index int32) {
	parent, index = -1, -1
	if field == "" {
		return parent, index
	}
	p.arena = append(p.arena[:0], p.text...)
	first, rest, more := strings.Cut(field, ".")
	parent = p.addName(first, parent, index)
	if more && isList(first) {
		parent, index = p.addArray(parent, index), 0 // some element of it
		if set, name, ok := strings.Cut(rest, "."); ok && isValues(set) {
			parent, index, rest = p.addName(set, parent, index), -1, name
		}
	}
	if more {
		p.named = len(p.steps(parent))
		parent, index = p.addName(rest, parent, index), -1 // one name, whatever is in it
	}
	p.text, p.copied = p.arena, true
	return parent, index
}

// addName adds a key that is not in the source.
func (p *pass) addName(name string, parent, index int32) int32 {
	start := len(p.arena)
	p.arena = append(p.arena, name...)
	return p.add(keyItem, start, len(p.arena), parent, index)
}

// addArray adds an array that is not in the source.
func (p *pass) addArray(parent, index int32) int32 {
	n := p.add(arrayItem, 0, 0, parent, index)
	p.items[n].link = p.keyOver(n)
	return n
}

// isList reports whether a member of an entry is an array.
func isList(name string) bool { return name == "decisions" || name == "tasks" || name == "errors" }

// isValues reports whether an element of those has values with names.
func isValues(name string) bool { return name == "values" || name == "inputs" || name == "outputs" }
