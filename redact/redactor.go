package redact

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/flexorhq/flexor-go/internal/multire"
)

// Redactor removes personal data and secrets from text and from JSON. Make one
// with [New]. It is safe for concurrent use.
//
// What it returns it leaves alone the second time, byte for byte. Its results are
// valid UTF-8, and those of [Redactor.Redact] and [Redactor.JSON] are valid JSON
// with the same members in the same order. It takes time in proportion to what it
// reads, whatever that says. A text of more than 1 MiB is not looked at: it becomes
// "[REDACTED:large]". Where a detector fails, the text becomes "[REDACTED:error]".
type Redactor struct {
	detectors []*detector // in order of certainty
	operators map[*detector]Operator
	plain     map[*detector]string // what masks them, such as [EMAIL]
	keys      []keyRule
	keep      []pointer
	masks     masks
	provider  KeyProvider

	set         *multire.Set
	triggers    []trigger // of each pattern of set what it is for
	long        bitset    // the detectors that look at texts with a long word
	looksLong   bool      // there are some
	named       bitset    // the detector of secrets with a name
	digits      bitset    // those that look at texts with a run of digits
	alwaysRules bool      // a rule has nothing to look for
	numbered    int       // rules and pointers tell so many first elements of an array from each other, and from the rest
	skipTimes   bool      // nothing could be found in a time that stands alone

	passes sync.Pool // of *pass
}

// trigger says who looks at a text in which a pattern matches.
type trigger struct {
	detectors bitset
	rule      bool // a rule by name may hold
}

// percentTrigger matches percent-encoding, which is looked through as if that were
// a detector, after the last one.
const percentTrigger = `%[0-9A-Fa-f]{2}`

// New returns a redactor. Its error wraps [ErrInvalid] and names the detector,
// pattern, rule or pointer that is wrong, or is that of the [KeyProvider], which is
// asked once.
func New(c Config) (*Redactor, error) {
	r := &Redactor{operators: map[*detector]Operator{}, provider: c.Pseudonyms}
	r.passes.New = func() any {
		return &pass{r: r, wanted: r.newBitset(), names: map[string]string{}, shapes: shapes{credit: maxCredit}}
	}
	if err := r.configure(&c); err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	return r, nil
}

// configure takes the settings over.
func (r *Redactor) configure(c *Config) (err error) {
	known := builtin()
	if r.detectors, err = choose(known, c.Detectors); err != nil {
		return err
	}
	if err := r.addPatterns(known, c.Patterns); err != nil {
		return err
	}
	if err := r.chooseOperators(known, c.Operators); err != nil {
		return err
	}
	for _, k := range c.Keys {
		rule, err := k.compile()
		if err != nil {
			return err
		}
		r.keys = append(r.keys, rule)
		r.numbered = max(r.numbered, rule.pointer.numbered())
	}
	for _, text := range c.Keep {
		keep, err := parsePointer(text)
		if err != nil {
			return err
		}
		r.keep = append(r.keep, keep)
		r.numbered = max(r.numbered, keep.numbered())
	}
	r.masks, r.plain = masks{ruleLabel: true}, map[*detector]string{}
	for _, d := range known {
		r.masks[d.label] = true // it may have been looked for before
	}
	for _, d := range r.detectors {
		r.masks[d.label] = true
		r.plain[d] = "[" + d.label + "]"
	}
	if err := r.checkPseudonyms(); err != nil {
		return err
	}
	return r.compileTriggers()
}

// compileTriggers makes one automaton of all that is looked for.
func (r *Redactor) compileTriggers() (err error) {
	var patterns []string
	of := func(pattern string) *trigger {
		i := slices.Index(patterns, pattern)
		if i < 0 {
			i, patterns = len(patterns), append(patterns, pattern)
			r.triggers = append(r.triggers, trigger{detectors: r.newBitset()})
		}
		return &r.triggers[i]
	}
	r.long, r.named, r.digits, r.skipTimes = r.newBitset(), r.newBitset(), r.newBitset(), true
	for i, d := range r.detectors {
		if d.name == secretValue {
			r.named.set(i)
		}
		for _, t := range d.triggers {
			if t == longWord {
				r.long.set(i)
				r.looksLong = true
				continue
			}
			of(t).detectors.set(i)
			if t == digitRun {
				r.digits.set(i)
			}
		}
		r.skipTimes = r.skipTimes && d.group != groupCustom
	}
	of(percentTrigger).detectors.set(len(r.detectors))
	for _, k := range r.keys {
		if k.trigger == "" {
			r.alwaysRules = true
			continue
		}
		of(k.trigger).rule = true
	}
	if r.set, err = multire.Compile(patterns); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	r.set.CacheBytes = stateBytes
	return nil
}

