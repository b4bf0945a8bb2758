package vaultcfg

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"

	"github.com/flexorhq/flexor-go/redact"
)

// checkPattern reports what is wrong with the item n of audit.pii_patterns, with
// its place; that it is only found out by whoever redacts would lose the place.
func checkPattern(n *node, found *findings) {
	at := n
	if expr := n.get("regexp"); expr != nil {
		at = expr
	}
	if _, ok := at.asString(); !ok {
		return // reported by the schema check
	}
	p := pattern(n)
	re, err := syntax.Parse(p.Regexp, syntax.Perl)
	if err != nil {
		why := err.Error()
		var bad *syntax.Error
		if errors.As(err, &bad) {
			why = string(bad.Code) // without the expression, which may be long
		}
		found.value(at, "not a regular expression: "+why, "the syntax is RE2: https://github.com/google/re2/wiki/Syntax")
		return
	}
	if have := re.MaxCap(); p.Group > have {
		found.value(n.get("group"), fmt.Sprintf("there is no capture group %d", p.Group),
			fmt.Sprintf("the regular expression has %d", have))
		return
	}
	if canBeEmpty(re) {
		found.value(at, "can match the empty string, which stands everywhere", "make a part of it required: a+ in place of a*")
		return
	}
	if group := captured(re, p.Group); group != nil && canBeEmpty(group) {
		found.value(n.get("group"), fmt.Sprintf("capture group %d can match the empty string", p.Group), "make a part of it required: (a+) in place of (a*)")
	}
}

// canBeEmpty reports whether an expression may match without taking a character.
func canBeEmpty(re *syntax.Regexp) bool {
	return errors.Is(redact.Pattern{Regexp: re.String()}.Check(), redact.ErrEmptyMatch)
}

// captured returns the capture group of a number, and nil for 0, the whole match.
func captured(re *syntax.Regexp, group int) *syntax.Regexp {
	if re.Op == syntax.OpCapture && re.Cap == group {
		return re
	}
	for _, sub := range re.Sub {
		if found := captured(sub, group); found != nil {
			return found
		}
	}
	return nil
}

// checkKeyRule reports what is wrong with the item n of audit.pii_keys.
func checkKeyRule(n *node, found *findings) {
	name := n
	if n.value == (object{}) {
		name = n.get("name")
	}
	// Upper and lower case, "_" and "-" do not count in a name, so one of nothing
	// else would match no name that anyone has.
	if text, ok := name.asString(); ok && text != "" && text != "*" && strings.Trim(text, "*_-") == "" {
		found.value(name, quote(text)+" has neither letters nor digits", `write the name of a field, such as "password" or "*_token"; "*" means any name`)
	}
	pointer := n.get("pointer")
	text, ok := pointer.asString()
	if !ok || text == "" {
		return
	}
	const hint = `write the names from the top, each after a "/", with * for any one: "/customers/*/phone"`
	if text[0] != '/' {
		found.value(pointer, `a JSON pointer begins with "/"`, hint)
	}
	for i := range len(text) {
		if text[i] == '~' && !strings.HasPrefix(text[i:], "~0") && !strings.HasPrefix(text[i:], "~1") {
			found.value(pointer, `in a JSON pointer a "~" is written ~0`, "and a \"/\" in a name ~1")
		}
	}
}
