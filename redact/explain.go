package redact

// Finding is one thing that is replaced in a line, for people who tune what is
// looked for. It holds nothing of the value.
type Finding struct {
	// Field is the path of the value in a line of JSON, as in [Redaction].
	Field string
	// Offset is where it begins, in bytes; where the text was escaped or encoded,
	// where that begins.
	Offset int
	// Detector is what found it, and Why what made it count.
	Detector, Why string
	// Replacement is what is written for it; empty if it is dropped.
	Replacement string
}

// Explain returns what [Redactor.Text] makes of a line, and every single find.
func (r *Redactor) Explain(line string) (string, []Finding) {
	var all []Finding
	p := r.newPass(nil)
	defer p.free()
	p.trace = &all
	out, _ := p.line(line)
	return out, all
}

// explain notes an edit of an item. exact: it stands where the text says.
func (p *pass) explain(n int32, e *edit, exact bool) {
	f := Finding{Field: p.path(n), Detector: e.d.name, Why: e.why, Replacement: e.with}
	top := p.outermost(n)
	f.Offset = int(p.items[top].start)
	exact = exact && top == n && p.spans[n].Start == int(p.items[n].start)
	if exact {
		f.Offset += e.start
	}
	*p.trace = append(*p.trace, f)
}

// outermost returns the item of the source that an item stands in.
func (p *pass) outermost(n int32) int32 {
	if len(p.tops) != len(p.items) {
		p.tops = p.tops[:0]
		for m := range int32(len(p.items)) {
			top := m
			if m > 0 {
				if last := p.tops[m-1]; p.items[last].marks&nested != 0 && p.items[last].link > m {
					top = last
				}
			}
			p.tops = append(p.tops, top)
		}
	}
	return p.tops[n]
}
