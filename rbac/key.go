package rbac

import (
	"crypto/ed25519"
	"time"
)

// DefaultKeyLife is how long a key is valid when nothing else is said.
const DefaultKeyLife = 90 * 24 * time.Hour

// A Key is what a vault knows of an [APIKey]: its public half, whose it is and
// how long it is good for. The slices must not be changed.
type Key struct {
	ID      string    `json:"id"`      // as of [APIKey.ID]
	Expires time.Time `json:"expires"` // from then on it is not valid

	// Revoked is when the key stops being valid before its time: in the future
	// while a key that was rotated overlaps with its successor. Zero: not
	// revoked.
	Revoked time.Time `json:"revoked,omitzero"`

	// Successor is the id of the key that this one was rotated to. Empty: none.
	Successor string `json:"successor,omitempty"`

	Index   uint64            `json:"index"` // where its event stands in the governance log
	Subject Subject           `json:"subject"`
	Public  ed25519.PublicKey `json:"public"`
	Created time.Time         `json:"created"`

	// Vaults are the names of the vaults that the key was made for. It acts in
	// each whose own log has it, and in no other.
	Vaults []string `json:"vaults"`

	// By is who made the key known to the vault, and Under the Index of their
	// grant.
	By    Subject `json:"by"`
	Under uint64  `json:"under"`
}

// Valid reports whether the key proves anything at that time.
func (k *Key) Valid(at time.Time) bool { return k.check(at) == Permitted }

// Verify reports whether sig is the signature of the key over message. It does
// not look at whether the key is valid.
func (k *Key) Verify(message, sig []byte) bool {
	return len(k.Public) == ed25519.PublicKeySize && ed25519.Verify(k.Public, message, sig)
}

// check returns Permitted, or why the key is not valid.
func (k *Key) check(at time.Time) Code {
	switch {
	case over(k.Revoked, at):
		return KeyRevoked
	case over(k.Expires, at):
		return KeyExpired
	}
	return Permitted
}
