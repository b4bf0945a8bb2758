package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
)

// accessLines is how many accesses a text shows.
const accessLines = 50

// accesses writes which data records the run read and wrote.
func (n *narrator) accesses() error {
	list := n.s.accesses
	if len(list) == 0 {
		return nil
	}
	if err := n.section("What it read and wrote"); err != nil {
		return err
	}
	for _, a := range list[:min(len(list), accessLines)] {
		if _, err := fmt.Fprintf(n.w, "  %s%s\n", n.at(a.At), accessText(&a)); err != nil {
			return err
		}
	}
	if rest := len(list) - accessLines; rest > 0 {
		_, err := fmt.Fprintf(n.w, "  … and %d more; --format json has them all\n", rest)
		return err
	}
	return nil
}

// accessText returns an access in words.
func accessText(a *audit.Access) string {
	if a.Dropped > 0 {
		return printable(fmt.Sprintf("%s and others, %d so far, are not in the log: %s", a.Op, a.Dropped, a.Reason))
	}
	text := fmt.Sprintf("%s %s", a.Op, a.Record)
	if a.Repeats > 0 {
		text += fmt.Sprintf(", again, %s", count(a.Repeats, "time"))
	}
	if a.Version != "" {
		text += ", version " + a.Version
	}
	switch {
	case a.From == nil:
	case len(a.From) == 0:
		text += ", from nothing"
	default:
		text += ", from " + strings.Join(a.From, " and ")
	}
	if a.Source != "" {
		text += ", in " + a.Source
	}
	if a.Skill != "" {
		text += ", by " + a.Skill
	}
	return printable(text)
}

// accessHeads are the columns of --rows accesses beside those of the run.
var accessHeads = []string{"access_position", "at", "op", "record", "source", "from", "version", "digest", "rows", "repeats", "task", "skill"}

// accessFields is a row of --rows accesses.
func accessFields(e *audit.Entry, a *lineage.Access) []field {
	from := field{}
	if a.From != nil {
		from = object(a.From)
	}
	return append(runFields(e), number(int64(a.Position)), when(a.At), word(string(a.Op)), text(a.Record), text(a.Source), from,
		text(a.Version), text(a.Digest), optional(a.Rows == 0, number(a.Rows)), ordinal(a.Repeats), ordinal(a.Task), word(a.Skill))
}

// accesses calls yield with each access of a run.
func (f completer) accesses(e *audit.Entry, yield func(*lineage.Access) error) error {
	for a, err := range lineage.Accesses(f.ctx, f.place.log, e.RunID) {
		if err == nil {
			err = yield(&a)
		}
		if err != nil {
			return err
		}
	}
	if e.Accesses != nil && e.Accesses.Dropped > 0 {
		f.c.note("note: %s of %s are not in the log", strconv.Itoa(e.Accesses.Dropped)+" accesses", e.RunID)
	}
	return nil
}
