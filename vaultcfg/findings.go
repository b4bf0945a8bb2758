package vaultcfg

import (
	"cmp"
	"slices"
)

// findings gathers what is wrong with a vault.json and with those of the layers
// above it.
type findings struct {
	list     []finding
	warnings []finding
	blamed   map[*node]bool // nodes that list has something about
}

// A finding is a complaint about a place in a file.
type finding struct {
	file    *source
	place   place
	pointer string
	complaint
}

// at adds a complaint about a place in a file, of no particular value.
func (f *findings) at(file *source, at place, pointer, msg, hint string) {
	f.list = append(f.list, finding{file, at, pointer, complaint{msg, hint}})
}

// value adds a complaint about the value of n, unless there is one already: of a
// value of the wrong type it is not worth saying that it breaks a rule as well.
func (f *findings) value(n *node, msg, hint string) {
	if f.blame(n) {
		f.at(n.source(), n.start, n.pointer(), msg, hint)
	}
}

// key adds a complaint about the key of n.
func (f *findings) key(n *node, msg, hint string) {
	if f.blame(n) {
		f.at(n.source(), n.keyStart, n.pointer(), msg, hint)
	}
}

// blame reports whether n is blamed for the first time.
func (f *findings) blame(n *node) bool {
	if f.blamed[n] {
		return false
	}
	if f.blamed == nil {
		f.blamed = make(map[*node]bool)
	}
	f.blamed[n] = true
	return true
}

// add takes over the findings about another file.
func (f *findings) add(other *findings) {
	f.list = append(f.list, other.list...)
	f.warnings = append(f.warnings, other.warnings...)
	for n := range other.blamed {
		f.blame(n)
	}
}

// warn adds a warning about a place in a file.
func (f *findings) warn(file *source, at place, pointer, msg, hint string) {
	f.warnings = append(f.warnings, finding{file, at, pointer, complaint{msg, hint}})
}

// errors returns the findings in the order of the files, the most specific layer
// first.
func (f *findings) errors() Errors { return inOrder(f.list) }

// warningTexts returns the warnings in the same order.
func (f *findings) warningTexts() []string {
	var texts []string
	for _, w := range inOrder(f.warnings) {
		texts = append(texts, w.Error())
	}
	return texts
}

func inOrder(list []finding) Errors {
	slices.SortStableFunc(list, func(a, b finding) int {
		return cmp.Or(a.file.layer-b.file.layer, a.place.offset-b.place.offset)
	})
	errs := make(Errors, len(list))
	for i, found := range list {
		errs[i] = &Error{
			Path: found.file.path, Line: found.place.line, Column: found.place.column,
			Pointer: found.pointer, Msg: found.msg, Hint: found.hint,
		}
	}
	return errs
}
