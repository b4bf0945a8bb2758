package redact

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// builtin returns the built-in detectors in order of certainty.
func builtin() []*detector {
	simple := func(name, group, label, re, trig string, keep int) *detector {
		x := regexp.MustCompile(re)
		d := &detector{name: name, group: group, label: label, triggers: []string{trig}, keep: keep}
		d.find = func(t *text, hits []hit) []hit {
			for _, m := range x.FindAllIndex(t.b, -1) {
				hits = append(hits, hit{m[0], m[1], d, "looks like it"})
			}
			return hits
		}
		return d
	}
	return []*detector{
		simple("aws_key", groupSecrets, "SECRET", `\bAKIA[A-Z0-9]{16}\b`, `AKIA`, 0),
		simple("email", groupPII, "EMAIL", `[a-z0-9.]+@[a-z0-9]+\.[a-z]+`, `@`, 0),
		simple("credit_card", groupPII, "CARD", `\b4[0-9]{15}\b`, `[0-9]{9}`, 4),
	}
}

// groupAll is the name of all detectors.
const groupAll = "all"

// choose returns those of the known detectors that names name, themselves or by
// their group; for no names, those of secrets.
func choose(known []*detector, names []string) (chosen []*detector, err error) {
	if len(names) == 0 {
		names = []string{groupSecrets}
	}
	for _, name := range names {
		if !slices.ContainsFunc(known, func(d *detector) bool { return d.is(name) }) {
			return nil, fmt.Errorf("%w: there is no detector %q; there are the groups %s, %s and %s, and %s",
				ErrInvalid, name, groupPII, groupSecrets, groupAll, strings.Join(Detectors(), ", "))
		}
	}
	for _, d := range known {
		if slices.ContainsFunc(names, d.is) {
			chosen = append(chosen, d)
		}
	}
	return chosen, nil
}

// is reports whether name means the detector or its group.
func (d *detector) is(name string) bool {
	return name == d.name || name == d.group || name == groupAll
}

// Detectors returns the names of the built-in detectors, for [Config.Detectors].
func Detectors() []string {
	var names []string
	for _, d := range builtin() {
		names = append(names, d.name)
	}
	slices.Sort(names)
	return names
}
