package control

import (
	"context"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// A KeyOrder says what key [Control.CreateKey] is to make.
type KeyOrder struct {
	Subject rbac.Subject // whose it will be; required
	Expires time.Time    // zero: after rbac.DefaultKeyLife
	Vaults  []string     // names of the vaults that it is for; nil: this vault only
	Reason  string       // for the record; may be empty
}

// CreateKey makes a key for a subject. The key is stored nowhere: only its
// public half is recorded, so it must be shown now.
func (c *Control) CreateKey(ctx context.Context, o KeyOrder) (rbac.APIKey, Outcome, error) {
	return rbac.APIKey{}, Outcome{}, errUnfinished
}

// A Rotation says how [Control.RotateKey] is to replace a key.
type Rotation struct {
	Key     string        // id of the key to replace; empty: the actor's
	Overlap time.Duration // for how long both are valid; zero: the old one ends at once
	Expires time.Time     // of the new key; zero: after as long a life as the old one's
	Reason  string        // for the record; may be empty
}

// RotateKey replaces a key by a new one for the same subject and vaults. The new
// key is stored nowhere, so it must be shown now.
func (c *Control) RotateKey(ctx context.Context, r Rotation) (rbac.APIKey, Outcome, error) {
	return rbac.APIKey{}, Outcome{}, errUnfinished
}

// RevokeKey ends the validity of a key at once.
func (c *Control) RevokeKey(ctx context.Context, id, reason string) (Outcome, error) {
	return Outcome{}, errUnfinished
}

// Keys returns all keys that the vault knows or knew, in the order of the log.
func (c *Control) Keys(ctx context.Context) ([]rbac.Key, error) { return nil, errUnfinished }
