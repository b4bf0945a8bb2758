package redact

import "slices"

// count adds a find to the redactions.
func (p *pass) count(n int32, detector string) {
	field := p.field
	if field == "" {
		field = p.standing
	}
	if field == "" {
		field = p.path(n)
	}
	r := Redaction{Field: field, Detector: detector}
	i, known := p.counted[r]
	if p.counted == nil { // few are soon looked through
		i = slices.IndexFunc(p.found, func(f Redaction) bool { return f.Detector == detector && f.Field == field })
		known = i >= 0
	}
	if !known {
		i = len(p.found)
		p.found = append(p.found, r)
		p.remember(i)
	}
	p.found[i].Count++
}

// remember notes where a redaction stands, once there are many.
func (p *pass) remember(i int) {
	const few = 8
	switch {
	case p.counted != nil:
		p.counted[p.found[i]] = i
	case i == few:
		p.counted = map[Redaction]int{}
		for i, f := range p.found {
			f.Count = 0
			p.counted[f] = i
		}
	}
}
