package redact

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// ErrInvalid is wrapped by the error of [New] for settings that are wrong.
var ErrInvalid = errors.New("invalid settings")

// ErrEmptyMatch is wrapped, besides [ErrInvalid], by the error for a [Pattern] that
// matches the empty string, which stands everywhere.
var ErrEmptyMatch = errors.New("it matches the empty string, so it would match everywhere")

// check reports an operator that there is not.
func (o Operator) check() error {
	switch o {
	case "", Mask, LastFour, Pseudonym, Drop:
		return nil
	}
	return fmt.Errorf("%w: there is no operator %q; there are %s, %s, %s and %s", ErrInvalid, string(o), Mask, LastFour, Pseudonym, Drop)
}

// chooseOperators settles what replaces the finds of each detector: what is said
// for it counts more than what is said for its group.
func (r *Redactor) chooseOperators(known []*detector, said map[string]Operator) error {
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if err := said[name].check(); err != nil {
			return fmt.Errorf("operator of %s: %w", name, err)
		}
		is := func(d *detector) bool { return d.is(name) }
		if !isGroup(name) && !slices.ContainsFunc(known, is) && !slices.ContainsFunc(r.detectors, is) {
			return fmt.Errorf("%w: an operator for %q, which is no detector, group or pattern", ErrInvalid, name)
		}
	}
	for _, d := range r.detectors {
		for _, name := range []string{d.name, d.group, groupAll} {
			if r.operators[d] == "" {
				r.operators[d] = said[name]
			}
		}
	}
	return nil
}

// replacement returns what is written for a find.
func (r *Redactor) replacement(d *detector, value []byte) string {
	switch r.operators[d] {
	case Drop:
		return ""
	case LastFour:
		if d.keep > 0 {
			return lastFour(d.label, value)
		}
	case Pseudonym:
		if d.normalise != nil {
			value = d.normalise(nil, value)
		}
		return r.pseudonym(d.label, d.name, value)
	}
	return r.plain[d]
}

// minLastFour is how many letters and digits a value has at least that shows its
// last four: most of it stays hidden.
const minLastFour = 8

// lastFour returns a mask with the last four letters or digits of a value, as in
// [CARD:1111].
func lastFour(label string, value []byte) string {
	var plain []byte
	for _, c := range value {
		if c >= utf8.RuneSelf || alphanumeric(string(rune(c))) {
			plain = append(plain, c)
		}
	}
	if n := len(plain); n >= minLastFour && alphanumeric(string(plain[n-4:])) {
		return "[" + label + ":" + string(plain[n-4:]) + "]"
	}
	return "[" + label + "]"
}
