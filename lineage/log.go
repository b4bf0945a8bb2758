package lineage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// Log is an audit log to trace in. The Reader of sinks/vault is one: it answers
// with the log's newest checkpoint, and with its records from an index on, oldest
// first. Damage is an error of the iterator.
type Log interface {
	Head() (ledger.Checkpoint, error)
	Records(ctx context.Context, from uint64) iter.Seq2[ledger.Record, error]
}

// ErrForeign is wrapped when a line of the log is no audit record.
var ErrForeign = errors.New("lineage: a line that is no audit record")

// event is an access as the log has it.
type event struct {
	audit.Access
	pos uint64
	run *run
}

// run is what the log says of a run, as far as lineage needs it.
type run struct {
	id      string
	agent   string
	version string
	status  audit.Status // empty: it has no entry
	dead    bool         // it has none, or others wrote it
	end     uint64       // index of its entry; the size of the log if there is none
	dropped int

	reads []*reading      // in the order of the log
	made  []*contribution // as above; those made from what was read before
}

// history is the accesses of a log, in its order.
type history struct {
	head    ledger.Checkpoint
	first   uint64 // index of the oldest record there is
	events  []*event
	runs    map[string]*run
	unknown int // accesses of a kind that this version does not know
}

// kindPrefix is how every record of a recorder begins.
const kindPrefix = `{"kind":"`

// readHistory reads the accesses up to a time; the zero time does not bound.
func readHistory(ctx context.Context, log Log, asOf time.Time) (*history, error) {
	head, err := log.Head()
	if err != nil {
		return nil, err
	}
	h := &history{head: head, first: head.Size, runs: map[string]*run{}}
	for rec, err := range log.Records(ctx, 0) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if rec.Index >= head.Size {
			break // written since
		}
		h.first = min(h.first, rec.Index)
		if err := h.add(rec, asOf); err != nil {
			return nil, fmt.Errorf("%w: record %d: %w", ErrForeign, rec.Index, err)
		}
	}
	for _, r := range h.runs {
		if r.status == "" {
			r.end, r.dead = head.Size, true
		}
	}
	return h, nil
}

// add adds one record.
func (h *history) add(rec ledger.Record, asOf time.Time) error {
	kind, err := kindOf(rec.Line)
	if err != nil {
		return err
	}
	switch kind {
	case audit.KindStart:
		var s struct {
			RunID   string `json:"run_id"`
			Agent   string `json:"agent_name"`
			Version string `json:"agent_version"`
		}
		if err := json.Unmarshal(rec.Line, &s); err != nil {
			return err
		}
		r := h.runOf(s.RunID)
		r.agent, r.version = s.Agent, s.Version
	case audit.KindAccess:
		return h.access(rec, asOf)
	case audit.KindRun:
		var e struct {
			RunID    string          `json:"run_id"`
			Agent    string          `json:"agent_name"`
			Version  string          `json:"agent_version"`
			EndedAt  time.Time       `json:"ended_at"`
			Status   audit.Status    `json:"status"`
			EndedBy  audit.EndedBy   `json:"ended_by"`
			Accesses *audit.Accesses `json:"accesses"`
		}
		if err := json.Unmarshal(rec.Line, &e); err != nil {
			return err
		}
		if !asOf.IsZero() && e.EndedAt.After(asOf) {
			return nil
		}
		r := h.runOf(e.RunID)
		r.agent, r.version, r.status, r.end = e.Agent, e.Version, e.Status, rec.Index
		r.dead = e.EndedBy == audit.ByInterrupted
		if e.Accesses != nil {
			r.dropped = max(r.dropped, e.Accesses.Dropped)
		}
	}
	return nil
}

// access adds the record of an access.
func (h *history) access(rec ledger.Record, asOf time.Time) error {
	e := &event{pos: rec.Index}
	if err := json.Unmarshal(rec.Line, &e.Access); err != nil {
		return err
	}
	if !asOf.IsZero() && e.At.After(asOf) {
		return nil
	}
	e.run = h.runOf(e.RunID)
	switch e.Op {
	case audit.OpRead, audit.OpWrite, audit.OpAppend, audit.OpDelete:
	default:
		if e.Dropped == 0 {
			h.unknown++
			return nil
		}
	}
	if e.Dropped > 0 {
		e.run.dropped = max(e.run.dropped, e.Dropped)
		return nil
	}
	h.events = append(h.events, e)
	return nil
}

// runOf returns the run with that id.
func (h *history) runOf(id string) *run {
	r := h.runs[id]
	if r == nil {
		r = &run{id: id}
		h.runs[id] = r
	}
	return r
}

// kindOf returns the kind of a record. A line that does not begin as a recorder
// writes it is decoded.
func kindOf(line []byte) (audit.Kind, error) {
	if rest, ok := bytes.CutPrefix(line, []byte(kindPrefix)); ok {
		if kind, _, ok := bytes.Cut(rest, []byte{'"'}); ok {
			return audit.Kind(kind), nil
		}
	}
	l, err := audit.DecodeLine(line)
	return l.Kind, err
}
