package redact

// Config says what a [Redactor] looks for and what it does with it. The zero
// value masks secrets.
type Config struct {
	// Detectors are names of built-in detectors (see [Detectors]), and the groups "pii",
	// "secrets" and "all". Zero: "secrets".
	Detectors []string
	// Patterns are detectors of the user's own.
	Patterns []Pattern
	// Keys are rules by the name under which a value stands. Of several for one value
	// the first counts.
	Keys []KeyRule
	// Operators says what replaces a find, by the name of the detector or the pattern,
	// by group ("custom" is that of patterns), or for "all"; the first of these that is
	// there counts. Zero: [Mask].
	Operators map[string]Operator
	// Keep are JSON pointers, with * for any one step, of values that are
	// never altered, such as ids, nor is anything in them. Zero: none.
	Keep []string
	// Pseudonyms provides the key of [Pseudonym]. Zero: that operator is an error.
	Pseudonyms KeyProvider
}

// Pattern is a detector of the user's own.
type Pattern struct {
	Name     string   // letters, digits, _ and -; in [Redaction] and, in capitals, in masks; zero: "custom"
	Regexp   string   // RE2 syntax; must not match the empty string
	Group    int      // the group that is replaced; 0: the whole match
	Operator Operator // zero: that of [Config.Operators]
	Keywords []string // one must stand within 64 bytes of the match, or in the name it stands under, in any case; zero: none is needed
	Allow    []string // what is left alone when it is all that would be replaced
}

// KeyRule is a rule for all values under a name: texts, numbers and booleans at any
// depth below. It goes before what detectors find there.
type KeyRule struct {
	// Name is compared without regard to case, "_" and "-", and may hold * for any
	// characters; Pointer is a JSON pointer with * for any one step, from the top of
	// what is redacted, which is the entry for values of one, or from the name of a
	// value: /outputs/people/*/phone and /people/*/phone are the same. One of the two.
	Name, Pointer string
	Operator      Operator // zero: [Mask]
}

// An Operator says what replaces what was found.
type Operator string

// The operators.
const (
	Mask      Operator = "mask"  // [EMAIL]
	LastFour  Operator = "last4" // [CARD:1111], of cards, accounts, patterns and rules; of others a mask
	Pseudonym Operator = "hmac"  // [EMAIL:k3:…]: equal values stay equal
	Drop      Operator = "drop"  // nothing; a value that is all of it becomes null
)

// KeyProvider holds the keys of pseudonyms, perhaps outside this process.
type KeyProvider interface {
	// Current returns the key to make new pseudonyms with, of at least 16 bytes, and its
	// name, 1 to 16 letters and digits that no other key ever had. It is called for every
	// pseudonym, from many goroutines at once, so it should not go over a network each
	// time. If it fails, the text that needs it is closed. The key is not kept and not
	// changed.
	Current() (id string, key []byte, err error)
}

// Redaction says how often a detector replaced something in one field. It
// never holds the value.
type Redaction struct {
	Field    string `json:"field"`
	Detector string `json:"detector"`
	Count    int    `json:"count"`
}
