package rbac

import (
	"crypto/ed25519"
	"slices"
	"time"
)

// Apply decides as [Policy.Authorize] does and, if the request is allowed,
// changes the policy accordingly: nothing can be in it that was not checked
// against what was in it before. What is denied changes nothing.
//
// index is where the event stands in the governance log. Events are applied in
// order; one whose index was passed already is denied with [OutOfOrder].
func (p *Policy) Apply(r Request, index uint64) (d Decision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.authorize(&r, &d)
	if index < p.head.Size {
		d.settle(OutOfOrder)
	}
	if d.Allowed {
		p.change(&d, index)
		p.head = Head{Size: index + 1}
	}
	return d
}

// SetHead says how much of the log has been applied, those events included that
// were denied or are none of the policy's, and the root over it. A head that is
// behind what was applied is ignored.
func (p *Policy) SetHead(h Head) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h.Size >= p.head.Size {
		p.head = h
	}
}

// allows decides on the change that a request would make, and fills in what the
// request leaves to defaults. The asker's role is known to be enough.
func (p *Policy) allows(d *Decision, target *heldKey) Code {
	switch r := &d.Request; r.Action {
	case EditConfig:
		if r.Tier != "" && !r.Tier.known() {
			return UnknownTier
		}
	case GrantRole:
		return p.allowsGrant(d)
	case RevokeRole:
		if d.Replaced = p.members[r.Target].grant(); d.Replaced.Role == 0 {
			return UnknownTarget
		}
		return p.allowsLoss(d, Grant{})
	case CreateKey:
		if !r.Target.valid() {
			return UnknownTarget
		}
		if r.Expires.IsZero() {
			r.Expires = r.At.Add(DefaultKeyLife)
		}
		if r.NewKey.Vaults == nil {
			r.NewKey.Vaults = []string{p.vault}
		}
		return p.allowsNewKey(r)
	case RotateKey:
		return p.allowsRotation(d, target)
	case RevokeKey:
		if target == nil || over(target.Revoked, r.At) {
			return UnknownTarget
		}
		if target.holder.role == Owner && !p.keepsOwner(r.At, nil, Grant{}, target.ID) {
			return LastOwner
		}
	}
	return Permitted
}

func (p *Policy) allowsGrant(d *Decision) Code {
	r := &d.Request
	switch {
	case !r.Target.valid():
		return UnknownTarget
	case !r.Role.known():
		return UnknownRole
	case over(r.Expires, r.At):
		return EndsTooSoon
	case r.Target == d.Subject && later(r.Expires, d.Grant.Expires):
		return SelfRaise // who may grant is owner, and has no higher role to take, only more time
	}
	d.Replaced = p.members[r.Target].grant()
	return p.allowsLoss(d, Grant{Role: r.Role, Expires: r.Expires})
}

// allowsLoss decides on the target losing its grant for another one or none.
func (p *Policy) allowsLoss(d *Decision, to Grant) Code {
	r := &d.Request
	if d.Replaced.Role == Owner && !p.keepsOwner(r.At, p.members[r.Target], to, "") {
		return LastOwner
	}
	return Permitted
}

func (p *Policy) allowsRotation(d *Decision, old *heldKey) Code {
	r := &d.Request
	if old == nil || !old.Revoked.IsZero() {
		return UnknownTarget
	}
	life := old.Expires.Sub(old.Created)
	if r.Expires.IsZero() {
		r.Expires = r.At.Add(life)
	}
	if r.Until.IsZero() {
		r.Until = r.At
	}
	switch {
	case r.Until.Before(r.At):
		return EndsTooSoon
	case r.Target == d.Subject && r.Expires.Sub(r.At) > life:
		return SelfRaise
	}
	r.NewKey.Vaults = old.Vaults
	return p.allowsNewKey(r)
}

