package lineage

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/internal/logindex"
)

// Emitter sends the events of runs to an OpenLineage server as the runs end. Package
// sinks/openlineage drives one with the records of a vault's log. It is not safe for
// concurrent use.
type Emitter struct {
	Log    Log
	Sender *Sender
}

const (
	// emitRuns is of how many runs the events are made at once at most, and emitBytes how
	// large they are, but for those of one run that are larger by themselves.
	emitRuns  = 64
	emitBytes = 4 << 20
)

// Send posts the events of the runs whose entries are among records, which stand in the log
// in this order: those that [OpenLineage] yields. What is recorded of a run later than that
// is not sent.
//
// It returns how many of the records, from the first on, are done with: all their events
// are with the server. If they are fewer, the error says why, and is like those of
// [Sender.Send]; what came after them is sent when they are handed over again.
func (m *Emitter) Send(ctx context.Context, records []ledger.Record) (done int, err error) {
	target, err := m.Sender.target()
	if err != nil {
		return 0, err
	}
	for done < len(records) {
		runs, next, err := m.events(ctx, records, done)
		if err != nil {
			return done, fmt.Errorf("lineage: send: %w", err)
		}
		for _, r := range runs {
			if err := m.Sender.deliverAll(ctx, target, r.events); err != nil {
				return done, err
			}
			done = r.entry + 1
		}
		done = next
	}
	return done, nil
}

// emitted is the events of a run.
type emitted struct {
	entry  int // which of the records is its entry
	events []sendEvent
}

// events returns the events of some of the runs whose entries are among records from begin
// on, and up to which record they are those of all.
func (m *Emitter) events(ctx context.Context, records []ledger.Record, begin int) (runs []emitted, next int, err error) {
	err = withSnapshot(ctx, m.Log, func(s *logindex.Snapshot) error {
		runs, next = nil, begin
		for bytes := 0; next < len(records) && len(runs) < emitRuns && bytes < emitBytes; next++ {
			events, err := eventsAt(s, &records[next])
			if err != nil {
				return err
			}
			if events == nil {
				continue
			}
			runs = append(runs, emitted{next, events})
			for _, e := range events {
				bytes += len(e.raw)
			}
		}
		return nil
	})
	return runs, next, err
}

// eventsAt returns the events of the run whose entry a record is; none if it is no entry.
func eventsAt(s *logindex.Snapshot, rec *ledger.Record) ([]sendEvent, error) {
	kind, err := kindOf(rec.Line)
	if err == nil && kind != audit.KindRun {
		return nil, nil
	}
	var e audit.Entry
	if err == nil {
		e, err = audit.DecodeEntry(rec.Line)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: record %d: %w", ErrForeign, rec.Index, err)
	}
	e.Position = rec.Index
	var accesses []*audit.Access
	for _, a := range accessesOf(s, e.RunID) {
		accesses = append(accesses, &a.Access)
	}
	var out []sendEvent
	for _, event := range openEvents(&e, accesses, agentOf(s, e.ParentRunID)) {
		raw, err := json.Marshal(event)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", rec.Index, err)
		}
		out = append(out, sendEvent{raw: raw, Type: event.EventType, Run: sendRun{ID: event.Run.RunID}})
	}
	return out, nil
}

// agentOf returns the agent of a run; "" if the log does not say.
func agentOf(s *logindex.Snapshot, runID string) (agent string) {
	for _, p := range s.Parts {
		if run, ok := p.FindRun(runID); ok {
			if info := p.Run(run); info.Agent != "" {
				agent = info.Agent
			}
		}
	}
	return agent
}
