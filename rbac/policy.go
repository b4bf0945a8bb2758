package rbac

import (
	"strings"
	"sync"
)

// A Policy is who may do what in one vault: what its governance log comes to,
// up to a [Head]. It changes by [Policy.Init] and [Policy.Apply] only, and only
// as far as it allows itself.
//
// The zero value is the policy of a vault without an owner, and denies
// everything. A Policy may be used from many goroutines, and must not be
// copied.
type Policy struct {
	mu      sync.RWMutex // guards everything below and all it leads to
	vault   string       // empty: not initialised
	tier    Tier
	head    Head
	members map[Subject]*member
	owners  []*member // those whose grant is an owner's, expired or not, in no order
	keys    keyTable  // also those that were revoked

	spareMembers []member  // room for members to come
	spareKeys    []heldKey // room for keys to come
}

// A member is a subject that has a role or has had a key.
type member struct {
	subject Subject
	grant   Grant    // zero: no role
	keys    *heldKey // the newest; nil: none
}

// A heldKey is a key and who holds it.
type heldKey struct {
	holder *member
	Key
	next *heldKey // of the same holder; nil: no more
}

// number returns the number of the key, which was checked when it was added.
func (k *heldKey) number() uint64 {
	n, _ := keyNumber(k.ID)
	return n
}

// key returns the key with that id, and nil if there is none.
func (p *Policy) key(id string) *heldKey {
	if s := p.slot(id); s != nil {
		return s.key
	}
	return nil
}

// slot returns where the key with that id stands, and nil if there is none.
func (p *Policy) slot(id string) *keySlot {
	n, ok := keyNumber(id)
	if !ok {
		return nil
	}
	return p.keys.find(n)
}

// Authorize decides whether a request is allowed:
//
//   - Whatever is not known is denied.
//   - The asker is who holds the key, and the key must be valid.
//   - The asker must have a role, and that role must be enough.
//
// For actions that change the policy, the change itself is decided on, too:
//
//   - Nobody gives themselves more than they have, neither a role nor time.
//   - Somebody must be left who is owner without expiry and has a key that was
//     not revoked, and an owner must be left who has a valid key.
//   - Where no owner has a valid key because all have expired, the key of an
//     owner may still be rotated by itself, so that time locks nobody out.
//
// It does not allocate, but for the defaults of CreateKey.
func (p *Policy) Authorize(r Request) (d Decision) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	p.authorize(&r, &d)
	return d
}

// Can decides whether subject has a role for an action, whatever keys it has,
// and leaves aside whether the policy allows the change that the action would
// make. It reads Action, Vault, At, Environment and Reason of r, and Target for
// RevokeRole, RotateKey and RevokeKey.
func (p *Policy) Can(subject Subject, r Request) (d Decision) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	r.Key = "" // which nobody has proved
	d.Request, d.Head, d.Subject = r, p.head, subject
	rule, code := p.rule(&r)
	if code == Permitted {
		code = p.may(&d, rule, p.members[subject])
	}
	d.settle(code)
	return d
}

// authorize fills in d.
func (p *Policy) authorize(r *Request, d *Decision) {
	d.Request, d.Head = *r, p.head
	d.settle(p.decide(d))
}

// settle puts down the outcome.
func (d *Decision) settle(code Code) {
	d.Code, d.Allowed = code, code == Permitted
}

func (p *Policy) decide(d *Decision) Code {
	r := &d.Request
	rule, code := p.rule(r)
	if code != Permitted {
		return code
	}
	key := p.slot(r.Key)
	if key == nil {
		return KeyInvalid
	}
	d.Subject = key.holder.subject
	target := p.target(r)
	if code := key.check(r.At); code != Permitted && !p.renews(key.key, r) {
		return code
	}
	if code := p.may(d, rule, key.holder); code != Permitted {
		return code
	}
	return p.allows(d, target)
}

// rule returns the rule that a request falls under, or what in it is not known.
func (p *Policy) rule(r *Request) (*rule, Code) {
	rule := ruleOf(r.Action)
	switch {
	case p.vault == "":
		return nil, NotInitialised
	case r.Vault != p.vault:
		return nil, UnknownVault
	case rule == nil:
		return nil, UnknownAction
	case r.At.IsZero():
		return nil, UnknownTime
	case !r.Environment.known() && (rule.where == placed || r.Environment != ""):
		return nil, UnknownEnvironment
	}
	return rule, Permitted
}

// target returns the key that a request is about, nil if there is none, and
// states in the request whose it is.
func (p *Policy) target(r *Request) *heldKey {
	if r.Action != RotateKey && r.Action != RevokeKey {
		return nil
	}
	key := p.key(r.TargetKey)
	if key == nil {
		r.Target = Subject{}
		return nil
	}
	r.Target = key.holder.subject
	return key
}

// may holds a request against the role of m, nil for nobody.
func (p *Policy) may(d *Decision, rule *rule, m *member) Code {
	r := &d.Request
	s := situation{r.Environment, p.tier, r.Target == d.Subject}
	d.Needed = rule.lowest(s)
	if m == nil || m.grant.Role == 0 {
		return UnknownSubject
	}
	d.Grant, d.Role = m.grant, m.grant.Role
	switch {
	case m.grant.expired(r.At):
		return GrantExpired
	case !rule.lets(d.Role, s):
		return RoleInsufficient
	case rule.wantsReason(d.Role, s) && strings.TrimSpace(r.Reason) == "":
		return ReasonMissing
	}
	return Permitted
}
