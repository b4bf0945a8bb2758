package rbac

import (
	"cmp"
	"time"
)

// Grant returns the grant of a subject, also one that has expired.
// Without one it reports false.
func (p *Policy) Grant(s Subject) (Grant, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	g := p.members[s].grant()
	return g, g.Role != 0
}

// Key returns the key with that id, also one that is no longer valid. Without
// one it reports false.
func (p *Policy) Key(id string) (Key, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	k := p.key(id)
	if k == nil {
		return Key{}, false
	}
	return k.Key, true
}

// WhoCan returns the grants of all subjects that [Policy.Can] allows an action,
// if need be with a reason, by name. The code is Permitted, or says what in the
// request is not known.
func (p *Policy) WhoCan(r Request) ([]Grant, Code) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	rule, code := p.rule(&r)
	if code != Permitted {
		return nil, code
	}
	var members []*member
	for s, m := range p.members {
		where := situation{r.Environment, p.tier, r.Target == s}
		if !over(m.expires, r.At) && rule.lets(m.role, where) {
			members = append(members, m)
		}
	}
	return sorted(members, func(a, b *member) int {
		return cmp.Or(cmp.Compare(a.subject.Name, b.subject.Name), cmp.Compare(a.subject.Kind, b.subject.Kind))
	}, (*member).grant), Permitted
}

// A Permission is something that a subject may do.
type Permission struct {
	Action      Action      `json:"action"`
	Environment Environment `json:"environment,omitempty"` // empty: the action has none
	Reason      bool        `json:"reason,omitempty"`      // only with a reason
	Own         bool        `json:"own,omitempty"`         // only to one's own role or keys
}

// WhatCan returns all that a subject may do by its role at that time, in the
// order of [Actions]. It is nil for nothing.
func (p *Policy) WhatCan(s Subject, at time.Time) []Permission {
	p.mu.RLock()
	defer p.mu.RUnlock()
	m := p.members[s]
	if m == nil || over(m.expires, at) {
		return nil
	}
	var list []Permission
	for i := range matrix {
		list = matrix[i].appendPermissions(list, m.role, p.tier)
	}
	return list
}

func (r *rule) appendPermissions(list []Permission, role Role, tier Tier) []Permission {
	environments := []Environment{""}
	if r.where == placed {
		environments = []Environment{Sandbox, Staging, Production}
	}
	for _, e := range environments {
		others, own := situation{e, tier, false}, situation{e, tier, true}
		if r.lets(role, own) {
			list = append(list, Permission{r.action, e, r.wantsReason(role, own), !r.lets(role, others)})
		}
	}
	return list
}
