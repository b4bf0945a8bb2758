package main

import (
	"encoding/csv"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// csvPrinter writes runs as RFC 4180 CSV, the header always.
type csvPrinter struct {
	c      *cli
	full   completer
	sheet  sheet
	w      *csv.Writer
	headed bool
	long   int // cells that spreadsheets cut
}

func newCSVPrinter(c *cli, full completer, rows string) *csvPrinter {
	return &csvPrinter{c: c, full: full, sheet: sheetOf(rows), w: csv.NewWriter(c.out)}
}

func (p *csvPrinter) put(e *audit.Entry) error {
	if err := p.head(); err != nil {
		return err
	}
	e, err := p.full.complete(e)
	if err != nil {
		return err
	}
	if p.sheet.rows == nil {
		return p.full.accesses(e, func(a *lineage.Access) error { return p.row(accessFields(e, a)) })
	}
	for _, row := range p.sheet.rows(e) {
		if err := p.row(row); err != nil {
			return err
		}
	}
	return nil
}

// row writes a row.
func (p *csvPrinter) row(row []field) error {
	cells := make([]string, len(row))
	for i, f := range row {
		cells[i] = f.guarded()
		if len(cells[i]) > sheetCell {
			p.long++
		}
	}
	return p.w.Write(cells)
}

func (p *csvPrinter) head() error {
	if p.headed {
		return nil
	}
	p.headed = true
	return p.w.Write(p.sheet.heads)
}

func (p *csvPrinter) flush() error {
	if err := p.head(); err != nil {
		return err
	}
	p.w.Flush()
	return p.w.Error()
}

func (p *csvPrinter) end() error {
	if p.long > 0 {
		p.c.note("note: %s more than %d characters, which spreadsheets cut; --rows decisions, tasks, errors or accesses gives smaller ones", have(p.long, "cell"), sheetCell)
	}
	return p.flush()
}

// sheetCell is how many characters Excel keeps of a cell.
const sheetCell = 32767

// guarded returns the text of a cell.
func (f field) guarded() string {
	if f.free {
		return guard(f.text)
	}
	return f.text
}

// guard puts an apostrophe before a text that a spreadsheet would run as a formula, as
// OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection): an agent's
// words must not become a command on the desk of whoever opens the export.
func guard(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
