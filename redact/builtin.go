package redact

import (
	"fmt"
	"slices"
	"strings"
)

// builtin returns the built-in detectors in order of certainty: of two that claim
// the same bytes, the first is believed.
func builtin() []*detector {
	return slices.Concat(secretDetectors(), netDetectors(), numDetectors())
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
		if !isGroup(name) && !slices.ContainsFunc(known, func(d *detector) bool { return d.name == name }) {
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

// isGroup reports whether name is that of a group of built-in detectors.
func isGroup(name string) bool { return name == groupPII || name == groupSecrets || name == groupAll }

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
