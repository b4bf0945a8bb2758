package redact

// The groups of detectors.
const (
	groupPII     = "pii"
	groupSecrets = "secrets"
)

// A detector finds one kind of personal data or secret in plain text.
type detector struct {
	name  string // as in [Config.Detectors] and [Redaction.Detector], such as "credit_card"
	group string // groupPII, groupSecrets or groupCustom
	label string // what a mask says: EMAIL for [EMAIL]

	// triggers are short patterns in RE2 syntax of which at least one matches in
	// every text in which find finds something. All triggers of all detectors
	// are looked for at once, so that a text without any costs one pass.
	triggers []string

	// find appends what it finds in t to hits, in order, and leaves hit.d to its
	// caller. It is linear in the size of t, does not keep t, and is called from many
	// goroutines.
	find func(t *text, hits []hit) []hit

	// normalise appends to dst the form of a value by which equal ones are
	// recognised: an address in lower case, a card without spaces. Nil: as it stands.
	normalise func(dst, value []byte) []byte

	// times says that finds may be times, which otherwise are never altered.
	times bool

	// keep is how many characters at the end the operator "last four" leaves; 0: it
	// masks.
	keep int
}

// hit is a place in a text at which a detector found something.
type hit struct {
	start, end int
	d          *detector
	why        string // for people: what made it count, such as "Luhn, Visa prefix"
}

// longWord is a trigger that is not left to the automaton, which would count the
// letters of every word: whoever lists the texts sees the long words in them, and which
// have capitals, as most ids and hashes have not.
const longWord = `[0-9A-Za-z+/_-]{26}`
