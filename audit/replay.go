package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Replay rebuilds the entry of a run whose process died, from the records it
// left. The zero value is ready for the first of them. It holds no more than one
// entry does, however many records there are. It is not safe for concurrent use.
type Replay struct {
	draft draft
	slots map[int]int // tasks by number, to where they stand in the draft
	seq   int         // the largest seen
	last  time.Time
}

// diedMessage is what the entry of an interrupted run says.
const diedMessage = "the process running this agent ended before the run did"

// Add adds the next record of the run, in the order of the log. It is an error
// if the first one is not the run's start, if one is of another run, or if the
// run has an entry already. Records of unknown kinds are skipped.
func (r *Replay) Add(line []byte) error {
	if err := r.add(line); err != nil {
		return fmt.Errorf("audit: replay: %w", err)
	}
	return nil
}

// Entry returns the entry of the run: failed and ended by [ByInterrupted], with
// the time of its last record as its end. Tasks without an end have the outcome
// [Unknown], and an error that says what happened is added to those recorded.
// The Replay is not used again.
func (r *Replay) Entry() (Entry, error) {
	if r.draft.entry.RunID == "" {
		return Entry{}, errors.New("audit: replay: no records")
	}
	return r.finish(), nil
}

// add adds one record.
func (r *Replay) add(line []byte) error {
	l, err := DecodeLine(line)
	if err != nil {
		return err
	}
	id := r.draft.entry.RunID
	switch {
	case id == "" && l.Kind != KindStart:
		return fmt.Errorf("the first record is a %q, not the start", l.Kind)
	case id == "":
		return r.start(line)
	case l.RunID != id:
		return fmt.Errorf("a record of run %s among those of %s", l.RunID, id)
	case l.Kind == KindStart:
		return fmt.Errorf("run %s started twice", id)
	case l.Kind == KindRun:
		return fmt.Errorf("run %s has ended", id)
	}
	r.seq = max(r.seq, l.Seq)
	if l.At.After(r.last) {
		r.last = l.At
	}
	switch l.Kind {
	case KindTask:
		return r.task(line)
	case KindDecision:
		d := decisionLine{Decision: new(Decision)}
		return r.decode(line, &d, &d.Redactions, func() { r.draft.decided(d.Decision) })
	case KindAccess:
		var a Access
		return r.decode(line, &a, &a.Redactions, func() { r.draft.accessed(&a) })
	case KindOutput:
		var o outputLine
		return r.decode(line, &o, &o.Redactions, func() { r.draft.output(Named{o.Name, o.Value}) })
	case KindError:
		var e errorLine
		return r.decode(line, &e, &e.Redactions, func() {
			r.draft.failed(ErrorEvent{e.Seq, e.At, e.Task, e.Skill, e.Message, e.ErrorKind})
		})
	case KindKill:
		k := killLine{Kill: new(Kill)}
		return r.decode(line, &k, &k.Redactions, func() { r.draft.entry.Kill = k.Kill })
	}
	return nil
}

// decode reads one record and, if it can be read, adds what was redacted in it.
func (r *Replay) decode(line []byte, into any, redactions *[]Redaction, add func()) error {
	if err := json.Unmarshal(line, into); err != nil {
		return err
	}
	add()
	r.draft.redacted(*redactions)
	return nil
}

// start begins the entry.
func (r *Replay) start(line []byte) error {
	var s startLine
	if err := json.Unmarshal(line, &s); err != nil {
		return err
	}
	if s.RunID == "" {
		return errors.New("the start has no run_id")
	}
	r.last = s.At
	r.slots = map[int]int{}
	r.draft.init(Entry{
		Kind: KindRun, Schema: Schema,
		RunID: s.RunID, AgentName: s.AgentName, AgentVersion: s.AgentVersion, Vault: s.Vault, Environment: s.Environment,
		TriggerType: s.TriggerType, TriggerAt: s.TriggerAt, TriggeredBy: s.TriggeredBy, ParentRunID: s.ParentRunID,
		StartedAt: s.At, Deployment: s.Deployment, Governance: s.Governance, TraceID: s.TraceID, SpanID: s.SpanID,
	})
	return nil
}

// task adds the start or the end of a task.
func (r *Replay) task(line []byte) error {
	var t taskLine
	return r.decode(line, &t, &t.Redactions, func() {
		if t.Phase == phaseStart {
			r.slots[t.Task] = r.draft.beginTask(TaskResult{
				Seq: t.Task, Skill: t.Skill, StartedAt: t.At, Outcome: Unknown, Parent: t.Parent,
			})
		} else if slot, ok := r.slots[t.Task]; ok {
			r.draft.endTask(slot, t.result())
		}
	})
}

// finish returns the entry. Threads of a run may have written in another order
// than they were numbered in; the entry has the order of the numbers.
func (r *Replay) finish() Entry {
	r.draft.final(ErrorEvent{Seq: r.seq + 1, At: r.last, Message: diedMessage, Kind: string(ByInterrupted)})
	e := r.draft.finish(ByInterrupted, r.last, between(r.draft.entry.StartedAt, r.last))
	slices.SortFunc(e.Tasks, func(a, b TaskResult) int { return a.Seq - b.Seq })
	slices.SortFunc(e.Decisions, func(a, b Decision) int { return a.Seq - b.Seq })
	slices.SortFunc(e.Errors, func(a, b ErrorEvent) int { return a.Seq - b.Seq })
	for i, t := range e.Tasks {
		e.TasksExecuted[i] = t.Skill
	}
	return *e
}
