package main

import (
	"encoding/json"
	"strconv"
)

// spot is one thing that flexor redact --explain tells. It never holds what was
// found.
type spot struct {
	File        string `json:"file,omitempty"` // absent: standard input
	Line        int    `json:"line"`           // from 1
	Column      int    `json:"column"`         // from 1, in characters
	Field       string `json:"field,omitempty"`
	Detector    string `json:"detector"`
	Why         string `json:"why"`
	Replacement string `json:"replacement"`
}

// spotPrinter writes spots in one format.
type spotPrinter interface {
	put(f spot) error
	end() error
}

// spotPrinter returns the one for a format. files: there are several.
func (c *cli) spotPrinter(format string, files bool) spotPrinter {
	switch format {
	case "json":
		return &spotArray{c: c}
	case "jsonl":
		return &spotLines{c}
	}
	columns := []column{{"LINE", true}, {"COLUMN", true}, {"DETECTOR", false}, {"REPLACED BY", false}, {"FIELD", false}, {"WHY", false}}
	if files {
		columns = append([]column{{"FILE", false}}, columns...)
	}
	return &spotTable{c.newTable(columns...), files}
}

// spotTable is for people.
type spotTable struct {
	*table
	files bool
}

func (t *spotTable) put(f spot) error {
	row := []string{strconv.Itoa(f.Line), strconv.Itoa(f.Column), f.Detector, f.Replacement, f.Field, f.Why}
	if t.files {
		row = append([]string{f.File}, row...)
	}
	return t.row(plain(row...))
}

func (t *spotTable) end() error { return t.flush() }

// spotLines writes one object a line.
type spotLines struct{ c *cli }

func (l *spotLines) put(f spot) error { return writeJSON(l.c.out, f, "") }
func (l *spotLines) end() error       { return nil }

// spotArray writes one array. Should something fail on the way, it is not closed.
type spotArray struct {
	c    *cli
	some bool
}

func (a *spotArray) put(f spot) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	lead := ",\n  "
	if !a.some {
		lead, a.some = "[\n  ", true
	}
	_, err = a.c.out.WriteString(lead + string(raw))
	return err
}

func (a *spotArray) end() error {
	tail := "\n]\n"
	if !a.some {
		tail = "[]\n"
	}
	_, err := a.c.out.WriteString(tail)
	return err
}
