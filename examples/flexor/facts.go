package main

import (
	"fmt"
	"io"
	"strings"
)

// facts are named values for people, one a line. A fact without a name belongs
// to the one above.
type facts struct {
	names, values []string
}

// add adds a fact. The value is written as it is: whoever adds one that holds data
// escapes that.
func (f *facts) add(name, format string, args ...any) {
	f.names = append(f.names, name)
	f.values = append(f.values, fmt.Sprintf(format, args...))
}

// write writes the facts with their values below each other.
func (f *facts) write(w io.Writer, indent string) error {
	most := 0
	for _, n := range f.names {
		most = max(most, width(n))
	}
	for i, n := range f.names {
		line := strings.TrimRight(indent+pad(n, most, false)+"  "+f.values[i], " ")
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
