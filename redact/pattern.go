package redact

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// groupCustom is the group of the users' own patterns.
const groupCustom = "custom"

const (
	// nearby is how far from a match a keyword may stand, in bytes.
	nearby = 64
	// maxWork bounds what the matches of a pattern of unbounded length may cost in one
	// text, in bytes: the engine reads on after each, in the worst case to the end.
	maxWork = 32 << 20
)

// addPatterns adds the detectors of the user's patterns.
func (r *Redactor) addPatterns(known []*detector, patterns []Pattern) error {
	for _, p := range patterns {
		d, err := p.detector()
		if err != nil {
			return err
		}
		if err := notBuiltin(known, d); err != nil {
			return err
		}
		r.detectors = append(r.detectors, d)
		r.operators[d] = p.Operator
	}
	return nil
}

// Check returns the error with which [New] would refuse the pattern; it wraps
// [ErrInvalid].
func (p Pattern) Check() error {
	d, err := p.detector()
	if err == nil {
		err = notBuiltin(builtin(), d)
	}
	return err
}

// notBuiltin refuses a pattern that has the name of something else.
func notBuiltin(known []*detector, d *detector) error {
	if isGroup(d.name) || slices.ContainsFunc(known, func(k *detector) bool { return k.name == d.name }) || d.name == keyDetector || d.name == errorDetector {
		return fmt.Errorf("%w: the name %q of a pattern is that of a built-in detector or group; give it another", ErrInvalid, d.name)
	}
	return nil
}

// detector returns the detector of a pattern.
func (p Pattern) detector() (*detector, error) {
	name := p.Name
	if name == "" {
		name = groupCustom
	}
	if !validName(name) {
		return nil, fmt.Errorf("%w: pattern %q: a name has 1 to %d letters, digits, _ and -", ErrInvalid, name, maxPatternName)
	}
	fail := func(format string, args ...any) (*detector, error) {
		return nil, fmt.Errorf("%w: pattern %s %q: %w", ErrInvalid, name, p.Regexp, fmt.Errorf(format, args...))
	}
	re, err := regexp.Compile(p.Regexp)
	if err != nil {
		return fail("%w", err)
	}
	tree, err := syntax.Parse(p.Regexp, syntax.Perl)
	switch {
	case err != nil:
		return fail("%w", err)
	case matchesEmpty(tree):
		return fail("%w", ErrEmptyMatch)
	case p.Group < 0 || p.Group > re.NumSubexp():
		return fail("it has %d groups, and group %d is to be replaced", re.NumSubexp(), p.Group)
	case slices.Contains(p.Keywords, "") || slices.Contains(p.Allow, ""):
		return fail("keywords and allowed matches cannot be empty")
	}
	if err := p.Operator.check(); err != nil {
		return fail("%w", err)
	}
	m := &matcher{re: re, unbounded: isUnbounded(tree), group: p.Group, allow: map[string]bool{}, why: "pattern " + name}
	for _, w := range p.Keywords {
		m.keywords = append(m.keywords, asciiLower([]byte(w)))
	}
	for _, a := range p.Allow {
		m.allow[a] = true
	}
	d := &detector{
		name: name, group: groupCustom, label: strings.ReplaceAll(strings.ToUpper(name), "-", "_"),
		triggers: []string{p.Regexp}, find: m.find, keep: 4,
	}
	return d, nil
}

const maxPatternName = 64

// validName reports whether a pattern may be called so.
func validName(name string) bool {
	return len(name) <= maxPatternName && alphanumeric(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// matchesEmpty reports whether an expression may match without taking a character.
// Where that also depends on what stands around the match, as with \b, it counts as a
// match. The parser lets expressions nest no deeper than 1000.
func matchesEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpNoMatch, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return false
	case syntax.OpLiteral:
		return len(re.Rune) == 0
	case syntax.OpCapture, syntax.OpPlus:
		return matchesEmpty(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || matchesEmpty(re.Sub[0])
	case syntax.OpConcat:
		return !slices.ContainsFunc(re.Sub, func(s *syntax.Regexp) bool { return !matchesEmpty(s) })
	case syntax.OpAlternate:
		return slices.ContainsFunc(re.Sub, matchesEmpty)
	}
	return true // the empty match, * and ?, and what only looks at the place
}

// isUnbounded reports whether a match may have any length.
func isUnbounded(re *syntax.Regexp) bool {
	return re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Max < 0 || slices.ContainsFunc(re.Sub, isUnbounded)
}

// matcher finds what a pattern matches.
type matcher struct {
	re        *regexp.Regexp
	unbounded bool // a match may have any length
	group     int
	keywords  [][]byte // in lower case
	allow     map[string]bool
	why       string
}

// find is a [detector.find].
func (m *matcher) find(t *text, hits []hit) []hit {
	most := -1
	if m.unbounded {
		most = maxWork/(len(t.b)+1) + 1
	}
	matches := m.re.FindAllSubmatchIndex(t.b, most)
	if len(matches) == most {
		return append(hits, hit{start: 0, end: len(t.b), why: m.why + ", too many matches to look at each"})
	}
	var lower []byte
	if len(m.keywords) > 0 && len(matches) > 0 {
		lower = asciiLower(t.b)
	}
	for _, at := range matches {
		start, end := at[2*m.group], at[2*m.group+1]
		if start == end || m.allow[string(t.b[start:end])] || lower != nil && !m.hasKeyword(t, lower, start, end) {
			continue
		}
		hits = append(hits, hit{start: start, end: end, why: m.why})
	}
	return hits
}

// hasKeyword reports whether one of the keywords stands near a match, or in the
// name that the text stands under.
func (m *matcher) hasKeyword(t *text, lower []byte, start, end int) bool {
	before, after := lower[max(0, start-nearby):start], lower[end:min(len(lower), end+nearby)]
	key := asciiLower([]byte(t.key))
	return slices.ContainsFunc(m.keywords, func(w []byte) bool {
		return bytes.Contains(before, w) || bytes.Contains(after, w) || bytes.Contains(key, w)
	})
}

// asciiLower returns b with ASCII letters in lower case, and as long as it was.
func asciiLower(b []byte) []byte {
	lower := bytes.Clone(b)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c | 0x20
		}
	}
	return lower
}
