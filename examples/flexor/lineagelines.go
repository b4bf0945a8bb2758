package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// madeFrom is the relation of a record that the one in question was made from.
const madeFrom lineage.Role = "made_from"

// relations are the relations in the order in which they are shown.
var relations = []lineage.Role{lineage.WrittenBy, madeFrom, lineage.ReadBy, lineage.IncludedIn, lineage.UsedBy}

// linesOf returns what an answer has a line for: the runs that touched the record,
// and the records that it was made from. These have the form of a touch too; one
// from outside the log has no run.
func linesOf(res *lineage.Result) []lineage.Touch {
	lines := slices.Clone(res.Touches)
	for _, v := range res.Versions {
		if v.Direction != "upstream" {
			continue
		}
		lines = append(lines, lineage.Touch{
			Role: madeFrom, RunID: v.RunID, AgentName: v.AgentName, Status: v.Status, At: v.At, Op: v.Op,
			Record: v.Record, Source: v.Source, Steps: v.Steps, Explicit: v.Explicit, Accesses: 1, Position: v.Position,
		})
	}
	slices.SortStableFunc(lines, func(a, b lineage.Touch) int {
		return cmp.Compare(slices.Index(relations, a.Role), slices.Index(relations, b.Role))
	})
	return lines
}

// some returns at most so many lines, a fair share of each relation; 0: all.
func some(lines []lineage.Touch, limit int) []lineage.Touch {
	if limit == 0 || len(lines) <= limit {
		return lines
	}
	shares := map[lineage.Role]int{}
	have := map[lineage.Role]int{}
	for _, l := range lines {
		have[l.Role]++
	}
	for left := limit; left > 0; {
		for _, r := range relations {
			if left > 0 && shares[r] < have[r] {
				shares[r]++
				left--
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(lines), func(l lineage.Touch) bool {
		shares[l.Role]--
		return shares[l.Role] < 0
	})
}

// relation returns a relation for people.
func relation(l lineage.Touch) string {
	switch l.Role {
	case lineage.WrittenBy:
		switch l.Op {
		case audit.OpAppend:
			return "Added to by"
		case audit.OpDelete:
			return "Deleted by"
		}
		return "Written by"
	case lineage.ReadBy:
		return "Read by"
	case lineage.IncludedIn:
		return "Included in"
	case lineage.UsedBy:
		return "Used by"
	}
	return "Made from"
}

// title returns the last two parts of a record's path, as people call it.
func title(record string) string {
	path, _, _ := strings.Cut(record, "?")
	if _, after, ok := strings.Cut(path, "://"); ok {
		path = after
	}
	tail := ""
	if strings.HasSuffix(path, "/") {
		path, tail = strings.TrimSuffix(path, "/"), " /"
	}
	parts := strings.Split(path, "/")
	parts = parts[max(0, len(parts)-2):]
	for i, p := range parts {
		if plain, err := url.PathUnescape(p); err == nil {
			parts[i] = plain
		}
	}
	return printable(strings.Join(parts, " / ")) + tail
}

// lineageTree writes the tree of the specification, and whether it is complete.
func (c *cli) lineageTree(res *lineage.Result, lines []lineage.Touch) error {
	if _, err := fmt.Fprintf(c.out, "Record: %s\n", title(res.Record)); err != nil {
		return err
	}
	var nodes []*node
	for _, l := range lines {
		nodes = append(nodes, &node{text: c.lineageLine(l)})
	}
	if err := writeTree(c.out, nodes, ""); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "\n%s\n", completeness(res))
	return err
}

// lineageLine is a line of the tree.
func (c *cli) lineageLine(l lineage.Touch) string {
	who := fmt.Sprintf("%s [run: %s] at %s UTC", l.AgentName, l.RunID, l.At.UTC().Format("2006-01-02 15:04"))
	text := relation(l) + ": "
	outside := l.Role == madeFrom && l.RunID == ""
	switch {
	case outside:
		text += l.Record + ", not written in this log"
	case l.Role == madeFrom:
		text += l.Record + ", written by " + who
	default:
		text += who
	}
	switch {
	case l.Role == lineage.UsedBy:
		text += ", which read " + l.Record
	case l.Collection:
		text += ", as part of " + l.Record
	}
	if l.Steps > 1 && l.Role != lineage.UsedBy {
		text += fmt.Sprintf(", %d steps away", l.Steps)
	}
	text = printable(text)
	switch {
	case outside, l.Status == audit.Success:
		return text
	case l.Status == "":
		return text + ", not ended"
	}
	return text + ", " + c.colour.status(l.Status, string(l.Status))
}

// completeness says on one line whether an answer is complete.
func completeness(res *lineage.Result) string {
	at := fmt.Sprintf("at %s of the log, root %s", count(int(res.Head.Size), "record"), res.Head.Root)
	if res.Complete {
		return "Complete " + at
	}
	var why []string
	for _, g := range res.Gaps {
		why = append(why, g.Text)
	}
	return "INCOMPLETE " + at + ": " + strings.Join(why, "; ")
}

// lineageTable writes a row for each line.
func (c *cli) lineageTable(res *lineage.Result, lines []lineage.Touch) error {
	t := c.newTable(
		column{head: "RELATION"}, column{head: "AGENT"}, column{head: "RUN"}, column{head: "AT (UTC)"}, column{head: "STATUS"},
		column{head: "OP"}, column{head: "STEPS", right: true}, column{head: "ACCESSES", right: true}, column{head: "RECORD"})
	for _, l := range lines {
		at := ""
		if !l.At.IsZero() {
			at = clock(l.At)
		}
		cells := plain(string(l.Role), l.AgentName, l.RunID, at, string(l.Status), string(l.Op), fmt.Sprint(l.Steps), fmt.Sprint(l.Accesses), l.Record)
		if l.Status != "" {
			cells[4].paint = func(text string) string { return c.colour.status(l.Status, text) }
		}
		if err := t.row(cells); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	c.note("%s", completeness(res))
	return nil
}
