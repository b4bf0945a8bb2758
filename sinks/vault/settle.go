package vault

import (
	"context"
	"fmt"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// settle writes the entries of the runs whose process died. Of several who open
// the log at once, one looks after each dead writer.
func (l *Log) settle(ctx context.Context) (err error) {
	_, dead, err := ledger.Writers(durable.Disk{}, l.dir, true)
	if err != nil || len(dead) == 0 {
		return err
	}
	defer func() {
		for _, p := range dead {
			if err != nil {
				_ = p.Abandon() // the next opener tries again
			} else if lerr := p.Leave(durable.Disk{}); lerr != nil {
				err = lerr
			}
		}
	}()
	open, err := l.openRuns(ctx, dead)
	if err != nil {
		return err
	}
	for _, run := range open {
		e, err := run.replay.Entry()
		if err != nil {
			return err
		}
		rec, err := e.Record()
		if err != nil {
			return err
		}
		if err := l.Append(ctx, audit.Batch{Records: []audit.Record{rec}, Sync: true}); err != nil {
			return err
		}
		l.settled = append(l.settled, e.RunID)
		l.logger.Warn("vault: closed the run of a process that died", "run_id", e.RunID, "agent_name", e.AgentName)
	}
	return nil
}

// openRun is a run with a start and no entry.
type openRun struct {
	Run
	replay audit.Replay
	writer *ledger.Presence
}

// openRuns returns the runs of the given writers that have no entry, in the order
// of their starts. It reads the log once, from where the first of the writers began.
func (r *Reader) openRuns(ctx context.Context, writers []*ledger.Presence) ([]*openRun, error) {
	if len(writers) == 0 {
		return nil, nil
	}
	byID := map[string]*ledger.Presence{}
	from := writers[0].First
	for _, p := range writers {
		byID[p.ID] = p
		from = min(from, p.First)
	}
	open := map[string]*openRun{}
	var order []*openRun
	for rec, err := range r.ledger.Records(ctx, from, false) {
		if err != nil {
			return nil, err
		}
		kind, id, err := lineOf(rec)
		if err != nil {
			return nil, err
		}
		run := open[id]
		switch {
		case kind == audit.KindStart:
			line, err := audit.DecodeLine(rec.Line)
			if err != nil {
				return nil, fmt.Errorf("%w: record %d: %w", ErrForeign, rec.Index, err)
			}
			p := byID[line.Writer]
			if p == nil {
				continue
			}
			run = &openRun{Run: Run{
				RunID: id, AgentName: line.AgentName, Environment: line.Environment, StartedAt: line.At, Position: rec.Index, PID: p.PID,
			}, writer: p}
			open[id] = run
			order = append(order, run)
		case run == nil:
			continue
		case kind == audit.KindRun:
			delete(open, id)
			run.replay = audit.Replay{} // it may have been large
			continue
		}
		if err := run.replay.Add(rec.Line); err != nil {
			return nil, fmt.Errorf("%w: record %d: %w", ErrForeign, rec.Index, err)
		}
	}
	out := order[:0]
	for _, run := range order {
		if open[run.RunID] == run {
			out = append(out, run)
		}
	}
	return out, nil
}
