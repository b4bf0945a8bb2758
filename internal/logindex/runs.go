package logindex

import (
	"math"
)

// RunRef is a run in a part of a [Snapshot].
type RunRef struct{ Part, Run uint32 }

// Runs is what has to be known of the runs of a log that are in several of its parts. A run
// has one start: one that has not started in a part where it did something is in others
// too, or its start is gone.
type Runs struct {
	// Same are, for a run that is in several parts, all its places in the order of the
	// log. A run that is not in it is in one part only.
	Same map[RunRef][]RunRef
	// Unsettled are the runs that did not end by themselves, by their first places; those
	// without any access may be missing.
	Unsettled []RunRef
	// Since says for each part how far back any access in it can look: to the first access
	// of its run, or to anything, if a read states what it saw.
	Since []Spot
}

// Runs returns it. It is the same for all who have the snapshot, and not to be changed.
func (s *Snapshot) Runs() *Runs { return s.runs() }

// findRuns computes [Snapshot.Runs].
func (s *Snapshot) findRuns() *Runs {
	r := &Runs{Same: map[RunRef][]RunRef{}}
	spread := map[string]bool{}
	var ids []string
	for i, p := range s.Parts {
		for _, run := range p.Strays() {
			if id := p.RunID(run); !spread[id] {
				spread[id] = true
				ids = append(ids, id)
			}
		}
		since := Spot(i) << 32 // before its first access
		if p.h.stating > 0 {
			since = 0
		}
		r.Since = append(r.Since, since)
	}
	var spans []idSpan
	if len(ids) > 0 {
		for _, p := range s.Parts {
			spans = append(spans, p.idSpan())
		}
	}
	for _, id := range ids {
		var refs []RunRef
		for i, p := range s.Parts {
			if !spans[i].has(id) {
				continue
			}
			if run, ok := p.FindRun(id); ok {
				refs = append(refs, RunRef{uint32(i), run})
			}
		}
		since := Spot(math.MaxUint64)
		for _, ref := range refs {
			r.Same[ref] = refs
			if s.Parts[ref.Part].Run(ref.Run).LooksBack {
				since = 0
			}
			if row, ok := s.Parts[ref.Part].FirstAccess(ref.Run); ok {
				since = min(since, SpotOf(int(ref.Part), row))
				r.Since[ref.Part] = min(r.Since[ref.Part], since)
			}
		}
	}
	seen := map[RunRef]bool{}
	for i, p := range s.Parts {
		for _, run := range p.Unsettled() {
			refs := r.Of(RunRef{uint32(i), run})
			if seen[refs[0]] {
				continue
			}
			seen[refs[0]] = true
			if info := s.Run(refs); info.Status == "" || info.Interrupted {
				r.Unsettled = append(r.Unsettled, refs[0])
			}
		}
	}
	return r
}

// idSpan are the first and the last id of the runs of a part. Ids mostly grow with time, so
// that they tell where a run is not without a search.
type idSpan struct{ first, last string }

func (p *Part) idSpan() (s idSpan) {
	if p.h.runs > 0 {
		s.first, s.last = p.RunID(0), p.RunID(p.h.runs-1)
	}
	return s
}

func (s idSpan) has(id string) bool { return s.first <= id && id <= s.last }

// FirstAccess returns the first access of a run.
func (p *Part) FirstAccess(run uint32) (row uint32, ok bool) {
	info := p.Run(run)
	if info.begin == info.end {
		return 0, false
	}
	row = p.firstRow(info)
	return row, row < p.h.rows
}

// Of returns all places of a run, in the order of the log.
func (r *Runs) Of(ref RunRef) []RunRef {
	if refs := r.Same[ref]; refs != nil {
		return refs
	}
	return []RunRef{ref}
}
