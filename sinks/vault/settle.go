package vault

import (
	"context"
	"errors"
	"iter"

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
	open, from, err := l.openRuns(ctx, dead)
	if err != nil {
		return err
	}
	for _, run := range open {
		e, err := audit.Interrupted(l.linesOf(ctx, run.RunID, from))
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
		l.settled = append(l.settled, run.RunID)
		l.logger.Warn("vault: closed the run of a process that died", "run_id", run.RunID, "agent", e.AgentName)
	}
	return nil
}

// openRuns returns the runs of the given writers that have a start and no
// entry, in the order of their starts, and where in the log to look for their
// records.
func (r *Reader) openRuns(ctx context.Context, writers []*ledger.Presence) (open []Run, from uint64, err error) {
	byID := map[string]*ledger.Presence{}
	for i, p := range writers {
		byID[p.ID] = p
		if i == 0 || p.First < from {
			from = p.First
		}
	}
	at := map[string]int{}
	for rec, err := range r.ledger.Records(ctx, from, false) {
		if err != nil {
			return nil, 0, err
		}
		line, err := audit.DecodeLine(rec.Line)
		if err != nil {
			return nil, 0, errors.Join(ErrForeign, err)
		}
		switch line.Kind {
		case audit.KindStart:
			if p := byID[line.Writer]; p != nil {
				at[line.RunID] = len(open)
				open = append(open, Run{RunID: line.RunID, StartedAt: line.At, Position: rec.Index, PID: p.PID, writer: p.ID})
			}
		case audit.KindRun:
			if i, ok := at[line.RunID]; ok {
				open[i].RunID = "" // it has an entry
				delete(at, line.RunID)
			}
		}
	}
	n := 0
	for _, run := range open {
		if run.RunID != "" {
			open[n] = run
			n++
		}
	}
	return open[:n], from, nil
}

// linesOf yields the lines of one run.
func (r *Reader) linesOf(ctx context.Context, runID string, from uint64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for rec, err := range r.ledger.Records(ctx, from, false) {
			if err != nil {
				yield(nil, err)
				return
			}
			line, err := audit.DecodeLine(rec.Line)
			if err != nil {
				yield(nil, err)
				return
			}
			if line.RunID == runID && !yield(rec.Line, nil) {
				return
			}
		}
	}
}
