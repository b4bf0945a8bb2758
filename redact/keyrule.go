package redact

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// keyRule is a [KeyRule] that was found right.
type keyRule struct {
	operator Operator
	glob     string // a folded name with *; empty: the pointer counts
	pointer  pointer
	trigger  string // a pattern that matches where the rule may hold; empty: anywhere
	why      string
}

// Check returns the error with which [New] would refuse the rule; it wraps
// [ErrInvalid].
func (k KeyRule) Check() error {
	_, err := k.compile()
	return err
}

// compile checks a rule.
func (k KeyRule) compile() (rule keyRule, err error) {
	rule.operator = k.Operator
	if err := k.Operator.check(); err != nil {
		return rule, fmt.Errorf("rule for %s: %w", k, err)
	}
	switch {
	case (k.Name == "") == (k.Pointer == ""):
		return rule, fmt.Errorf("%w: a rule has either a name or a pointer, not %s", ErrInvalid, k)
	case k.Name != "":
		rule.glob = foldName(k.Name)
		if strings.Trim(rule.glob, "*") == "" && rule.glob != "*" {
			return rule, fmt.Errorf("%w: the name %q of a rule has neither letters nor digits; * means any name", ErrInvalid, k.Name)
		}
		rule.trigger = nameTrigger(rule.glob)
		rule.why = "rule for the name " + k.Name
		return rule, nil
	}
	rule.pointer, err = parsePointer(k.Pointer)
	if name := rule.pointer.literal(); name != "" {
		rule.trigger = "^" + regexp.QuoteMeta(name) + "$"
	}
	rule.why = "rule for the pointer " + k.Pointer
	return rule, err
}

// String returns the rule as errors name it.
func (k KeyRule) String() string { return fmt.Sprintf("{name %q, pointer %q}", k.Name, k.Pointer) }

// foldName returns a name as names are compared: in lower case, without _ and -.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// nameTrigger returns a pattern that matches all names that a folded glob matches;
// empty for a glob that matches any.
func nameTrigger(glob string) string {
	if glob == "*" {
		return ""
	}
	var parts []string
	for part := range strings.SplitSeq(glob, "*") {
		var letters []string
		for _, r := range part {
			letters = append(letters, regexp.QuoteMeta(string(r)))
		}
		parts = append(parts, strings.Join(letters, "[_-]*"))
	}
	return "(?is)^[_-]*" + strings.Join(parts, ".*") + "[_-]*$"
}

// matchGlob reports whether all of s matches a pattern with *. It takes time in
// proportion to the product of their lengths at worst.
func matchGlob(pattern, s string) bool {
	star, retry := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, i
			p++
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			retry++
			p, i = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// ruleFor returns the rule for what stands under a key, or behind the step of an
// element; -1: none.
func (p *pass) ruleFor(n int32) int32 {
	t := &p.items[n]
	name, alias := "", ""
	if t.kind == keyItem {
		name = foldName(p.nameOf(n))
	}
	if t.link >= 0 && t.kind != arrayItem && t.marks&nested == 0 {
		alias = foldName(p.nameOf(t.link))
	}
	for i := range p.r.keys {
		k := &p.r.keys[i]
		switch {
		case k.glob == "":
			if p.covers(k.pointer, n) {
				return int32(i)
			}
		case name != "" && matchGlob(k.glob, name), alias != "" && matchGlob(k.glob, alias):
			return int32(i)
		}
	}
	return -1
}

// hasRule reports whether there is a rule for a name.
func (r *Redactor) hasRule(name []byte) bool {
	if len(r.keys) == 0 {
		return false
	}
	folded := foldName(string(name))
	return slices.ContainsFunc(r.keys, func(k keyRule) bool { return k.glob != "" && matchGlob(k.glob, folded) })
}

// applyRules replaces the values that stand under a rule: texts, numbers and
// booleans, at any depth below.
func (p *pass) applyRules() {
	for n := int32(0); n < int32(len(p.items)); n++ {
		t, f := &p.items[n], &p.fates[n]
		if t.parent >= 0 {
			f.rule = p.fates[t.parent].rule
		}
		if f.rule == 0 {
			f.rule = p.ruleFor(n) + 1
		}
		p.ruled = p.ruled || f.rule > 0
		if f.rule > 0 && n >= p.first && f.made == 0 && t.kind != keyItem && t.kind != arrayItem {
			p.applyRule(n, &p.r.keys[f.rule-1])
		}
		if f.made > 0 && t.marks&nested != 0 {
			n = t.link - 1 // all of it was replaced
		}
	}
}

// applyRule replaces one value.
func (p *pass) applyRule(n int32, k *keyRule) {
	body := p.textOf(n)
	if len(body) == 0 || p.r.masks.whole(body) || p.kept(n) {
		return
	}
	defer func() {
		if recover() != nil {
			p.close(n)
		}
	}()
	with := "[" + ruleLabel + "]"
	switch k.operator {
	case Drop:
		with = ""
	case LastFour:
		with = lastFour(ruleLabel, body)
	case Pseudonym:
		with = p.r.pseudonym(ruleLabel, keyDetector, body)
	}
	p.note(n, &edit{end: len(body), with: with, d: ruleDetector, why: k.why}, true)
	p.replace(n, []byte(with), with == "")
}

// ruleDetector stands for the rules by name where a detector is named.
var ruleDetector = &detector{name: keyDetector, label: ruleLabel}
