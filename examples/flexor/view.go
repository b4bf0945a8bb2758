package main

import (
	"encoding/csv"

	"github.com/spf13/cobra"
)

// view says how a list of things of one kind is shown. Columns of csv are only ever
// added at the end.
type view[T any] struct {
	columns []column
	cells   func(T) []cell
	heads   []string
	fields  func(T) []field
}

// addFormat adds the flag that chooses the form of a list.
func addFormat(cmd *cobra.Command) *choice {
	return addChoice(cmd, "format", "form of the output", "table", "json", "jsonl", "csv")
}

// write writes a list. JSON has the things themselves.
func (v view[T]) write(c *cli, format string, list []T) error {
	switch format {
	case "json":
		return writeJSON(c.out, orEmpty(list), "  ")
	case "jsonl":
		for _, item := range list {
			if err := writeJSON(c.out, item, ""); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		return v.csv(c, list)
	}
	t := c.newTable(v.columns...)
	for _, item := range list {
		if err := t.row(v.cells(item)); err != nil {
			return err
		}
	}
	return t.flush()
}

func (v view[T]) csv(c *cli, list []T) error {
	w := csv.NewWriter(c.out)
	if err := w.Write(v.heads); err != nil {
		return err
	}
	for _, item := range list {
		row := make([]string, 0, len(v.heads))
		for _, f := range v.fields(item) {
			row = append(row, f.guarded())
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// left returns columns that are read from the left.
func left(heads ...string) (columns []column) {
	for _, h := range heads {
		columns = append(columns, column{head: h})
	}
	return columns
}

// cutTo returns the last n of a list, and says that there are more; n of 0 is all.
func cutTo[T any](c *cli, list []T, n int) []T {
	if n == 0 || len(list) <= n {
		return list
	}
	c.note("showing %d of %d (--limit 0 shows all)", n, len(list))
	return list[len(list)-n:]
}
