package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// story is all that the log holds about one run: its entry, and the records that it
// wrote before and after. An entry has a bounded size, and a run that did not end has
// none; its records are always complete.
type story struct {
	// run is the entry with everything that it had no room for; of a run without
	// an entry what its records say, without a status.
	run     audit.Entry
	entry   *vault.Record // nil: the run has no entry
	flight  *vault.Run    // set by who knows: the run is in flight, or its process died
	refused string        // why the run was not admitted; empty: it was
	// accesses are the reads and writes of data records, of which an entry only has
	// counts; in the order in which they were recorded.
	accesses []audit.Access
	late     []lateRecord
	last     time.Time // of the newest record
}

// lateRecord is a record that was written after the end of its run.
type lateRecord struct {
	Kind audit.Kind
	At   time.Time
	Line json.RawMessage
}

// tell reads the story of one run.
func tell(ctx context.Context, log *vault.Reader, id string) (*story, error) {
	s := &story{}
	seen := false
	for rec, err := range log.RunRecords(ctx, id) {
		if err != nil {
			return nil, err
		}
		if err := s.add(rec); err != nil {
			return nil, fmt.Errorf("%w: record %d: %w", vault.ErrForeign, rec.Index, err)
		}
		seen = true
	}
	if !seen {
		return nil, runQuery(id).unknown()
	}
	return s, nil
}

// add adds one record.
func (s *story) add(rec vault.Record) error {
	line, err := audit.DecodeLine(rec.Line)
	if err != nil {
		return err
	}
	if line.At.After(s.last) {
		s.last = line.At
	}
	if line.Late {
		s.late = append(s.late, lateRecord{line.Kind, line.At, json.RawMessage(rec.Line)})
		return nil
	}
	switch line.Kind {
	case audit.KindStart:
		return s.start(rec.Line)
	case audit.KindRefused:
		var r struct {
			Reason string `json:"reason"`
		}
		if err := json.Unmarshal(rec.Line, &r); err != nil {
			return err
		}
		s.refused = cmp.Or(r.Reason, "no reason was recorded")
		return s.start(rec.Line)
	case audit.KindTask:
		return s.task(rec.Line)
	case audit.KindDecision:
		var d audit.Decision
		err := json.Unmarshal(rec.Line, &d)
		s.run.Decisions = append(s.run.Decisions, d)
		return err
	case audit.KindOutput:
		var o struct {
			Name  string          `json:"name"`
			Value json.RawMessage `json:"value"`
		}
		err := json.Unmarshal(rec.Line, &o)
		s.run.Outputs = append(s.run.Outputs, audit.Named{Name: o.Name, JSON: o.Value})
		return err
	case audit.KindError:
		return s.failed(rec.Line)
	case audit.KindAccess:
		var a audit.Access
		err := json.Unmarshal(rec.Line, &a)
		s.accesses = append(s.accesses, a)
		return err
	case audit.KindKill:
		s.run.Kill = new(audit.Kill)
		return json.Unmarshal(rec.Line, s.run.Kill)
	case audit.KindRun:
		return s.end(rec)
	}
	return nil // of a later version
}

// start adds the record of a start, whose members are called as in the entry.
func (s *story) start(line []byte) error {
	if err := json.Unmarshal(line, &s.run); err != nil {
		return err
	}
	started, err := audit.DecodeLine(line)
	s.run.StartedAt = started.At
	return err
}

// task adds the record of a task that starts or ends.
func (s *story) task(line []byte) error {
	var t struct {
		At     time.Time `json:"at"`
		Phase  string    `json:"phase"`
		Number int       `json:"task"`
		audit.TaskResult
	}
	if err := json.Unmarshal(line, &t); err != nil {
		return err
	}
	if t.Phase == "start" {
		t.Seq, t.StartedAt, t.Outcome = t.Number, t.At, audit.Unknown
		s.run.Tasks = append(s.run.Tasks, t.TaskResult)
		return nil
	}
	for i := range s.run.Tasks {
		if begun := &s.run.Tasks[i]; begun.Seq == t.Number {
			begun.Outcome, begun.DurationMS, begun.Error = t.Outcome, t.DurationMS, t.Error
			begun.Inputs, begun.Outputs = t.Inputs, t.Outputs
		}
	}
	return nil
}

// failed adds the record of an error, in which the kind is that of the record.
func (s *story) failed(line []byte) error {
	var e audit.ErrorEvent
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	var k struct {
		Kind string `json:"error_kind"`
	}
	err := json.Unmarshal(line, &k)
	e.Kind = k.Kind
	s.run.Errors = append(s.run.Errors, e)
	return err
}

// end adds the entry. Its fields are the truth; its lists are completed from the
// records, where those are still there: retention may have removed them.
func (s *story) end(rec vault.Record) error {
	e, err := audit.DecodeEntry(rec.Line)
	if err != nil {
		return err
	}
	before := s.run
	s.run, s.entry = e, &rec
	s.run.Position = rec.Index
	s.run.Tasks = union(before.Tasks, e.Tasks, func(t audit.TaskResult) int { return t.Seq })
	s.run.Decisions = union(before.Decisions, e.Decisions, func(d audit.Decision) int { return d.Seq })
	s.run.Errors = union(before.Errors, e.Errors, func(x audit.ErrorEvent) int { return x.Seq })
	if len(before.Outputs) > len(e.Outputs) {
		s.run.Outputs = before.Outputs
	}
	if len(s.run.Tasks) > len(s.run.TasksExecuted) {
		s.run.TasksExecuted = nil
		for _, t := range s.run.Tasks {
			s.run.TasksExecuted = append(s.run.TasksExecuted, t.Skill)
		}
	}
	if s.whole(e.Omitted) {
		s.run.Omitted = nil
	}
	return nil
}

// union returns what is in either list, those of the first where both have one, by
// the number inside the run.
func union[T any](records, entry []T, seq func(T) int) []T {
	have := map[int]bool{}
	for _, r := range records {
		have[seq(r)] = true
	}
	all := slices.Clone(records)
	for _, e := range entry {
		if !have[seq(e)] {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b T) int { return seq(a) - seq(b) })
	return all
}

// whole reports whether nothing that the entry omitted is missing.
func (s *story) whole(o *audit.Omitted) bool {
	if o == nil {
		return true
	}
	e, err := audit.DecodeEntry(s.entry.Line)
	return err == nil &&
		len(s.run.Tasks) >= len(e.Tasks)+o.Tasks &&
		len(s.run.Decisions) >= len(e.Decisions)+o.Decisions &&
		len(s.run.Outputs) >= len(e.Outputs)+o.Outputs &&
		len(s.run.Errors) >= len(e.Errors)+o.Errors
}
