package rbac

import (
	"crypto/ed25519"
	"time"
)

// A Request is what somebody wants to do. Each field says which actions read
// it; the others ignore it.
type Request struct {
	Key    string    // id of the key by which the asker is known; its signature was verified
	Action Action    // what is asked for
	Vault  string    // the vault's name
	At     time.Time // when it was asked, by which expiry is judged; required

	// Environment is where Deploy, Rollback, Resume, Pause and Kill happen.
	Environment Environment

	// Reason is why. Outside the sandbox Pause and Kill need one.
	Reason string

	// Target is whose role GrantRole and RevokeRole change, and whose key
	// CreateKey makes.
	Target Subject

	// Role is what GrantRole gives.
	Role Role

	// Expires is when a grant or a key ends. Zero for GrantRole: never; for
	// CreateKey: [DefaultKeyLife] from At; for RotateKey: after as long a life as
	// that of the key that is rotated.
	Expires time.Time

	// TargetKey is the id of the key that RotateKey and RevokeKey are about.
	TargetKey string

	// NewKey is what CreateKey and RotateKey make known to the vault.
	NewKey NewKey

	// Until is when the key that RotateKey replaces stops being valid. Zero: at
	// once.
	Until time.Time

	// Tier is what EditConfig makes the vault's tier. Empty: what it was.
	Tier Tier
}

// A NewKey is the public half of an [APIKey] that is to become known to a
// vault.
type NewKey struct {
	ID     string            // as of [APIKey.ID]
	Public ed25519.PublicKey // as of [APIKey.Public]
	Vaults []string          // see [Key]; nil: only this vault. RotateKey ignores it
}
