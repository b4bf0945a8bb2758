package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
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

// lineBuffer is an encoder for one line. It is pooled: a sink does not keep
// what it is given.
type lineBuffer struct {
	bytes.Buffer
	enc     *json.Encoder
	records [1]Record
}

var lineBuffers = sync.Pool{New: func() any {
	b := new(lineBuffer)
	b.enc = json.NewEncoder(&b.Buffer)
	b.enc.SetEscapeHTML(false)
	return b
}}

// encode encodes one record. The caller frees the buffer.
func encode(record any) (*lineBuffer, error) {
	b := lineBuffers.Get().(*lineBuffer)
	b.Reset()
	var err error
	if d, ok := record.(*decisionLine); ok {
		b.Write(d.appendTo(b.AvailableBuffer()))
	} else {
		err = b.enc.Encode(record)
	}
	if err == nil && len(b.line()) > maxLine {
		err = fmt.Errorf("audit: a record of %d bytes exceeds %d", len(b.line()), maxLine)
	}
	if err != nil {
		b.free()
		return nil, err
	}
	return b, nil
}

// record returns the record as what a batch holds, valid until free.
func (b *lineBuffer) record(kind Kind, runID string) []Record {
	b.records[0] = Record{Kind: kind, RunID: runID, JSON: b.line()}
	return b.records[:]
}

// line returns the encoded record without its newline, valid until free.
func (b *lineBuffer) line() []byte { return bytes.TrimSuffix(b.Bytes(), []byte("\n")) }

// free gives the buffer back, unless it has become too large to keep around.
func (b *lineBuffer) free() {
	if b.Cap() <= 64<<10 {
		lineBuffers.Put(b)
	}
}

// Line is what all records of an audit log have in common. "kind" is the first
// member of every record that a [Recorder] writes.
type Line struct {
	Kind  Kind
	RunID string
	// Seq is the record's number inside its run: 0 is the start; task ends and
	// everything else follow from 1 without gaps. An entry has none, and 0 here.
	Seq  int
	At   time.Time // UTC; of an entry the time of its end
	Late bool      // written after the end of its run

	// Writer is [Config.Writer] of the process whose run started; empty for
	// records of other kinds.
	Writer string
}

// DecodeLine reads what is common from one record of any kind, known or not.
// Members it does not know, such as the salt that a sink added, are ignored.
func DecodeLine(line []byte) (Line, error) {
	var l struct {
		Kind    Kind      `json:"kind"`
		RunID   string    `json:"run_id"`
		Seq     int       `json:"seq"`
		At      time.Time `json:"at"`
		EndedAt time.Time `json:"ended_at"`
		Late    bool      `json:"late"`
		Writer  string    `json:"writer"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return Line{}, fmt.Errorf("audit: decode record: %w", err)
	}
	if l.Kind == "" {
		return Line{}, errors.New("audit: decode record: it has no kind")
	}
	if l.Kind == KindRun {
		l.At = l.EndedAt
	}
	return Line{l.Kind, l.RunID, l.Seq, l.At, l.Late, l.Writer}, nil
}

// DecodeEntry reads an entry from its line. Members it does not know, such as
// those of a later version or the salt that a sink added, are ignored. A record
// of another kind, or with another schema than [Schema], is an error.
func DecodeEntry(line []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil {
		return Entry{}, fmt.Errorf("audit: decode entry: %w", err)
	}
	switch {
	case e.Kind != KindRun:
		return Entry{}, fmt.Errorf("audit: decode entry: the record is a %q, not a %q", e.Kind, KindRun)
	case e.Schema != Schema:
		return Entry{}, fmt.Errorf("audit: decode entry: schema %q is not %q", e.Schema, Schema)
	case e.RunID == "":
		return Entry{}, errors.New("audit: decode entry: it has no run_id")
	}
	return e, nil
}

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
	e.Tasks = firstHalf(e.Tasks, &o.Tasks)
	e.TasksExecuted = firstHalf(e.TasksExecuted, new(int))
	e.Omitted = &o
	return o != before
}

// firstHalf returns the first half of a list, and counts the rest.
func firstHalf[S ~[]T, T any](list S, omitted *int) S {
	keep := len(list) / 2
	*omitted += len(list) - keep
	return slices.Clip(list[:keep])
}
