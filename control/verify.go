package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
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
	Kinds       map[string]int `json:"kinds"`       // how many of each kind count
	Decisions   int            `json:"decisions"`   // derived anew, and equal to what was recorded
	Flags       []Flag         `json:"flags"`       // events without effect
}

// VerifyAccess derives every decision that the governance log of the vault in dir
// records anew: from the bytes of the log and the fingerprint of its genesis
// alone, without a key, a snapshot or the right to write. A vault without one is
// vault.ErrNotFound, unless the key of one is there: that is damage. Damage, and a genesis
// other than the one known, are errors that wrap [ErrCorrupt]; the report then says
// how far the log is right. Events that have no effect are no error: see the
// report's Flags.
func VerifyAccess(ctx context.Context, dir string, o *VerifyOptions) (AccessReport, error) {
	if o == nil {
		o = &VerifyOptions{}
	}
	log := filepath.Join(dir, LogName)
	r, err := ledger.OpenReader(durable.Disk{}, log)
	if errors.Is(err, ledger.ErrNotFound) {
		err = cmp.Or(missing(durable.Disk{}, log), err)
	}
	if err != nil {
		return AccessReport{}, fmt.Errorf("control: verify %s: %w", dir, err)
	}
	s := newState(r.Verifier())
	recs := make([]ledger.Record, 0, 4096)
	found, err := r.Verify(ctx, o.Anchor, func(rec ledger.Record) error {
		if recs = append(recs, rec); len(recs) == cap(recs) {
			s.takeAll(recs)
			recs = recs[:0]
		}
		return nil
	})
	s.takeAll(recs)
	rep := AccessReport{
		Head: s.head(), Fingerprint: s.fingerprint, Anchored: found.Anchored, Events: int(s.tree.Size()),
		Kinds: s.kinds, Decisions: s.decisions, Flags: s.flags,
	}
	if err != nil {
		return rep, fmt.Errorf("control: verify %s: %w", dir, err)
	}
	if o.Fingerprint != "" && o.Fingerprint != s.fingerprint {
		return rep, &ledger.CorruptionError{File: LogName, Reason: fmt.Sprintf("the genesis has the fingerprint %q, not %q: all that follows from it is of somebody else", s.fingerprint, o.Fingerprint)}
	}
	rep.Trusted = o.Fingerprint != ""
	return rep, nil
}
