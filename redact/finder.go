package redact

import (
	"cmp"
	"slices"
)

// finder finds what detectors find in plain text. The order of its detectors
// is that of certainty: of two that claim the same bytes, the first is believed.
type finder struct{ detectors []*detector }

// find appends to hits what stands in t: in order, without overlaps.
func (f *finder) find(t *text, hits []hit) []hit {
	return findWith(f.detectors, t, hits)
}

// findWith is find with only those detectors, in order of certainty, of which
// a trigger matched.
func findWith(detectors []*detector, t *text, hits []hit) []hit {
	first := len(hits)
	for _, d := range detectors {
		n := len(hits)
		hits = d.find(t, hits)
		for i := n; i < len(hits); i++ {
			hits[i].d = d
		}
		if d.group == groupPII && len(hits) > n {
			hits = unshielded(t, d, hits, n)
		}
	}
	return hits[:first+len(disjoint(hits[first:]))]
}

// unshielded drops those of hits[n:], which d found, that lie inside a shield of t, or share
// some of its bytes. One that holds a whole shield stays, such as an email address of
// which the local part is a UUID.
func unshielded(t *text, d *detector, hits []hit, n int) []hit {
	shields := t.shields()
	kept := hits[:n]
	for _, h := range hits[n:] {
		for len(shields) > 0 && shields[0].end <= h.start {
			shields = shields[1:]
		}
		if len(shields) > 0 && shields[0].cuts(h) && (!d.times || shields[0].kind != shieldTime) {
			continue
		}
		kept = append(kept, h)
	}
	return kept
}

// disjoint sorts hits by place and joins those that overlap: the longest, and of
// equally long ones the first, gives its name to the whole. So nothing that
// any detector found stays, whatever the others say.
func disjoint(hits []hit) []hit {
	if len(hits) < 2 {
		return hits
	}
	// Stable, so that hits of one place keep the order of certainty.
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
	kept := hits[:1]
	longest := hits[0].end - hits[0].start
	for _, h := range hits[1:] {
		last := &kept[len(kept)-1]
		if h.start >= last.end {
			kept, longest = append(kept, h), h.end-h.start
			continue
		}
		if n := h.end - h.start; n > longest {
			last.d, last.why, longest = h.d, h.why, n
		}
		last.end = max(last.end, h.end)
	}
	return kept
}
