package main

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/flexorhq/flexor-go/audit"
)

// What --rows has a row for.
const (
	rowsRuns      = "runs"
	rowsDecisions = "decisions"
	rowsTasks     = "tasks"
	rowsErrors    = "errors"
	rowsAccesses  = "accesses"
)

// field is one cell of a csv row.
type field struct {
	text string
	free bool // free text of an agent or a person, which may look like a formula
}

func text(s string) field         { return field{s, true} }
func word(s string) field         { return field{s, false} } // of a fixed set, or with a grammar that has no formulas
func number(n int64) field        { return field{strconv.FormatInt(n, 10), false} }
func when(t time.Time) field      { return field{stamp(t), false} }
func ordinal(n int) field         { return optional(n == 0, number(int64(n))) }
func object(v any) field          { return field{compact(v), false} }
func values(v audit.Values) field { return optional(v == nil, object(v)) }

// optional returns f, or an empty field if there is nothing.
func optional(none bool, f field) field {
	if none {
		return field{}
	}
	return f
}

// compact returns v as JSON on one line. An entry consists of what came from JSON, so it
// cannot fail.
func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return strconv.Quote(err.Error())
	}
	return string(b)
}

// sheet is one layout of csv: its heads, and the rows of a run.
type sheet struct {
	heads []string
	rows  func(e *audit.Entry) [][]field // nil: of accesses, which an entry does not hold
}

// sheetOf returns the layout that --rows asks for. Columns are only ever added at the
// end.
func sheetOf(rows string) sheet {
	switch rows {
	case rowsDecisions:
		return sheet{append(runHeads(), "seq", "at", "task", "skill", "condition", "branch", "alternatives", "values"), decisionRows}
	case rowsTasks:
		return sheet{append(runHeads(), "seq", "parent_task", "skill", "started_at", "duration_ms", "outcome", "error", "inputs", "outputs"), taskRows}
	case rowsAccesses:
		return sheet{append(runHeads(), accessHeads...), nil}
	case rowsErrors:
		return sheet{append(runHeads(), "seq", "at", "task", "skill", "kind", "message"), errorRows}
	}
	return sheet{[]string{
		"run_id", "agent_name", "trigger_type", "trigger_at", "tasks_executed", "outputs", "decisions", "duration_ms", "status", "errors",
		"environment", "agent_version", "triggered_by", "parent_run_id", "started_at", "ended_at", "ended_by", "vault", "position",
	}, entryRows}
}

// entryRows is the one row of a run: the ten fields of the specification in its order,
// then what we add.
func entryRows(e *audit.Entry) [][]field {
	return [][]field{{
		word(e.RunID), word(e.AgentName), word(string(e.TriggerType)), when(e.TriggerAt), object(orEmpty(e.TasksExecuted)),
		object(e.Outputs), object(orEmpty(e.Decisions)), number(e.DurationMS), word(string(e.Status)), object(orEmpty(e.Errors)),
		word(e.Environment), word(e.AgentVersion), text(e.TriggeredBy), word(e.ParentRunID), when(e.StartedAt), when(e.EndedAt),
		word(string(e.EndedBy)), word(e.Vault), number(int64(e.Position)),
	}}
}

// orEmpty returns list, or an empty one for nil, so that JSON has [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// runHeads are the columns with which the long forms say which run a row is of.
func runHeads() []string {
	return []string{"run_id", "agent_name", "environment", "trigger_at", "status", "position"}
}

func runFields(e *audit.Entry) []field {
	return []field{word(e.RunID), word(e.AgentName), word(e.Environment), when(e.TriggerAt), word(string(e.Status)), number(int64(e.Position))}
}

func decisionRows(e *audit.Entry) (rows [][]field) {
	for _, d := range e.Decisions {
		rows = append(rows, append(runFields(e), number(int64(d.Seq)), when(d.At), ordinal(d.Task), word(d.Skill),
			text(d.Condition), text(d.Branch), object(orEmpty(d.Alternatives)), object(d.Values)))
	}
	return rows
}

func taskRows(e *audit.Entry) (rows [][]field) {
	for _, t := range e.Tasks {
		rows = append(rows, append(runFields(e), number(int64(t.Seq)), ordinal(t.Parent), word(t.Skill), when(t.StartedAt),
			number(t.DurationMS), word(string(t.Outcome)), text(t.Error), values(t.Inputs), values(t.Outputs)))
	}
	return rows
}

func errorRows(e *audit.Entry) (rows [][]field) {
	for _, x := range e.Errors {
		rows = append(rows, append(runFields(e), number(int64(x.Seq)), when(x.At), ordinal(x.Task), word(x.Skill),
			word(x.Kind), text(x.Message)))
	}
	return rows
}
