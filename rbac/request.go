package rbac

import (
	"crypto/ed25519"
	"time"
)

// A Request is what somebody wants to do. Each field says which actions read
// it; the others ignore it.
type Request struct {
	Key    string    `json:"key,omitempty"` // id of the key by which the asker is known; its signature was verified
	Action Action    `json:"action"`        // what is asked for
	Vault  string    `json:"vault"`         // the vault's name
	At     time.Time `json:"at,omitzero"`   // when it was asked, by which expiry is judged; required

	// Environment is where Deploy, Rollback, Resume, Pause and Kill happen.
	Environment Environment `json:"environment,omitempty"`

	// Reason is why. Outside the sandbox Pause and Kill need one.
	Reason string `json:"reason,omitempty"`

	// Target is whose role GrantRole and RevokeRole change, and whose key
	// CreateKey makes.
	Target Subject `json:"target,omitzero"`

	// Role is what GrantRole gives.
	Role Role `json:"role,omitzero"`

	// Expires is when a grant or a key ends. Zero for GrantRole: never; for
	// CreateKey: [DefaultKeyLife] from At; for RotateKey: after as long a life as
	// that of the key that is rotated.
	Expires time.Time `json:"expires,omitzero"`

	// TargetKey is the id of the key that RotateKey and RevokeKey are about.
	TargetKey string `json:"target_key,omitempty"`

	// NewKey is what CreateKey and RotateKey make known to the vault.
	NewKey NewKey `json:"new_key,omitzero"`

	// Until is when the key that RotateKey replaces stops being valid. Zero: at
	// once.
	Until time.Time `json:"until,omitzero"`

	// Tier is what EditConfig makes the vault's tier. Empty: what it was.
	Tier Tier `json:"tier,omitempty"`
}

// A NewKey is the public half of an [APIKey] that is to become known to a
// vault.
type NewKey struct {
	ID     string            `json:"id"`               // as of [APIKey.ID]
	Public ed25519.PublicKey `json:"public"`           // as of [APIKey.Public]
	Vaults []string          `json:"vaults,omitempty"` // see [Key]; nil: only this vault. RotateKey ignores it
}
