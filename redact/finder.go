package redact

// findWith appends to hits what the detectors find in t: in order, without
// overlaps.
func findWith(detectors []*detector, t *text, hits []hit) []hit {
	for _, d := range detectors {
		n := len(hits)
		hits = d.find(t, hits)
		for i := n; i < len(hits); i++ {
			hits[i].d = d
		}
	}
	return hits
}
