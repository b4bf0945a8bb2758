package vaultcfg

import "time"

// A Config is a vault.json that has been found valid, with the defaults filled
// in and the references to environment variables resolved.
type Config struct {
	// Name of the vault: 1 to 64 letters, digits and hyphens.
	Name string

	// Tier is the layer of the vault.
	Tier Tier

	// Environment is where the vault's agents run.
	Environment Environment

	// Description is a sentence for people. Empty when not given.
	Description string

	Data          Data
	Notifications Notifications
	Audit         Audit
	Sync          Sync
	Permissions   Permissions

	// Dir is the vault's directory and Path its vault.json, both absolute.
	// [Load] resolves the symbolic links in Dir; [Parse] touches no file, so it
	// does not. Both are empty when Parse was given no path.
	Dir, Path string

	// Warnings are settings that are allowed but questionable, each with its
	// place, ready to be shown. Nil when there are none.
	Warnings []string
}

// A Tier is a layer of vaults. The more specific layer wins: L4 before L3, L2
// and L1. The zero value is no tier and is never found in a [Config].
type Tier string

// The tiers.
const (
	L1 Tier = "L1" // platform, the vendor's
	L2 Tier = "L2" // company, shared by the firm
	L3 Tier = "L3" // personal, of one operator
	L4 Tier = "L4" // project
)

// An Environment is where agents run. The zero value is no environment and is
// never found in a [Config].
type Environment string

// The environments.
const (
	Sandbox    Environment = "sandbox"    // development
	Staging    Environment = "staging"    // integration, with isolated data
	Production Environment = "production" // live
)

// Data is the data access of the vault's agents.
type Data struct {
	// Catalog is where source names are looked up. Empty when not given.
	Catalog string

	// ConnectionTimeout is default_connection_timeout_ms, 5 s by default.
	ConnectionTimeout time.Duration

	// MaxRowsPerQuery is 10000 by default.
	MaxRowsPerQuery int
}

// Notifications is where agents send their messages to people. The addresses
// are empty when not given, and often secrets: do not log them.
type Notifications struct {
	DefaultChannel Channel // ChannelSlack by default
	SlackWebhook   string
	EmailFrom      string
	WebhookURL     string
}

// A Channel is a way to send a message to people.
type Channel string

// The channels.
const (
	ChannelSlack   Channel = "slack"
	ChannelEmail   Channel = "email"
	ChannelWebhook Channel = "webhook"
)

// Audit is what is recorded about each run, for how long it is kept, and where.
type Audit struct {
	// Enabled is true by default, and always in production.
	Enabled bool

	// RetentionDays is how long entries and lineage are kept, from 1 to 36500
	// days, 90 by default.
	RetentionDays int

	// IncludeInputs and IncludeOutputs record the inputs and the outputs of
	// each task. Both are false by default.
	IncludeInputs, IncludeOutputs bool

	// PIIRedaction redacts personal data before anything is written. False by
	// default.
	PIIRedaction bool

	// PIIPatterns are patterns for personal data beyond the built-in detectors.
	// Nil when there are none.
	PIIPatterns []PIIPattern

	// Destination is where entries go, vault://audit-log/ by default.
	Destination Location

	// SecondaryDestination is where a second copy goes. Nil for no second copy.
	SecondaryDestination *Location
}

// A PIIPattern is one item of audit.pii_patterns. An item that is only a string
// has nothing but its Regexp.
type PIIPattern struct {
	// Name is what redactions are reported under. Empty when not given.
	Name string

	// Regexp is the expression, in RE2 syntax; it is known to compile.
	Regexp string

	// Group is the number of the capture group to redact, which Regexp is known
	// to have; 0, the default, is the whole match.
	Group int

	// Operator is what replaces a match. Empty when not given.
	Operator string

	// Keywords are words of which one must stand near a match for it to count.
	// Nil when any match counts.
	Keywords []string

	// Allow are matches that are left as they are. Nil when there are none.
	Allow []string
}

// Sync is when the vault is brought up to date with its origin. Both are false
// by default.
type Sync struct {
	Auto   bool // in the background
	PreRun bool // before each run
}

// Permissions are teams that may change shared things; nil when not given.
type Permissions struct {
	WhoCanEditL2       []string
	WhoCanCreateAgents []string
}

// Default values of vault.json, the same as the schema's.
const (
	defaultConnectionTimeoutMS = 5000
	defaultMaxRowsPerQuery     = 10000
	defaultRetentionDays       = 90
	defaultDestination         = "vault://audit-log/"
)
