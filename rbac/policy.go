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
	if at := p.place(id); at >= 0 {
		return p.keys.slots[at].key
	}
	return nil
}

// place returns the place in the table of the key with that id, and -1 if there is none.
func (p *Policy) place(id string) int {
	n, ok := keyNumber(id)
	if !ok {
		return -1
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
		d.Grant = p.members[subject].grant()
		code = p.may(&d, rule)
	}
	d.settle(code)
	return d
}

// authorize fills in d, which is zero.
func (p *Policy) authorize(r *Request, d *Decision) {
	key := p.place(r.Key) // first, as it is waited for longest
	d.Request, d.Head = *r, p.head
	d.settle(p.decide(d, key))
}

// settle puts down the outcome.
func (d *Decision) settle(code Code) {
	d.Code, d.Allowed = code, code == Permitted
}

// decide decides on what is asked for by the key in that place; -1: it is not known.
func (p *Policy) decide(d *Decision, at int) Code {
	r := &d.Request
	rule, code := p.rule(r)
	if code != Permitted {
		return code
	}
	if at < 0 {
		return KeyInvalid
	}
	key := &p.keys.slots[at]
	d.Subject = p.keys.holder(at)
	target := p.target(r)
	if code := key.check(r.At); code != Permitted && !p.renews(key.key, r) {
		return code
	}
	key.grant(&d.Grant, d.Subject)
	if code := p.may(d, rule); code != Permitted {
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
	r.Target = key.Subject
	return key
}

// may holds a request against the grant of who asks.
func (p *Policy) may(d *Decision, rule *rule) Code {
	r := &d.Request
	s := situation{r.Environment, p.tier, r.Target == d.Subject}
	d.Needed = rule.lowest(s)
	d.Role = d.Grant.Role
	switch {
	case d.Role == 0:
		return UnknownSubject
	case d.Grant.expired(r.At):
		return GrantExpired
	case !rule.lets(d.Role, s):
		return RoleInsufficient
	case rule.wantsReason(d.Role, s) && strings.TrimSpace(r.Reason) == "":
		return ReasonMissing
	}
	return Permitted
}
