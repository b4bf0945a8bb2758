package redact

import "slices"

// way is a value of a form that came at a place again and again, with what followed it.
type way struct {
	form
	to    *place // that it leads to
	worth int    // how often others may come before it is forgotten
	then  *way   // that was gone behind it
	joins int    // how often that was, less what counts if it was not
}

// ways are those that a place knows, and the forms of values that may become some.
type ways struct {
	known []*way
	seen  [maxWays]seen

	exact   bool // to what has other digits, another thing may be done
	needed  int  // how often a form must be seen
	changes int  // how many values in a row were of no form that was seen
	wait    int  // how many values are not looked at
}

// seen is the form of values that came.
type seen struct {
	form
	count int // how often they did, and others did not
}

const (
	// maxWays is how many ways a place knows.
	maxWays = 4
	// maxWay bounds the form of a way, in bytes.
	maxWay = 256
	// maxWorth is how often no way is found before those that were not found for so long are forgotten.
	maxWorth = 16
	// manyRepeats is how often a form must be seen to become a way.
	manyRepeats = 4
	// maxWait is how many values of a place that changes are not looked at before the next one is.
	maxWait = 64
	// manyJoins is how often two ways must be gone one behind the other to become one, and what counts once that
	// they are not: seldom is little.
	manyJoins = 32
	// maxCredit is what may be spent on questions at once, in bytes read: see [form.price].
	maxCredit = 1 << 20
)

// price is how many bytes must be read before another question what may match in a text of that form is worth its
// time. For an open one the automaton goes on from all it could have read so far, for each digit.
func (f *form) price() int {
	if f.loose {
		return len(f.low) << 10
	}
	return len(f.low) << 6
}

// find returns the way with which b begins, or nil.
func (w *ways) find(b []byte) *way {
	for _, k := range w.known {
		if k.begins(b) && k.to.mayBeAt(b[len(k.low):]) {
			k.worth = maxWorth
			return k
		}
	}
	if len(w.known) > 0 {
		w.missed()
	}
	return nil
}

// missed notes that no way was found.
func (w *ways) missed() {
	w.known = slices.DeleteFunc(w.known, func(k *way) bool {
		k.worth--
		if k.worth < 0 {
			w.doubt()
		}
		return k.worth < 0
	})
}

// doubt lets forms be seen more often before they become ways.
func (w *ways) doubt() {
	const most = 1 << 20
	w.needed = min(4*w.needed, most)
}

// see notes a value that was on no way, and returns its form if that came so often that it may become one.
func (w *ways) see(value []byte, number bool) *seen {
	if w.wait > 0 || len(value) > maxWay/2 || len(w.known) == maxWays {
		w.wait = max(0, w.wait-1)
		return nil
	}
	least := &w.seen[0]
	for i := range w.seen {
		s := &w.seen[i]
		if s.count > 0 && len(s.low) == len(value) && s.begins(value) {
			w.changes = 0
			if s.count++; s.count >= w.needed {
				return s
			}
			return nil
		}
		if s.count < least.count {
			least = s
		}
	}
	if least.count--; least.count <= 0 {
		least.set(value, !w.exact, number)
		least.count = 1
	}
	w.changes++
	w.wait = min(w.changes, maxWait)
	return nil
}

// learnWay makes a form that was seen before b[end] a way, with what follows it there.
func (p *pass) learnWay(at *place, s *seen, b []byte, end int) {
	w := &at.ways
	l := at.link(b[end:])
	if l == nil || l.to == nil || p.shapes.credit < s.price() {
		return
	}
	s.count = 0
	if !p.harmless(at, &s.form) {
		w.exact = true
		w.doubt()
		return
	}
	if all, ok := s.and(&form{low: []byte(l.text)}); ok && len(all.low) <= maxWay {
		w.known = append(w.known, &way{form: all, to: l.to, worth: maxWorth})
		p.shapes.bytes += all.size()
	}
}

// join notes which way was gone behind another one; nil: none. If it is nearly always the same, both become one.
func (p *pass) join(first, then *way) {
	if then == nil || then != first.then {
		if first.joins = max(0, first.joins-manyJoins); first.joins == 0 {
			first.then = then
		}
		return
	}
	if first.joins++; first.joins <= manyJoins || first == then || len(first.low)+len(then.low) > maxWay {
		return
	}
	if both, ok := first.and(&then.form); ok {
		first.form, first.to = both, then.to
		p.shapes.bytes += both.size()
	}
	first.then, first.joins = nil, 0
}

// harmless reports whether nobody finds anything at a place in any text of a form. The place is kept, or nobody looks
// there for its name.
func (p *pass) harmless(at *place, f *form) bool {
	switch {
	case at.kept:
		return true
	case at.number && (len(f.low) < minNumber || decimal.run(f.low, 0) < len(f.low)):
		return true
	case p.r.skipTimes && isTime(f.low):
		return true
	}
	long, encoded := p.r.longWords(f.low)
	if long || encoded || f.loose && !p.r.neverLong(f.low) {
		return false
	}
	clear(p.wanted)
	p.shapes.credit -= f.price()
	for _, t := range p.r.set.Possible(nil, f.low, f.upper()) {
		p.wanted.add(p.r.triggers[t].detectors)
	}
	return p.wanted.empty() || p.wanted.within(p.r.digits) && isNumbered(f.low)
}
