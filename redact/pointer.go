package redact

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// pointer is a JSON pointer (RFC 6901) in which a step may be *, for any.
type pointer []string

// anyStep is the step that stands for any.
const anyStep = "*"

// parsePointer reads a pointer.
func parsePointer(s string) (pointer, error) {
	if s == "" || s[0] != '/' {
		return nil, fmt.Errorf("%w: %q is no JSON pointer; one begins with /, as in /outputs/*/email", ErrInvalid, s)
	}
	p := pointer(strings.Split(s[1:], "/"))
	for i, step := range p {
		if strings.Contains(strings.ReplaceAll(strings.ReplaceAll(step, "~0", ""), "~1", ""), "~") {
			return nil, fmt.Errorf("%w: in the JSON pointer %q, ~ must be written ~0, and / in a name ~1", ErrInvalid, s)
		}
		p[i] = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
	}
	return p, nil
}

// literal returns a step that a member must have for the pointer to match: not *,
// and not what may be the number of an element; "" for none.
func (q pointer) literal() string {
	for i := len(q) - 1; i >= 0; i-- {
		if !isNumber(q[i]) && q[i] != anyStep {
			return q[i]
		}
	}
	return ""
}

// numbered returns how many first elements of an array a pointer tells from each other, and from the rest: one more than
// the highest number that a step may be, or 0.
func (q pointer) numbered() int {
	n := 0
	for _, step := range q {
		if number, err := strconv.Atoi(step); err == nil && number >= 0 && number < maxSource {
			n = max(n, number+1)
		}
	}
	return n
}

func isNumber(step string) bool {
	_, err := strconv.Atoi(step)
	return err == nil
}

// step is one step of the path of an item: a key, or the number of an element.
type step struct{ key, index int32 }

// steps returns the path of an item, from the outside in. It holds until the next
// call.
func (p *pass) steps(n int32) []step {
	p.way = p.way[:0]
	t := &p.items[n]
	if t.kind == keyItem {
		p.way = append(p.way, step{n, -1})
	}
	for t.parent >= 0 {
		up := &p.items[t.parent]
		if up.kind == keyItem {
			p.way = append(p.way, step{t.parent, -1})
		} else {
			p.way = append(p.way, step{-1, t.index})
		}
		t = up
	}
	slices.Reverse(p.way)
	return p.way
}

// covers reports whether a pointer leads to an item, or to something around it: from
// the top, or from the name of the value that is looked at.
func (p *pass) covers(q pointer, n int32) bool {
	if p.depth > 0 {
		return false // what was decoded has no place of its own
	}
	steps := p.steps(n)
	return p.leads(q, steps) || p.named > 0 && p.named < len(steps) && p.leads(q, steps[p.named:])
}

// leads reports whether a path begins as a pointer says.
func (p *pass) leads(q pointer, steps []step) bool {
	if len(steps) < len(q) {
		return false
	}
	for i, want := range q {
		switch s := steps[i]; {
		case want == anyStep:
		case s.key >= 0:
			if want != p.nameOf(s.key) {
				return false
			}
		case s.index < 0 || want != strconv.Itoa(int(s.index)):
			return false
		}
	}
	return true
}

// kept reports whether an item is never altered.
func (p *pass) kept(n int32) bool {
	return slices.ContainsFunc(p.r.keep, func(q pointer) bool { return p.covers(q, n) })
}

// path returns the path of an item as redactions report it: the names, with dots
// between them.
func (p *pass) path(n int32) string {
	var names []string
	for _, s := range p.steps(n) {
		if s.key >= 0 && s.key != n {
			names = append(names, string(p.written(s.key)))
		}
	}
	return strings.Join(names, ".")
}
