package control

import (
	"context"

	"github.com/flexorhq/flexor-go/rbac"
)

// VerifyOptions is what [VerifyAccess] may be told. The zero value works.
type VerifyOptions struct {
	// Fingerprint is that of the genesis, as known from elsewhere; see
	// [Control.Fingerprint]. Empty: the log's own genesis is believed.
	Fingerprint string
	// Anchor is a checkpoint of the governance log that was kept elsewhere, a signed
	// note. Nil: the log is held against itself only.
	Anchor []byte
}

// An AccessReport is what [VerifyAccess] found.
type AccessReport struct {
	Head        rbac.Head      `json:"head"`
	Fingerprint string         `json:"fingerprint"` // of the genesis that stands in the log
	Trusted     bool           `json:"trusted"`     // it is the one that was known from elsewhere
	Anchored    bool           `json:"anchored"`    // the log begins with all records of the anchor
	Events      int            `json:"events"`      // all of them
	Kinds       map[string]int `json:"kinds"`       // how many of each kind
	Decisions   int            `json:"decisions"`   // derived anew, and equal to what was recorded
	Flags       []Flag         `json:"flags"`       // events without effect
}

// VerifyAccess derives every decision that the governance log of the vault in dir
// records anew: from the bytes of the log and the fingerprint of its genesis
// alone, without a key, a snapshot or the right to write. Damage, and a genesis
// other than the one known, are errors that wrap [ErrCorrupt]. Events that have no
// effect are no error: see the report's Flags.
func VerifyAccess(ctx context.Context, dir string, o *VerifyOptions) (AccessReport, error) {
	return AccessReport{}, errUnfinished
}
