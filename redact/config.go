package redact

// Config says what a [Redactor] looks for and what it does with it. The zero
// value masks secrets.
type Config struct {
	// Detectors are names of built-in detectors, and the groups "pii", "secrets"
	// and "all". Zero: "secrets".
	Detectors []string
	// Patterns are detectors of the user's own.
	Patterns []Pattern
	// Keys are rules by the name under which a value stands.
	Keys []KeyRule
	// Operators says by detector or by group what replaces a find. Zero: [Mask].
	Operators map[string]Operator
	// Keep are JSON pointers, with * for any one step, of values that are
	// never altered, such as ids. Zero: none.
	Keep []string
	// Pseudonyms provides the key of [Pseudonym]. Zero: that operator is an error.
	Pseudonyms KeyProvider
}

// Pattern is a detector of the user's own.
type Pattern struct {
	Name     string   // reported in [Redaction]; zero: "custom"
	Regexp   string   // RE2 syntax; must not match the empty string
	Group    int      // the group that is replaced; 0: the whole match
	Operator Operator // zero: [Mask]
	Keywords []string // one must stand near the match or be the key; zero: none is needed
	Allow    []string // matches that are left alone
}

// KeyRule is a rule for all values under a name.
type KeyRule struct {
	// Name is compared without regard to case, "_" and "-", and may hold * for any
	// characters; Pointer is a JSON pointer with * for any one step. One of the two.
	Name, Pointer string
	Operator      Operator // zero: [Mask]
}

// An Operator says what replaces what was found.
type Operator string

// The operators.
const (
	Mask      Operator = "mask"  // [EMAIL]
	LastFour  Operator = "last4" // [CARD:1111]
	Pseudonym Operator = "hmac"  // [EMAIL:k3:…]: equal values stay equal
	Drop      Operator = "drop"  // the empty string; a member or an element becomes null
)

// KeyProvider holds the keys of pseudonyms, perhaps outside this process.
type KeyProvider interface {
	// Current returns the key to make new pseudonyms with, and its short name.
	Current() (id string, key []byte, err error)
}

// Redaction says how often a detector replaced something in one field. It
// never holds the value.
type Redaction struct {
	Field    string `json:"field"`
	Detector string `json:"detector"`
	Count    int    `json:"count"`
}
