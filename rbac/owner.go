package rbac

import "time"

// keepsOwner reports whether the vault would still be governed if the grant of
// changed were that one, and if there were not that key: now, because an owner
// has a valid key, and for good, because an owner whose role does not expire
// has a key that was not revoked. Nil and "" stand for no change.
func (p *Policy) keepsOwner(at time.Time, changed *member, to Grant, withoutKey string) bool {
	var acts, lasts bool
	for _, m := range p.owners {
		g := m.grant()
		if m == changed {
			g = to
		}
		acts = acts || m.acts(g, at, withoutKey)
		lasts = lasts || m.lasts(g, withoutKey)
	}
	return acts && lasts
}

// acts reports whether m, with that grant, is an owner who can act now with
// another key than that one.
func (m *member) acts(g Grant, at time.Time, withoutKey string) bool {
	return g.Role == Owner && !g.expired(at) && m.hasKey(withoutKey, func(k *heldKey) bool { return k.Valid(at) })
}

// lasts reports whether m, with that grant, is an owner without expiry and has
// another key than that one which only time can end: it can be renewed.
func (m *member) lasts(g Grant, withoutKey string) bool {
	return g.Role == Owner && g.Expires.IsZero() && m.hasKey(withoutKey, func(k *heldKey) bool { return k.Revoked.IsZero() })
}

// hasKey reports whether f holds for a key of m's other than that one.
func (m *member) hasKey(other string, f func(*heldKey) bool) bool {
	for k := m.keys; k != nil; k = k.next {
		if k.ID != other && f(k) {
			return true
		}
	}
	return false
}

// lasts reports whether an owner is there for good.
func (p *Policy) lasts() bool {
	for _, m := range p.owners {
		if m.lasts(m.grant(), "") {
			return true
		}
	}
	return false
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
	if key.holder.role != Owner {
		return false
	}
	for _, m := range p.owners {
		if m.acts(m.grant(), r.At, "") {
			return false
		}
	}
	return true
}
