package rbac

import "time"

// A Grant gives a subject its role in the vault. A subject has one at most. The
// zero value is no grant.
//
// A grant is named by its Index, which is where its event stands in the
// governance log; that is also where its proof is.
type Grant struct {
	Index   uint64    `json:"index"`
	Subject Subject   `json:"subject"`
	Role    Role      `json:"role"`
	Expires time.Time `json:"expires,omitzero"` // from then on it gives nothing; zero: never

	// By is who granted it, and Under the Index of the grant that allowed them to.
	// Followed from grant to grant this leads to the first owner, whose grant
	// names itself.
	By    Subject `json:"by"`
	Under uint64  `json:"under"`
}

func (g *Grant) expired(at time.Time) bool { return over(g.Expires, at) }

// over reports whether what ends at end, if ever, has ended.
func over(end, at time.Time) bool { return !end.IsZero() && !at.Before(end) }

// later reports whether a ends after b; what never ends is last.
func later(a, b time.Time) bool {
	if a.IsZero() || b.IsZero() {
		return a.IsZero() && !b.IsZero()
	}
	return a.After(b)
}
