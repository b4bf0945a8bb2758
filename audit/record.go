package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Record encodes the entry as the record of its run. An entry that exceeds
// what a record may hold is written without the tails of its lists, and counts
// what is missing in [Entry.Omitted]; e itself does not change.
func (e *Entry) Record() (Record, error) {
	c := *e
	c.Kind, c.Schema = KindRun, Schema
	for {
		line, err := c.encode()
		if err != nil {
			return Record{}, fmt.Errorf("audit: encode entry of run %s: %w", c.RunID, err)
		}
		if len(line) <= maxLine {
			return Record{Kind: KindRun, RunID: c.RunID, JSON: line}, nil
		}
		if !c.shorten() {
			return Record{}, fmt.Errorf("audit: encode entry of run %s: %d bytes exceed %d", c.RunID, len(line), maxLine)
		}
	}
}

// encode returns the entry's line, whatever its size.
func (e *Entry) encode() ([]byte, error) {
	// What is required is there even when it is empty.
	e.TasksExecuted = orEmpty(e.TasksExecuted)
	e.Decisions = orEmpty(e.Decisions)
	e.Errors = orEmpty(e.Errors)
	b := new(bytes.Buffer)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// orEmpty returns list, or an empty one for nil.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// shorten omits the second half of every list, and reports whether there was
// anything to omit.
func (e *Entry) shorten() bool {
	var o Omitted
	if e.Omitted != nil {
		o = *e.Omitted
	}
	before := o
	e.Decisions = firstHalf(e.Decisions, &o.Decisions)
	e.Outputs = firstHalf(e.Outputs, &o.Outputs)
	e.Errors = firstHalf(e.Errors, &o.Errors)
	skills := o.Tasks // counted as the tasks are, which are usually as many
	e.Tasks = firstHalf(e.Tasks, &o.Tasks)
	e.TasksExecuted = firstHalf(e.TasksExecuted, &skills)
	o.Tasks = max(o.Tasks, skills)
	e.Omitted = &o
	return o != before
}

// firstHalf returns the first half of a list, and counts the rest.
func firstHalf[S ~[]T, T any](list S, omitted *int) S {
	keep := len(list) / 2
	*omitted += len(list) - keep
	return slices.Clip(list[:keep])
}
