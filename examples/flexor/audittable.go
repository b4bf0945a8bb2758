package main

import (
	"strconv"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// tablePrinter writes runs, or what --rows asks for, as a table for people.
type tablePrinter struct {
	full  completer
	c     *cli
	rows  string
	table *table
	brief brief
}

// tableCell is how many characters of one value a table shows.
const tableCell = 60

func newTablePrinter(c *cli, full completer, rows string) *tablePrinter {
	var cols []column
	switch rows {
	case rowsDecisions:
		cols = left("RUN", "AT (UTC)", "SKILL", "CONDITION", "BRANCH", "NOT TAKEN", "VALUES")
	case rowsTasks:
		cols = left("RUN", "STARTED (UTC)", "SKILL", "OUTCOME", "DURATION", "ERROR")
		cols[4].right = true
	case rowsAccesses:
		cols = left("RUN", "AT (UTC)", "OP", "RECORD", "SOURCE", "SKILL", "REPEATS")
		cols[6].right = true
	case rowsErrors:
		cols = left("RUN", "AT (UTC)", "SKILL", "MESSAGE")
	default:
		cols = left("RUN", "AGENT", "TRIGGER", "AT (UTC)", "DURATION", "STATUS", "DECISIONS", "ERRORS")
		cols[4].right, cols[6].right, cols[7].right = true, true, true
	}
	return &tablePrinter{full: full, c: c, rows: rows, table: c.newTable(cols...), brief: brief{limit: tableCell}}
}

func (p *tablePrinter) put(e *audit.Entry) error {
	if p.rows == rowsRuns {
		return p.table.row(p.runCells(e))
	}
	e, err := p.full.complete(e)
	if err != nil {
		return err
	}
	switch p.rows {
	case rowsDecisions:
		for _, d := range e.Decisions {
			if err := p.table.row(plain(e.RunID, clock(d.At), d.Skill, d.Condition, d.Branch, strings.Join(d.Alternatives, ", "), p.brief.values(d.Values))); err != nil {
				return err
			}
		}
	case rowsTasks:
		for _, t := range e.Tasks {
			if err := p.table.row(plain(e.RunID, clock(t.StartedAt), t.Skill, string(t.Outcome), took(t.DurationMS), p.brief.message(t.Error))); err != nil {
				return err
			}
		}
	case rowsAccesses:
		return p.full.accesses(e, func(a *lineage.Access) error {
			return p.table.row(plain(e.RunID, clock(a.At), string(a.Op), a.Record, a.Source, a.Skill, strconv.Itoa(a.Repeats)))
		})
	case rowsErrors:
		for _, x := range e.Errors {
			if err := p.table.row(plain(e.RunID, clock(x.At), x.Skill, p.brief.message(x.Message))); err != nil {
				return err
			}
		}
	}
	return nil
}

// runCells is the row of a run. It counts what an entry had no room for as well.
func (p *tablePrinter) runCells(e *audit.Entry) []cell {
	decisions, errs := len(e.Decisions), len(e.Errors)
	if e.Omitted != nil {
		decisions, errs = decisions+e.Omitted.Decisions, errs+e.Omitted.Errors
	}
	cells := plain(e.RunID, e.AgentName, string(e.TriggerType), clock(e.TriggerAt), took(e.DurationMS), string(e.Status),
		strconv.Itoa(decisions), strconv.Itoa(errs))
	status := e.Status
	cells[5].paint = func(text string) string { return p.c.colour.status(status, text) }
	return cells
}

func (p *tablePrinter) flush() error { return p.table.flush() }

func (p *tablePrinter) end() error {
	if p.brief.cuts > 0 {
		p.c.note("note: %s been cut; --format csv has them whole", have(p.brief.cuts, "long value"))
	}
	return p.flush()
}
