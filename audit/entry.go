package audit

import (
	"time"

	"github.com/flexorhq/flexor-go/redact"
)

// Schema names the format of an [Entry]; its JSON Schema is published in the
// schema folder of this module. Fields are added to it, never renamed.
const Schema = "flexor.run/v1"

// Kind says what one line of the audit log is.
type Kind string

// The kinds of records a [Recorder] writes. Readers must skip kinds they do
// not know: later versions add some.
const (
	KindStart    Kind = "start"    // a run began; written before the agent's code is called
	KindTask     Kind = "task"     // a task began or ended
	KindDecision Kind = "decision" // a conditional branch was taken
	KindOutput   Kind = "output"   // the run stated one of its outputs
	KindAccess   Kind = "access"   // the run read or wrote a data record; see [Access]
	KindError    Kind = "error"    // the run met an error
	KindKill     Kind = "kill"     // the run was told to stop: its context is cancelled
	KindRefused  Kind = "refused"  // a trigger that the gate did not admit
	KindRun      Kind = "run"      // the entry: the one object that describes a finished run
)

// Entry describes one finished run. Its JSON form is the line that the audit
// log keeps for ever: the ten fields run_id, agent_name, trigger_type,
// trigger_at, tasks_executed, outputs, decisions, duration_ms, status and
// errors are always present, the others are absent when empty.
type Entry struct {
	Kind   Kind   `json:"kind"`   // always [KindRun]
	Schema string `json:"schema"` // always [Schema]

	RunID        string `json:"run_id"`                  // TypeID: "run_" and the 26 characters of a UUIDv7
	AgentName    string `json:"agent_name"`              // as [Recorder.Do] was given it, without the version
	AgentVersion string `json:"agent_version,omitempty"` // empty: none was given
	Vault        string `json:"vault"`                   // the name in vault.json
	Environment  string `json:"environment"`             // sandbox, staging or production

	TriggerType TriggerType `json:"trigger_type"`            // what set the run off
	TriggerAt   time.Time   `json:"trigger_at"`              // UTC
	TriggeredBy string      `json:"triggered_by,omitempty"`  // who or what did: a person, an agent, the name of a schedule
	ParentRunID string      `json:"parent_run_id,omitempty"` // the run inside which this one was started

	StartedAt  time.Time `json:"started_at"`  // UTC
	EndedAt    time.Time `json:"ended_at"`    // UTC; for an interrupted run the time of its last record
	DurationMS int64     `json:"duration_ms"` // from start to end, by the monotonic clock, in whole milliseconds
	Status     Status    `json:"status"`      // success, partial or failed
	EndedBy    EndedBy   `json:"ended_by"`    // why it came to its end

	TasksExecuted []string     `json:"tasks_executed"`  // skills in the order in which they were invoked
	Tasks         []TaskResult `json:"tasks,omitempty"` // the same invocations, with how each went
	Decisions     []Decision   `json:"decisions"`       // in the order in which they were taken
	Outputs       Values       `json:"outputs"`         // what [Run.Output] stated
	Errors        []ErrorEvent `json:"errors"`          // in the order in which they were met

	Deployment string      `json:"deployment,omitempty"` // the deployment that allowed this run
	Governance *Head       `json:"governance,omitempty"` // the governance log when the run started
	Kill       *Kill       `json:"kill,omitempty"`       // who stopped it; nil: nobody did
	Accesses   *Accesses   `json:"accesses,omitempty"`   // how many; each is a record of its own
	Redactions []Redaction `json:"redactions,omitempty"` // what was removed before it was written, and where
	Omitted    *Omitted    `json:"omitted,omitempty"`    // what did not fit into one line; nil: all of it did

	TraceID string `json:"trace_id,omitempty"` // W3C trace context, of the caller's or our own span
	SpanID  string `json:"span_id,omitempty"`  // of that span

	// Position is the index of the entry's line in the log it was read from;
	// it is not part of the line. Zero where the source has no positions.
	Position uint64 `json:"-"`
}

// Status is the outcome of a run. It is derived by the [Recorder] from what
// it saw, never taken from the agent's word.
type Status string

