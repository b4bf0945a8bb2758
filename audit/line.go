package audit

import (
	"encoding/json"
	"strconv"
	"time"
)

// saltRoom is what a sink may add to a line, such as a member "salt".
const saltRoom = 128

// maxLine is the size in bytes that no record of ours exceeds.
const maxLine = MaxRecord - saltRoom

// The phases of a task that have records.
const (
	phaseStart = "start"
	phaseEnd   = "end"
)

// startLine is the record of a run that starts, or that was refused.
type startLine struct {
	Kind         Kind        `json:"kind"`
	RunID        string      `json:"run_id"`
	Seq          int         `json:"seq"` // always 0
	At           time.Time   `json:"at"`
	Schema       string      `json:"schema"`
	Vault        string      `json:"vault"`
	Environment  string      `json:"environment"`
	AgentName    string      `json:"agent_name"`
	AgentVersion string      `json:"agent_version,omitempty"`
	TriggerType  TriggerType `json:"trigger_type"`
	TriggerAt    time.Time   `json:"trigger_at"`
	TriggeredBy  string      `json:"triggered_by,omitempty"`
	ParentRunID  string      `json:"parent_run_id,omitempty"`
	Deployment   string      `json:"deployment,omitempty"`
	Governance   *Head       `json:"governance,omitempty"`
	TraceID      string      `json:"trace_id,omitempty"`
	SpanID       string      `json:"span_id,omitempty"`
	Writer       string      `json:"writer,omitempty"`
	Reason       string      `json:"reason,omitempty"` // of a refusal
	Redactions   []Redaction `json:"redactions,omitempty"`
}

// taskLine is the record of a task that starts or ends.
type taskLine struct {
	Kind       Kind        `json:"kind"`
	RunID      string      `json:"run_id"`
	Seq        int         `json:"seq"`
	At         time.Time   `json:"at"`
	Phase      string      `json:"phase"`
	Task       int         `json:"task"`
	Skill      string      `json:"skill"`
	Parent     int         `json:"parent_task,omitempty"`
	DurationMS *int64      `json:"duration_ms,omitempty"` // this and the next: of an end
	Outcome    Outcome     `json:"outcome,omitempty"`
	Error      string      `json:"error,omitempty"`
	Inputs     Values      `json:"inputs,omitempty"`
	Outputs    Values      `json:"outputs,omitempty"`
	Redactions []Redaction `json:"redactions,omitempty"`
	Late       bool        `json:"late,omitempty"`
}

// result returns what the record of a task's end says in the entry.
func (l *taskLine) result() TaskResult {
	t := TaskResult{Outcome: l.Outcome, Error: l.Error, Inputs: l.Inputs, Outputs: l.Outputs}
	if l.DurationMS != nil {
		t.DurationMS = *l.DurationMS
	}
	return t
}

// decisionLine is the record of a decision.
type decisionLine struct {
	Kind  Kind   `json:"kind"`
	RunID string `json:"run_id"`
	*Decision
	Redactions []Redaction `json:"redactions,omitempty"`
	Late       bool        `json:"late,omitempty"`
}

// appendTo appends the record as encoding/json would write it, five times as
// fast: decisions are what agents record in hot loops.
func (l *decisionLine) appendTo(b []byte) []byte {
	b = appendQuoted(append(b, `{"kind":`...), string(l.Kind))
	b = appendQuoted(append(b, `,"run_id":`...), l.RunID)
	b = strconv.AppendInt(append(b, `,"seq":`...), int64(l.Seq), 10)
	b = append(l.At.AppendFormat(append(b, `,"at":"`...), time.RFC3339Nano), '"')
	if l.Task != 0 {
		b = strconv.AppendInt(append(b, `,"task":`...), int64(l.Task), 10)
	}
	if l.Skill != "" {
		b = appendQuoted(append(b, `,"skill":`...), l.Skill)
	}
	b = appendQuoted(append(b, `,"condition":`...), l.Condition)
	b = appendQuoted(append(b, `,"branch":`...), l.Branch)
	b = append(b, `,"alternatives":[`...)
	for i, a := range l.Alternatives {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, a)
	}
	b = l.Values.appendTo(append(b, `],"values":`...))
	if len(l.Redactions) > 0 {
		b = append(b, `,"redactions":[`...)
		for i, r := range l.Redactions {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendQuoted(append(b, `{"field":`...), r.Field)
			b = appendQuoted(append(b, `,"detector":`...), r.Detector)
			b = append(strconv.AppendInt(append(b, `,"count":`...), int64(r.Count), 10), '}')
		}
		b = append(b, ']')
	}
	if l.Late {
		b = append(b, `,"late":true`...)
	}
	return append(b, '}')
}

// killLine is the record that a run was told to stop. What it did about it, the
// entry says.
type killLine struct {
	Kind  Kind      `json:"kind"`
	RunID string    `json:"run_id"`
	Seq   int       `json:"seq"`
	At    time.Time `json:"at"`
	*Kill
	Redactions []Redaction `json:"redactions,omitempty"`
}

// outputLine is the record of an output.
type outputLine struct {
	Kind       Kind            `json:"kind"`
	RunID      string          `json:"run_id"`
	Seq        int             `json:"seq"`
	At         time.Time       `json:"at"`
	Task       int             `json:"task,omitempty"`
	Skill      string          `json:"skill,omitempty"`
	Name       string          `json:"name"`
	Value      json.RawMessage `json:"value"`
	Redactions []Redaction     `json:"redactions,omitempty"`
	Late       bool            `json:"late,omitempty"`
}

// errorLine is the record of an error. It has the fields of [ErrorEvent], but
// what that calls kind is error_kind, as kind is what the record is.
type errorLine struct {
	Kind       Kind        `json:"kind"`
	RunID      string      `json:"run_id"`
	Seq        int         `json:"seq"`
	At         time.Time   `json:"at"`
	Task       int         `json:"task,omitempty"`
	Skill      string      `json:"skill,omitempty"`
	Message    string      `json:"message"`
	ErrorKind  string      `json:"error_kind,omitempty"`
	Redactions []Redaction `json:"redactions,omitempty"`
	Late       bool        `json:"late,omitempty"`
}
