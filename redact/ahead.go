package redact

// ahead is what a place looks for: a value of a form that came there again and again, with what followed it.
type ahead struct {
	form
	to *place // that it leads to; nil: nothing is looked for

	last    form // of the value before
	exact   bool // to what has other digits, another thing may be done
	repeats int  // how often values of that form came in a row; negative: how often not to look whether they do
	changes int  // how often another one did
	needed  int  // how often they must, to be looked for
	misses  int  // how often in a row it was looked for in vain
	joins   int  // how often what it led to was what came again, too, less what that counts if it was not
}

const (
	// maxAhead bounds a form that is looked for, in bytes.
	maxAhead = 256
	// manyRepeats is how often a form must have come in a row to be looked for.
	manyRepeats = 4
	// maxPause is how many values of a place that changes are not compared with what comes next.
	maxPause = 64
	// manyJoins is how often two forms must have come together to be looked for at once, and what counts once that
	// they did not: seldom is little.
	manyJoins = 32
)

// repeated notes a value, and reports whether its form came so often that it is worth looking for.
func (a *ahead) repeated(value []byte, number bool) bool {
	switch {
	case len(value) > maxAhead/2:
		a.repeats = 0
		return false
	case a.repeats < 0:
		a.repeats++
		return false
	case len(value) != len(a.last.low) || !a.last.begins(value):
		a.last.set(value, !a.exact, number)
		a.changes++
		a.repeats = -min(a.changes, maxPause)
		return false
	}
	a.changes = 0
	a.repeats++
	return a.repeats >= a.needed
}

// missed notes that what a place looked for was not there. If that was in vain time and again, it looks for
// something again only when that came more often.
func (a *ahead) missed() {
	const tries = 16
	if a.misses++; a.misses == tries {
		a.to = nil
		a.pause()
	}
}

// pause begins to count anew, and further.
func (a *ahead) pause() {
	const most = 1 << 20
	a.repeats, a.misses, a.joins, a.needed = 0, 0, 0, min(4*a.needed, most)
}

// lookAhead makes a place look for values like that before b[end], with what follows it there.
func (p *pass) lookAhead(at *place, b []byte, end int) {
	a := &at.ahead
	l := at.link(b[end:])
	if l == nil || l.to == nil {
		return
	}
	if !p.harmless(at, &a.last) {
		a.exact = true
		a.pause()
		return
	}
	if both, ok := a.last.and(&form{low: []byte(l.text)}); ok && len(both.low) <= maxAhead {
		a.form, a.to = both, l.to
		p.shapes.bytes += 2 * len(both.low)
	}
}

// harmless reports whether nobody finds anything at a place in any text of a form.
func (p *pass) harmless(at *place, f *form) bool {
	switch {
	case at.mayBeFlag(f.low):
		return false
	case at.kept:
		return true
	case at.wanted != nil:
		return false
	case at.number && (len(f.low) < minNumber || decimal.run(f.low, 0) < len(f.low)):
		return true
	}
	if start, _ := base64Run(f.low, 0); start >= 0 && f.high != nil {
		return false // it may say something, with some digits
	}
	if long, encoded := p.r.longWords(f.low); long || encoded {
		return false
	}
	clear(p.wanted)
	for _, t := range p.r.set.Possible(nil, f.low, f.upper()) {
		p.wanted.add(p.r.triggers[t].detectors)
	}
	return p.wanted.empty() || p.wanted.within(p.r.digits) && isNumbered(f.low)
}

// mayBeFlag reports whether a value may be a flag, so that the next one may be a secret.
func (at *place) mayBeFlag(value []byte) bool {
	return at.element && !at.number && len(value) > 0 && value[0] == '-'
}

// join notes that what a place looks for was there, and behind it what the place it led to looks for, or was
// not. If it nearly always is, the place looks for both at once.
func (p *pass) join(at *place, met bool) {
	a, next := &at.ahead, &at.ahead.to.ahead
	if !met {
		a.joins = max(0, a.joins-manyJoins)
		return
	}
	if a.joins++; a.joins <= manyJoins || len(a.low)+len(next.low) > maxAhead {
		return
	}
	if both, ok := a.and(&next.form); ok {
		a.form, a.to = both, next.to
		p.shapes.bytes += 2 * len(both.low)
	}
	a.joins = 0
}