// stateBytes is room for the states of the automaton that entries need with all detectors, in each goroutine. With half of
// it they are forgotten before they were of use: entries took 9 µs instead of 4.
const stateBytes = 4 << 20

// bitset is a set of detectors, by their numbers.
type bitset []uint64

// newBitset returns an empty set, with room for percentTrigger.
func (r *Redactor) newBitset() bitset { return make(bitset, len(r.detectors)/64+1) }

func (s bitset) set(n int)      { s[n/64] |= 1 << (n % 64) }
func (s bitset) has(n int) bool { return s[n/64]&(1<<(n%64)) != 0 }

func (s bitset) empty() bool { return !slices.ContainsFunc(s, func(w uint64) bool { return w != 0 }) }

// within reports whether all members are those of another set.
func (s bitset) within(o bitset) bool {
	for i := range s {
		if s[i]&^o[i] != 0 {
			return false
		}
	}
	return true
}

// add adds the members of another set.
func (s bitset) add(o bitset) {
	for i := range s {
		s[i] |= o[i]
	}
}

// Redact returns the JSON value src without what is to be removed; that is src
// itself if there is nothing. field says where src stands, as in
// [github.com/flexorhq/flexor-go/audit.Redactor], such as "outputs.contact": rules by
// name see it, detectors see its last part as the name of the value, and
// redactions are reported for it. What is no JSON value, or has more than 256
// arrays and objects inside each other, becomes "[REDACTED:error]".
//
// src is not changed and not kept. The result must not be changed: it may be src.
func (r *Redactor) Redact(field string, src []byte) ([]byte, []Redaction) {
	p := r.newPass(src)
	defer p.free()
	return p.redact(field, src)
}

// redact is [Redactor.Redact].
func (p *pass) redact(field string, src []byte) ([]byte, []Redaction) {
	p.field = field
	p.shapes.earn(len(src))
	if len(src) <= maxShape && p.skim(len(src)) {
		p.shapes.recognised()
		if len(p.made) == 0 {
			return src, nil
		}
		return p.write(make([]byte, 0, len(src)+128), 0, len(src), 0, int32(len(p.items))), p.found
	}
	src = valid(src)
	p.text, p.copied = src, false
	parent, index := p.standsIn(field)
	p.first = int32(len(p.items))
	if len(src) > maxSource || !p.scan(0, len(src), parent, index, 0) {
		return []byte(`"` + errorMask + `"`), []Redaction{{p.field, errorDetector, 1}}
	}
	changed := p.run()
	if len(src) <= maxShape && p.typical() {
		p.learnShape(len(src))
	}
	if !changed {
		return src, nil
	}
	return p.write(make([]byte, 0, len(src)+128), 0, len(src), p.first, int32(len(p.items))), p.found
}

// JSON is [Redactor.Redact] for a whole line, such as an entry. Redactions are
// reported for the paths of values in it: "outputs.contact" for the members of
// outputs, and for the members of its elements if it is an array.
func (r *Redactor) JSON(src []byte) ([]byte, []Redaction) { return r.Redact("", src) }

// maxSource is what a pass can hold, with all that is unescaped in it.
const maxSource = math.MaxInt32 / 8

// Text returns s without what is to be removed. Where s is a JSON object or array,
// it is redacted as that. Redactions in other text have no field.
func (r *Redactor) Text(s string) (string, []Redaction) {
	p := r.newPass(nil)
	defer p.free()
	out, found := p.line(s)
	return out, found
}

// line redacts a line, JSON or not.
func (p *pass) line(s string) (string, []Redaction) {
	p.arena = append(p.arena[:0], s...)
	if safe := valid(p.arena); len(safe) != len(s) || string(safe) != s {
		s, p.arena = string(safe), append(p.arena[:0], safe...)
	}
	p.text, p.copied = p.arena, true
	if len(s) > maxSource {
		return largeMask, []Redaction{{"", errorDetector, 1}}
	}
	isJSON := looksJSON(p.text) && p.scan(0, len(s), -1, -1, 0)
	if !isJSON {
		p.items, p.spans, p.docs, p.extra, p.pairs = p.items[:0], p.spans[:0], p.docs[:0], p.extra[:0], false
		p.add(stringItem, 0, len(s), -1, -1)
		p.markLong(0)
	}
	switch {
	case !p.run():
		return s, nil
	case isJSON:
		return string(p.write(nil, 0, len(s), 0, int32(len(p.items)))), p.found
	}
	return string(p.made[0].text), p.found
}
