package rbac

import (
	"slices"
	"time"
)

// keepsOwner reports whether the vault would still be governed without that
// member's role, nil for nobody's, and without that key, empty for none: now,
// because an owner has a valid key, and for good, because an owner whose role
// does not expire has a key that was not revoked.
func (p *Policy) keepsOwner(at time.Time, without *member, withoutKey string) bool {
	var acts, lasts bool
	for m := range p.owners {
		if m != without {
			acts = acts || m.acts(at, withoutKey)
			lasts = lasts || m.lasts(withoutKey)
		}
	}
	return acts && lasts
}

// lasts reports whether an owner is there for good.
func (p *Policy) lasts() bool {
	for m := range p.owners {
		if m.lasts("") {
			return true
		}
	}
	return false
}

// acts reports whether m can act now with another key than that one.
func (m *member) acts(at time.Time, withoutKey string) bool {
	return !m.grant.expired(at) && slices.ContainsFunc(m.keys, func(k *heldKey) bool {
		return k.ID != withoutKey && k.Valid(at)
	})
}

// lasts reports whether m is owner without expiry, and no time takes the last
// of its keys: those that only expire can be rotated; see renews.
func (m *member) lasts(withoutKey string) bool {
	return m.grant.lasts() && slices.ContainsFunc(m.keys, func(k *heldKey) bool {
		return k.ID != withoutKey && k.Revoked.IsZero()
	})
}

// renews reports whether a request is to rotate an expired key by itself where
// nothing else is left: no owner has a valid key, and this is an owner's. Else
// a vault whose owners were away for ninety days could be governed by nobody
// ever again. A key that was rotated or revoked is never renewed, since it may
// have got lost.
func (p *Policy) renews(key *heldKey, r *Request) bool {
	if r.Action != RotateKey || r.TargetKey != r.Key || !key.Revoked.IsZero() {
		return false
	}
	if _, ok := p.owners[key.holder]; !ok {
		return false
	}
	for m := range p.owners {
		if m.acts(r.At, "") {
			return false
		}
	}
	return true
}