// The three outcomes of a run.
const (
	Success Status = "success" // returned nil and recorded no error
	Partial Status = "partial" // returned nil, but errors were recorded on the way
	Failed  Status = "failed"  // anything else
)

// EndedBy says what brought a run to its end.
type EndedBy string

// What can end a run.
const (
	ByReturn      EndedBy = "return"      // the agent returned nil
	ByError       EndedBy = "error"       // the agent returned an error
	ByPanic       EndedBy = "panic"       // the agent panicked
	ByGoexit      EndedBy = "goexit"      // the agent's goroutine called runtime.Goexit
	ByKill        EndedBy = "killed"      // someone stopped the run; see [Entry.Kill]
	ByCancel      EndedBy = "canceled"    // the caller's context was canceled
	ByTimeout     EndedBy = "timeout"     // the caller's context passed its deadline
	ByInterrupted EndedBy = "interrupted" // the process died; closed by a later one
)

// Decision is one conditional branch a run took: what was asked, the branch
// chosen, the branches not taken, and the values that drove the choice.
type Decision struct {
	Seq          int       `json:"seq"`             // order inside the run, shared with tasks, outputs and errors
	At           time.Time `json:"at"`              // UTC
	Task         int       `json:"task,omitempty"`  // [TaskResult.Seq] of the task it was taken in; 0: outside any task
	Skill        string    `json:"skill,omitempty"` // the skill of that task
	Condition    string    `json:"condition"`       // the name given in the code, such as "feed is stale"
	Branch       string    `json:"branch"`          // "true" or "false" of an If, the name chosen of a Choose
	Alternatives []string  `json:"alternatives"`    // the branches not taken
	Values       Values    `json:"values"`
}

// Outcome says how a task ended.
type Outcome string

// How a task can end.
const (
	OK      Outcome = "ok"      // returned nil
	Errored Outcome = "error"   // returned an error or panicked
	Denied  Outcome = "denied"  // returned an error that wraps [ErrDenied]
	Unknown Outcome = "unknown" // still running when the run ended or was killed, or its process died
)

// TaskResult is one invocation of a skill inside a run.
type TaskResult struct {
	Seq        int       `json:"seq"` // order inside the run, from 1
	Skill      string    `json:"skill"`
	StartedAt  time.Time `json:"started_at"`            // UTC
	DurationMS int64     `json:"duration_ms"`           // 0 if it had not returned when the run ended
	Outcome    Outcome   `json:"outcome"`               // how it ended
	Inputs     Values    `json:"inputs,omitempty"`      // only with [Config.IncludeInputs]
	Outputs    Values    `json:"outputs,omitempty"`     // only with [Config.IncludeOutputs]
	Error      string    `json:"error,omitempty"`       // what the task returned
	Parent     int       `json:"parent_task,omitempty"` // Seq of the task it was invoked in; 0: none
}

// ErrorEvent is one error that a run met.
type ErrorEvent struct {
	Seq     int       `json:"seq"`
	At      time.Time `json:"at"` // UTC
	Task    int       `json:"task,omitempty"`
	Skill   string    `json:"skill,omitempty"`
	Message string    `json:"message"`
	Kind    string    `json:"kind,omitempty"` // "panic", "goexit" or "interrupted"; absent for an ordinary error
}

// Head identifies a log at one moment: how many lines it had, and the RFC 6962
// root hash over them in standard base64.
type Head struct {
	Size uint64 `json:"size"`
	Root string `json:"root"`
}

// Redaction says how often a detector replaced something in one field, such as
// "outputs.contact" or "decisions.values.owner"; see [Redactor]. It never holds the
// value.
type Redaction = redact.Redaction

// Omitted counts what did not fit into an entry, which is one line of at most
// [MaxRecord] bytes. Nothing is lost by it: every task, decision, output and
// error also stands in the log as a record of its own.
type Omitted struct {
	Tasks     int `json:"tasks,omitempty"`
	Decisions int `json:"decisions,omitempty"`
	Outputs   int `json:"outputs,omitempty"`
	Errors    int `json:"errors,omitempty"`
}
