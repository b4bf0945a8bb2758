package redact

// finder finds what detectors find in plain text.
type finder struct{ detectors []*detector }

// find appends to hits what stands in t: in order, without overlaps.
func (f *finder) find(t *text, hits []hit) []hit {
	for _, d := range f.detectors {
		hits = d.find(t, hits)
	}
	return hits
}
