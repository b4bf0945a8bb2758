package lineage

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

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
			out = append(out, accessOf(p, r, runID, p.Name(r.Record)))
		}
	}
	return out
}

// accessOf returns an access by a run to a record.
func accessOf(p *logindex.Part, r logindex.Row, runID, record string) Access {
	d := p.Detail(r)
	a := Access{audit.Access{
		Op: r.Op.Op(), Record: record, Source: d.Source, Version: d.Version, Digest: d.Digest, Rows: d.Rows,
		RunID: runID, At: d.At, Task: d.Task, Skill: d.Skill, Repeats: d.Repeats,
	}, r.Position}
	if d.From != nil {
		a.From = []string{}
	}
	for _, f := range d.From {
		a.From = append(a.From, p.Name(f))
	}
	return a
}

// AccessesTo yields by whom a record was read and written, in the order of the log: every access to
// it, to a collection that it stands in and, if it is one, to what is in it. What was made
// from it says [Trace]. Accesses that were dropped, or are no longer in the log, are not among them.
// The redactor is that of the recorder, as in a [Query]; nil: none. A URI that is none is an error that
// wraps [audit.ErrInvalid]. A problem is yielded as an error and ends the iteration. The log is
// read as it is when the iteration begins, and 8 bytes are held for each access.
func AccessesTo(ctx context.Context, log Log, record string, redactor audit.Redactor) iter.Seq2[Access, error] {
	return func(yield func(Access, error) bool) {
		uri, err := audit.RecordURI(record, redactor)
		if err != nil {
			yield(Access{}, fmt.Errorf("lineage: accesses to a record: %w", err))
			return
		}
		var snapshot *logindex.Snapshot
		var spots []spot
		err = withSnapshot(ctx, log, func(s *logindex.Snapshot) error {
			snapshot, spots = s, spotsOf(s, uri)
			return nil
		})
		name, of := "", home{part: math.MaxUint32}
		for i := 0; err == nil && i < len(spots); i++ {
			part := spots[i].Part()
			p := snapshot.Parts[part]
			r := p.Row(spots[i].Row())
			if h := (home{uint32(part), r.Record}); h != of { // mostly the same as before
				name, of = p.Name(r.Record), h
			}
			a := accessOf(p, r, p.RunID(r.Run), name)
			if bad := p.Err(); bad != nil {
				err = fmt.Errorf("an index was damaged or replaced while it was read; ask again: %w", bad)
			} else if err = context.Cause(ctx); err == nil && !yield(a, nil) {
				return
			}
		}
		if err != nil {
			yield(Access{}, fmt.Errorf("lineage: accesses to %s: %w", uri, err))
		}
	}
}

// spotsOf returns where the accesses to a record stand, in their order.
func spotsOf(s *logindex.Snapshot, record string) (spots []spot) {
	g := graphOf(s, s.Size, time.Time{})
	root := g.shelf(record)
	for _, shelf := range slices.Concat(g.around(root), g.below(root)) {
		shelf.postings(logindex.Irregular, func(at spot) bool {
			spots = append(spots, at)
			return true
		})
	}
	slices.Sort(spots)
	g.leave()
	return spots
}
