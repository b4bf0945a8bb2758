package audit

import "github.com/flexorhq/flexor-go/redact"

// Redactor removes what must not be written from a value before it is
// recorded, sent or traced.
//
// Redact is given one JSON value as it would be written, and the path of the
// field it stands in: "decisions.values.owner", "outputs.contact",
// "tasks.inputs.feed", "tasks.outputs.rows", "decisions.condition",
// "decisions.branch", "decisions.alternatives", "errors.message", "tasks.error",
// "accesses.record", "accesses.source", "accesses.version", "accesses.digest",
// "reason" (of a refusal), "kill.reason". The name of a value comes first, as a
// string of its own with the path "outputs" or the like; what is left of it stands
// in the path of the value. Numbers and booleans are handed in too. Names of agents
// and skills, ids and times never are: they have a grammar that leaves no room for
// anything personal. Nor is who triggered a run or killed it.
//
// It returns the JSON value to write instead, which may be src itself when there is
// nothing to remove, and what it replaced. It is called from many goroutines at once
// and must neither change nor keep src. A redactor that panics or returns invalid
// JSON closes: the value is written as "[REDACTED:error]".
//
// [redact.Redactor] is one.
type Redactor interface {
	Redact(field string, src []byte) ([]byte, []Redaction)
}

var _ Redactor = (*redact.Redactor)(nil)