func (p *Policy) allowsNewKey(r *Request) Code {
	switch k := &r.NewKey; {
	case !k.wellFormed(r.Target.Kind):
		return KeyMalformed
	case !slices.Contains(k.Vaults, p.vault):
		return KeyElsewhere
	case p.key(k.ID) != nil:
		return KeyExists
	case over(r.Expires, r.At):
		return EndsTooSoon
	}
	return Permitted
}

func (k *NewKey) wellFormed(kind Kind) bool {
	_, ok := keyNumber(k.ID)
	return ok && kindOfKey(k.ID) == kind && len(k.Public) == ed25519.PublicKeySize
}

// change makes the change that d allows.
func (p *Policy) change(d *Decision, index uint64) {
	switch r := &d.Request; r.Action {
	case EditConfig:
		if r.Tier != "" {
			p.tier = r.Tier
		}
	case GrantRole:
		p.give(p.member(r.Target), Grant{index, r.Target, r.Role, plain(r.Expires), d.Subject, d.Grant.Index})
	case RevokeRole:
		m := p.members[r.Target]
		p.give(m, Grant{})
		if m.keys == nil {
			delete(p.members, r.Target)
		}
	case CreateKey:
		p.addKey(d.newKey(index))
	case RotateKey:
		old := p.key(r.TargetKey)
		old.Revoked, old.Successor = plain(r.Until), r.NewKey.ID
		p.update(old)
		p.addKey(d.newKey(index))
	case RevokeKey:
		key := p.key(r.TargetKey)
		key.Revoked = plain(r.At)
		p.update(key)
	}
}

// give gives m a grant in place of the one it has.
func (p *Policy) give(m *member, g Grant) {
	was := m.role == Owner
	m.title, m.expires = p.title(g), g.Expires
	for k := m.keys; k != nil; k = k.next {
		p.update(k)
	}
	switch is := g.Role == Owner; {
	case is && !was:
		p.owners = append(p.owners, m)
	case was && !is:
		i := slices.Index(p.owners, m)
		p.owners = slices.Delete(p.owners, i, i+1)
	}
}

// title returns what g gives.
func (p *Policy) title(g Grant) title {
	if g.Role == 0 {
		return title{}
	}
	return title{g.Index, g.Under, &p.member(g.By).subject, g.Role}
}

// newKey returns the key that d allows.
func (d *Decision) newKey(index uint64) Key {
	r := &d.Request
	return Key{
		ID:      r.NewKey.ID,
		Index:   index,
		Subject: r.Target,
		Public:  slices.Clone(r.NewKey.Public),
		Created: plain(r.At),
		Expires: plain(r.Expires),
		Vaults:  slices.Clone(r.NewKey.Vaults),
		By:      d.Subject,
		Under:   d.Grant.Index,
	}
}

func (p *Policy) addKey(k Key) {
	m := p.member(k.Subject)
	held := next(&p.spareKeys)
	*held = heldKey{m, k, m.keys}
	m.keys = held
	p.keys.add(held.number()).update(held)
}

// update makes the table say what k and its holder come to by now.
func (p *Policy) update(k *heldKey) { p.keys.slots[p.keys.place(k.number())].update(k) }

// member returns the member for s, a new one if there is none.
func (p *Policy) member(s Subject) *member {
	m := p.members[s]
	if m == nil {
		m = p.newMember(s)
	}
	return m
}

// newMember returns a new member for s, who is none yet.
func (p *Policy) newMember(s Subject) *member {
	m := next(&p.spareMembers)
	m.subject = s
	p.members[s] = m
	return m
}

// next takes the first of what is spare, or a new one.
func next[T any](spare *[]T) *T {
	if len(*spare) == 0 {
		return new(T)
	}
	first := &(*spare)[0]
	*spare = (*spare)[1:]
	return first
}

// plain returns t in the form in which it comes back from text, so that a state
// that was rebuilt equals the one that lived.
func plain(t time.Time) time.Time { return t.Round(0).UTC() }
