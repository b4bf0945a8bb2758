package lineage

import (
	"context"
	"fmt"
	"iter"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/logindex"
)

// Access is an access of a run, with its place in the log. It has no Seq, Redactions and
// Late.
type Access struct {
	audit.Access
	Position uint64 `json:"position"`
}

// Accesses yields what a run has read and written, in the order of the log; nothing, if the
// log has no such run. Accesses that were dropped are not among them. A problem is yielded
// as an error and ends the iteration.
func Accesses(ctx context.Context, log Log, runID string) iter.Seq2[Access, error] {
	return func(yield func(Access, error) bool) {
		var found []Access
		err := withSnapshot(ctx, log, func(s *logindex.Snapshot) error {
			found = accessesOf(s, runID)
			return context.Cause(ctx)
		})
		if err != nil {
			yield(Access{}, fmt.Errorf("lineage: accesses of %s: %w", runID, err))
			return
		}
		for _, a := range found {
			if !yield(a, nil) {
				return
			}
		}
	}
}

// accessesOf returns what a run has read and written.
func accessesOf(s *logindex.Snapshot, runID string) (out []Access) {
	for _, p := range s.Parts {
		run, ok := p.FindRun(runID)
		if !ok {
			continue
		}
		for _, x := range p.RunRows(nil, p.Run(run)) {
			r := p.Row(x >> logindex.KindBits)
			d := p.Detail(r)
			a := Access{audit.Access{
				Op: r.Op.Op(), Record: p.Name(r.Record), Source: d.Source, Version: d.Version, Digest: d.Digest, Rows: d.Rows,
				RunID: runID, At: d.At, Task: d.Task, Skill: d.Skill, Repeats: d.Repeats,
			}, r.Position}
			if d.From != nil {
				a.From = []string{}
			}
			for _, f := range d.From {
				a.From = append(a.From, p.Name(f))
			}
			out = append(out, a)
		}
	}
	return out
}
