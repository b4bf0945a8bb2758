package audit

import (
	"encoding/json"
	"reflect"

	"github.com/flexorhq/flexor-go/redact"
)

// tagKey is the key of the struct tag that says what is recorded of a field; see
// [Value].
const tagKey = "redact"

// What the tag may say besides the names of operators.
const (
	tagOmit = "-"    // the field is left out
	tagScan = "scan" // as without a tag
)

// tagDetector is what redactions name for what a tag removed.
const tagDetector = "tag"

// tagMask is written for a field that is masked.
const tagMask = "[REDACTED]"

// tags does what struct tags say, and counts it. The zero value has no key for
// pseudonyms, and masks instead.
type tags struct {
	pseudonyms pseudonymiser // nil: none
	applied    int
}

// pseudonymiser is what a [Redactor] may also be: one that has a key.
type pseudonymiser interface {
	Pseudonym(detector, value string) (string, error)
}

// tagged reports whether a field has a tag that says more than "scan".
func tagged(f reflect.StructField) bool {
	tag := f.Tag.Get(tagKey)
	return tag != "" && tag != tagScan
}

// replacement returns what is written for a field with a tag, given the JSON of it.
// A tag that says something unknown masks: it was meant to hide something.
func (t *tags) replacement(tag string, raw []byte) []byte {
	t.applied++
	switch redact.Operator(tag) {
	case redact.Drop:
		return []byte("null")
	case redact.Pseudonym:
		if t.pseudonyms == nil {
			break
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw) // no string, but a number or the like
		}
		if p, err := t.pseudonyms.Pseudonym("key", text); err == nil {
			return appendQuoted(nil, p)
		}
	}
	return appendQuoted(nil, tagMask)
}
