package vaultcfg

import (
	"time"

	"github.com/flexorhq/flexor-go/redact"
)

// A Config is a vault.json that has been found valid, with what it leaves to the
// layers above it and the defaults filled in, and the references to environment
// variables resolved.
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

	// Layers are the files that the settings are from, the most specific first:
	// the vault's own, and after [Load] those of the layers above it.
	Layers []Layer

	// Origins says where each setting that a file gives is from, under its path,
	// such as audit.retention_days or, counted in the order of this Config,
	// audit.pii_patterns[2]. A setting that is not there has its default. A list
	// that a file gives as a single string has the path without a number.
	Origins map[string]Origin

	// Warnings are settings that are allowed but questionable, each with its
	// place, ready to be shown. Nil when there are none.
	Warnings []string
}

// A Layer is one of the files that a [Config] was put together from.
type Layer struct {
	Path string // absolute; as given to [Parse] when it was given no directory
	Name string
	Tier Tier
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
	// Each is known to compile and never to match the empty string. Nil when
	// there are none.
	PIIPatterns []redact.Pattern

	// PIIKeys are rules for all values under a name. Nil when there are none.
	PIIKeys []redact.KeyRule

	// Destination is where entries go, vault://audit-log/ by default.
	Destination Location

	// SecondaryDestinations are where more copies go, those that the layers above
	// ask for first. Nil when there are none.
	SecondaryDestinations []Location

	// S3 is how destinations in S3 are reached and what is asked of them.
	S3 S3
}

// S3 is how S3 destinations are reached and what is asked of them. The zero value
// asks for nothing, and reaches AWS as the AWS environment says.
type S3 struct {
	// Endpoint is the http or https URL of a server that is not AWS. Empty: what
	// the AWS environment says, else AWS.
	Endpoint string

	// Region of the bucket. Empty: what the AWS environment says.
	Region string

	// PathStyle puts the bucket in the path of a request rather than in front of the
	// host's name. Nil: with an endpoint only.
	PathStyle *bool

	// ObjectLock is how objects are locked until their retention is over. LockNone
	// by default.
	ObjectLock ObjectLock

	// LegalHold locks objects until somebody takes the hold off.
	LegalHold bool

	// SSE is how the server encrypts objects at rest. Empty: as the bucket says;
	// SSEKMS where KMSKeyID is given.
	SSE SSE

	// KMSKeyID is the key for SSEKMS. Empty: that of the account.
	KMSKeyID string
}

// An ObjectLock is a mode of S3 Object Lock. The zero value is LockNone.
type ObjectLock string

// The modes of S3 Object Lock.
const (
	LockNone       ObjectLock = ""           // written none in vault.json
	LockGovernance ObjectLock = "governance" // who has a special permission may still delete
	LockCompliance ObjectLock = "compliance" // nobody may, the account's owner included
)

// SSE is how an S3 server encrypts at rest.
type SSE string

// The ways to encrypt at rest.
const (
	SSES3  SSE = "AES256"  // with keys of the server
	SSEKMS SSE = "aws:kms" // with a key of AWS KMS
)

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
