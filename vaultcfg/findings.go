package vaultcfg

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// findings gathers what is wrong with one file.
type findings struct {
	path string
	data []byte

	list     []finding
	warnings []finding
	blamed   map[*node]bool // nodes that list has something about
}

// A finding is a complaint about the byte at an offset.
type finding struct {
	offset  int
	pointer string
	complaint
}

// at adds a complaint about a place in the file, of no particular value.
func (f *findings) at(offset int, pointer, msg, hint string) {
	f.list = append(f.list, finding{offset, pointer, complaint{msg, hint}})
}

// value adds a complaint about the value of n, unless there is one already: of a
// value of the wrong type it is not worth saying that it breaks a rule as well.
func (f *findings) value(n *node, msg, hint string) {
	if f.blame(n) {
		f.at(n.start, n.pointer(), msg, hint)
	}
}

// key adds a complaint about the key of n.
func (f *findings) key(n *node, msg, hint string) {
	if f.blame(n) {
		f.at(n.keyStart, n.pointer(), msg, hint)
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

// warn adds a warning about a place in the file.
func (f *findings) warn(offset int, pointer, msg, hint string) {
	f.warnings = append(f.warnings, finding{offset, pointer, complaint{msg, hint}})
}

// errors returns the findings in the order of the file.
func (f *findings) errors() Errors { return f.place(f.list) }

// warningTexts returns the warnings in the order of the file.
func (f *findings) warningTexts() []string {
	var texts []string
	for _, w := range f.place(f.warnings) {
		texts = append(texts, w.Error())
	}
	return texts
}

// place turns offsets into lines and columns. It goes through the file once,
// because a hostile file can hold a hundred thousand errors on a single line.
func (f *findings) place(list []finding) Errors {
	slices.SortStableFunc(list, func(a, b finding) int { return a.offset - b.offset })
	errs := make(Errors, len(list))
	line, column, done := 1, 1, 0
	for i, found := range list {
		passed := f.data[done:found.offset]
		if n := bytes.Count(passed, []byte{'\n'}); n > 0 {
			line, column = line+n, 1
			passed = passed[bytes.LastIndexByte(passed, '\n')+1:]
		}
		column += utf8.RuneCount(passed)
		done = found.offset
		errs[i] = &Error{
			Path: f.path, Line: line, Column: column,
			Pointer: found.pointer, Msg: found.msg, Hint: found.hint,
		}
	}
	return errs
}
