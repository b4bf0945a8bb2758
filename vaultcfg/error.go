package vaultcfg

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

var (
	// ErrNotFound is returned by [Load] and [Find] when there is no vault.json
	// where they looked.
	ErrNotFound = errors.New("no vault.json found")

	// ErrInvalid is the parent of every [*Error]: there is a vault.json or a
	// location, and it must be changed before it can be used.
	ErrInvalid = errors.New("invalid vault configuration")

	// ErrExists is returned by [Init] when the directory is a vault already.
	ErrExists = errors.New("vault.json exists already")
)

// An Error is one thing that is wrong with a vault.json, or with a location in
// it. Every *Error is an [ErrInvalid].
type Error struct {
	// Path is the file as the caller named it. Empty for [ParseLocation].
	Path string

	// Line and Column say where in the file, from 1, the column counted in
	// characters. Both are 0 when the error is about no particular place.
	Line, Column int

	// Pointer is the key, such as audit.retention_days or
	// audit.pii_patterns[2].regexp. Empty for the file as a whole.
	Pointer string

	// Msg says what is wrong, and Hint how to mend it. Hint may be empty.
	Msg, Hint string
}

// Error returns the error in one line, such as
//
//	vault.json:7:5: audit.retention_dayz: unknown key (did you mean "retention_days"?)
func (e *Error) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
		}
		b.WriteString(": ")
	}
	if e.Pointer != "" {
		b.WriteString(e.Pointer + ": ")
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Unwrap returns [ErrInvalid].
func (e *Error) Unwrap() error { return ErrInvalid }

// Errors are all the things that are wrong with one vault.json, in the order of
// the file. There is always at least one. errors.Is and errors.As look into it.
type Errors []*Error

// Error returns the errors, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each of the errors.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, one := range e {
		errs[i] = one
	}
	return errs
}

// A complaint is what an [Error] says before it is known where.
type complaint struct{ msg, hint string }

// reason strips the operation and the path off an error of package os. Our
// messages begin with the path the caller named, and a path that was made from
// an environment variable must not be shown.
func reason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
