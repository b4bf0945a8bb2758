package vaultcfg

import (
	"fmt"
	"strings"
)

// referencePrefix begins a string that stands for an environment variable.
const referencePrefix = "env:"

// resolve returns text, or the value of the environment variable that it is a
// reference to. The value is not part of any complaint, here or later.
func (o *Options) resolve(text string) (string, *complaint) {
	name, ok := strings.CutPrefix(text, referencePrefix)
	if !ok {
		return text, nil
	}
	if !isVariable(name) {
		return "", &complaint{
			fmt.Sprintf("%s names no environment variable", quote(text)),
			"write env: and a name of letters, digits and underscores, such as env:SLACK_WEBHOOK",
		}
	}
	value, ok := o.getenv(name)
	switch {
	case !ok:
		return "", &complaint{fmt.Sprintf("the environment variable %s is not set", name), "set it before starting"}
	case value == "":
		// A secret that a CI system does not hand out arrives as an empty
		// variable; going on without it would fail later and further away.
		return "", &complaint{fmt.Sprintf("the environment variable %s is empty", name), "give it a value"}
	}
	return value, nil
}

// isVariable reports whether name is a name that POSIX allows for a variable.
func isVariable(name string) bool {
	for i, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case '0' <= c && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return name != ""
}
