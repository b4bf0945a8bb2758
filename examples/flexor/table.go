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
// takes no more memory. Where there is not room enough for a row it goes on in further
// lines, each a little indented, and so do the heads: nothing is cut.
type table struct {
	w       io.Writer
	columns []column
	bold    func(string) string
	room    int // columns of the terminal; 0: any number

	held   [][]cell
	widths []int
	first  []bool // of each column: it begins a line
	fixed  bool
}

// holdBack is how many rows decide on the widths.
const holdBack = 1000

// Between two columns, and before what a row goes on with.
const tableGap, tableIndent = "  ", "    "

// newTable starts a table with the given columns.
func newTable(w io.Writer, p palette, columns ...column) *table {
	t := &table{w: w, columns: columns, bold: p.bold, widths: make([]int, len(columns)), first: make([]bool, len(columns))}
	for i, c := range columns {
		t.widths[i] = width(c.head)
	}
	return t
}

// newTable starts a table of data, which has the room that the terminal has.
func (c *cli) newTable(columns ...column) *table {
	t := newTable(c.out, c.colour, columns...)
	t.room = c.room
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
	t.fold()
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

// enoughForText is how many columns a text needs to be read in lines below each other.
const enoughForText = 40

// fold decides which columns begin a line. A last column with long texts takes what room
// is left, if that is enough for them.
func (t *table) fold() {
	used := t.widths[0]
	for i := 1; i < len(t.columns) && t.room > 0; i++ {
		used += len(tableGap)
		text := i == len(t.columns)-1 && !t.columns[i].right && t.room-used >= enoughForText
		if t.first[i] = used+t.widths[i] > t.room && !text; t.first[i] {
			used = len(tableIndent)
		}
		used += t.widths[i]
	}
}

// write writes one row.
func (t *table) write(cells []cell) error {
	var b strings.Builder
	for from := 0; from < len(cells); {
		to := from + 1
		for to < len(cells) && !t.first[to] {
			to++
		}
		t.line(&b, cells, from, to)
		from = to
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}

// line writes those cells of a row that share a line; the last of them may take more. One
// with nothing in it is left out, unless the row begins with it.
func (t *table) line(b *strings.Builder, cells []cell, from, to int) {
	var line strings.Builder
	column := 0
	if from > 0 {
		column = len(tableIndent)
		line.WriteString(tableIndent)
	}
	empty := true
	for i := from; i < to; i++ {
		if i > from {
			line.WriteString(tableGap)
			column += len(tableGap)
		}
		c := cells[i]
		empty = empty && c.text == ""
		texts := []string{c.text}
		if i == to-1 && !t.columns[i].right {
			texts = wrapped(c.text, t.room-column)
		}
		for n, text := range texts {
			if n > 0 {
				line.WriteString("\n" + strings.Repeat(" ", column))
			}
			text = pad(text, t.widths[i], t.columns[i].right)
			if i == to-1 && !t.columns[i].right {
				text = strings.TrimRight(text, " ")
			}
			if c.paint != nil {
				text = c.paint(text)
			}
			line.WriteString(text)
		}
		column += t.widths[i]
	}
	if !empty || from == 0 {
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
