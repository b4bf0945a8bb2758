package main

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// lineageJSONL writes a line for each part of an answer, and last one that says
// whether it is complete.
func (c *cli) lineageJSONL(res *lineage.Result) error {
	for _, t := range res.Touches {
		if err := writeJSON(c.out, struct {
			Kind string `json:"kind"`
			lineage.Touch
		}{"touch", t}, ""); err != nil {
			return err
		}
	}
	for _, v := range res.Versions {
		if err := writeJSON(c.out, struct {
			Kind string `json:"kind"`
			lineage.RecordVersion
		}{"version", v}, ""); err != nil {
			return err
		}
	}
	for _, e := range res.Edges {
		if err := writeJSON(c.out, struct {
			Kind string `json:"kind"`
			lineage.Edge
		}{"edge", e}, ""); err != nil {
			return err
		}
	}
	return writeJSON(c.out, struct {
		Kind     string        `json:"kind"`
		Record   string        `json:"record"`
		Complete bool          `json:"complete"`
		Gaps     []lineage.Gap `json:"gaps"`
		Head     audit.Head    `json:"head"`
	}{"answer", res.Record, res.Complete, res.Gaps, res.Head}, "")
}

// lineageHeads are the columns of csv. New ones are only ever added at the end.
var lineageHeads = []string{
	"relation", "agent_name", "run_id", "at", "status", "op", "record", "source", "skill", "steps", "explicit",
	"collection", "accesses", "position",
}

// lineageCSV writes a row for each line.
func (c *cli) lineageCSV(res *lineage.Result, lines []lineage.Touch) error {
	w := csv.NewWriter(c.out)
	if err := w.Write(lineageHeads); err != nil {
		return err
	}
	for _, l := range lines {
		at, position := "", ""
		if l.RunID != "" {
			at, position = stamp(l.At), strconv.FormatUint(l.Position, 10)
		}
		if err := w.Write([]string{
			string(l.Role), l.AgentName, l.RunID, at, string(l.Status), string(l.Op), l.Record, guard(l.Source), l.Skill,
			strconv.Itoa(l.Steps), strconv.FormatBool(l.Explicit), strconv.FormatBool(l.Collection), strconv.Itoa(l.Accesses), position,
		}); err != nil {
			return err
		}
	}
	w.Flush()
	c.note("%s", completeness(res))
	return w.Error()
}

// drawing is an answer as nodes and arrows.
type drawing struct {
	records numbered
	runs    numbered
	agents  map[string]string // by run
	arrows  []arrow
}

// arrow leads from a record to the run that read it, or from a run to the record that
// it made.
type arrow struct {
	run, record int
	made        bool
	implicit    bool
}

// numbered gives each of its names a number.
type numbered struct {
	names   []string
	numbers map[string]int
}

func (n *numbered) of(name string) int {
	i, ok := n.numbers[name]
	if !ok {
		if n.numbers == nil {
			n.numbers = map[string]int{}
		}
		i = len(n.names)
		n.numbers[name] = i
		n.names = append(n.names, name)
	}
	return i
}

// draw returns the drawing of an answer. All versions of a record are one node.
func draw(res *lineage.Result) *drawing {
	d := &drawing{agents: map[string]string{}}
	d.records.of(res.Record)
	seen := map[arrow]bool{}
	for _, e := range res.Edges {
		d.agents[e.RunID] = e.AgentName
		a := arrow{d.runs.of(e.RunID), d.records.of(e.Record), e.Made, e.Made && !e.Explicit}
		if !seen[a] {
			seen[a] = true
			d.arrows = append(d.arrows, a)
		}
	}
	return d
}

// runLabel returns what a run is called: its agent, and the end of its id.
func (d *drawing) runLabel(id string) string { return d.agents[id] + " " + id[max(0, len(id)-6):] }

// lineageDot writes a graph for Graphviz. Dashed is what was not said, but follows
// from what the run had read.
func (c *cli) lineageDot(res *lineage.Result) error {
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(printable(s)) + `"`
	}
	d := draw(res)
	var b strings.Builder
	fmt.Fprintf(&b, "// %s\ndigraph lineage {\n  rankdir=LR\n", completeness(res))
	for i, r := range d.records.names {
		fmt.Fprintf(&b, "  d%d [shape=box, label=%s]\n", i, quote(r))
	}
	for i, r := range d.runs.names {
		fmt.Fprintf(&b, "  r%d [shape=ellipse, label=%s]\n", i, quote(d.runLabel(r)))
	}
	for _, a := range d.arrows {
		style := ""
		if a.implicit {
			style = " [style=dashed]"
		}
		from, to := a.ends()
		fmt.Fprintf(&b, "  %s -> %s%s\n", from, to, style)
	}
	b.WriteString("}\n")
	_, err := c.out.WriteString(b.String())
	return err
}

// lineageMermaid writes a flowchart for Mermaid; see lineageDot.
func (c *cli) lineageMermaid(res *lineage.Result) error {
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`"`, "#quot;", "<", "#lt;", ">", "#gt;", "#", "#35;", "`", "#96;").Replace(printable(s)) + `"`
	}
	d := draw(res)
	var b strings.Builder
	fmt.Fprintf(&b, "%%%% %s\nflowchart LR\n", completeness(res))
	for i, r := range d.records.names {
		fmt.Fprintf(&b, "  d%d[%s]\n", i, quote(r))
	}
	for i, r := range d.runs.names {
		fmt.Fprintf(&b, "  r%d([%s])\n", i, quote(d.runLabel(r)))
	}
	for _, a := range d.arrows {
		line := "-->"
		if a.implicit {
			line = "-.->"
		}
		from, to := a.ends()
		fmt.Fprintf(&b, "  %s %s %s\n", from, line, to)
	}
	_, err := c.out.WriteString(b.String())
	return err
}

// ends returns the nodes that an arrow joins.
func (a arrow) ends() (from, to string) {
	run, record := fmt.Sprintf("r%d", a.run), fmt.Sprintf("d%d", a.record)
	if a.made {
		return run, record
	}
	return record, run
}
