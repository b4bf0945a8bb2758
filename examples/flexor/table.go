package main

import (
	"io"
	"strings"
)

// column is one column of a table.
type column struct {
	head  string
	right bool // numbers are read from the right
}

// cell is what stands in a row. paint, if set, colours the padded text.
type cell struct {
	text  string
	paint func(string) string
}

// plain returns cells without colour.
func plain(texts ...string) []cell {
	cells := make([]cell, len(texts))
	for i, t := range texts {
		cells[i].text = t
	}
	return cells
}

// table writes rows in columns. It holds back the first rows to see how wide the
// columns must be; later ones are written as they come, so that any number of them
// takes no more memory.
type table struct {
	w       io.Writer
	columns []column
	bold    func(string) string

	held   [][]cell
	widths []int
	fixed  bool
}

// holdBack is how many rows decide on the widths.
const holdBack = 1000

// newTable starts a table with the given columns.
func newTable(w io.Writer, p palette, columns ...column) *table {
	t := &table{w: w, columns: columns, bold: p.bold, widths: make([]int, len(columns))}
	for i, c := range columns {
		t.widths[i] = width(c.head)
	}
	return t
}

// row adds a row. What does not print in it is escaped.
func (t *table) row(cells []cell) error {
	for i := range cells {
		cells[i].text = printable(cells[i].text)
		t.widths[i] = max(t.widths[i], width(cells[i].text))
	}
	if t.fixed {
		return t.write(cells)
	}
	t.held = append(t.held, cells)
	if len(t.held) < holdBack {
		return nil
	}
	return t.flush()
}

// flush writes what was held back, with the heads before it, and holds back
// nothing from then on.
func (t *table) flush() error {
	if t.fixed {
		return nil
	}
	t.fixed = true
	heads := make([]cell, len(t.columns))
	for i, c := range t.columns {
		heads[i] = cell{c.head, t.bold}
	}
	if err := t.write(heads); err != nil {
		return err
	}
	for _, cells := range t.held {
		if err := t.write(cells); err != nil {
			return err
		}
	}
	t.held = nil
	return nil
}

// write writes one line.
func (t *table) write(cells []cell) error {
	var b strings.Builder
	for i, c := range cells {
		text := c.text
		text = pad(text, t.widths[i], t.columns[i].right)
		if c.paint != nil {
			text = c.paint(text)
		}
		if i > 0 {
			b.WriteString("  ")
		}
		b.WriteString(text)
	}
	_, err := io.WriteString(t.w, strings.TrimRight(b.String(), " ")+"\n")
	return err
}
