package rbac

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// A State is all that a [Policy] holds, for snapshots and comparisons. Two
// policies that came about by the same events have equal states.
type State struct {
	Vault  string  `json:"vault"`
	Tier   Tier    `json:"tier"`
	Head   Head    `json:"head"`
	Grants []Grant `json:"grants"` // in order of their Index
	Keys   []Key   `json:"keys"`   // in order of their Index, also those that are no longer valid
}

// State returns what the policy holds. It is zero for a vault without an owner.
// The slices are the caller's; those inside keys are shared and must not be
// changed.
func (p *Policy) State() State {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var members []*member
	for _, m := range p.members {
		if m.role != 0 {
			members = append(members, m)
		}
	}
	keys := slices.Collect(p.keys.all())
	return State{
		Vault:  p.vault,
		Tier:   p.tier,
		Head:   p.head,
		Grants: sorted(members, func(a, b *member) int { return cmp.Compare(a.index, b.index) }, (*member).grant),
		Keys:   sorted(keys, func(a, b *heldKey) int { return cmp.Compare(a.Index, b.Index) }, func(k *heldKey) Key { return k.Key }),
	}
}

// sorted returns the values of what list points to, in order. To sort the values
// themselves would move more, and take code of its own for each type.
func sorted[T, V any](list []*T, compare func(a, b *T) int, value func(*T) V) (values []V) {
	slices.SortFunc(list, compare)
	for _, p := range list {
		values = append(values, value(p))
	}
	return values
}

// Restore returns the policy that has that state. A state that no events could
// have led to, as far as it shows by itself, is an error. Whether the governance
// log really leads to it is for the caller to know. The slices inside its keys
// are kept.
func Restore(s State) (*Policy, error) {
	p := new(Policy)
	if err := p.load(s); err != nil {
		return nil, err
	}
	return p, nil
}

// load fills an empty policy. An error leaves it empty.
func (p *Policy) load(s State) error {
	switch {
	case s.Vault == "":
		return errors.New("rbac: the vault has no name")
	case !s.Tier.known():
		return fmt.Errorf("rbac: %s is no tier: name L1, L2, L3 or L4", clip(string(s.Tier)))
	}
	next := Policy{
		members: make(map[Subject]*member, len(s.Grants)),
		keys:    newKeyTable(len(s.Keys)),

		spareMembers: make([]member, len(s.Grants)),
		spareKeys:    make([]heldKey, len(s.Keys)),
	}
	for _, g := range s.Grants {
		if err := next.loadGrant(g); err != nil {
			return err
		}
	}
	for _, k := range s.Keys {
		if err := next.loadKey(k, s.Vault); err != nil {
			return err
		}
	}
	next.keys.fill()
	if !next.lasts() {
		return errors.New("rbac: the vault has no owner without expiry who has a key")
	}
	p.vault, p.tier, p.head = s.Vault, s.Tier, s.Head
	p.members, p.owners, p.keys = next.members, next.owners, next.keys
	return nil
}

// flaw says what is wrong with a grant or a key in a state.
func flaw(what string, index uint64, why string) error {
	return fmt.Errorf("rbac: the %s of record %d %s", what, index, why)
}

func (p *Policy) loadGrant(g Grant) error {
	m := p.members[g.Subject]
	switch {
	case !g.Subject.valid() || !g.By.valid():
		return flaw("grant", g.Index, "names nobody")
	case !g.Role.known():
		return flaw("grant", g.Index, "has no role")
	case m.grant().Role != 0:
		return flaw("grant", g.Index, "is a second one for "+clip(g.Subject.String()))
	}
	if m == nil {
		m = p.newMember(g.Subject)
	}
	p.give(m, g)
	return nil
}

func (p *Policy) loadKey(k Key, vault string) error {
	n := NewKey{k.ID, k.Public, k.Vaults}
	switch {
	case !k.Subject.valid() || !k.By.valid():
		return flaw("key", k.Index, "is nobody's")
	case !n.wellFormed(k.Subject.Kind):
		return flaw("key", k.Index, "is not of the form flxu_…, or flxs_… for a service, with 32 bytes")
	case !slices.Contains(k.Vaults, vault):
		return flaw("key", k.Index, "is not for this vault")
	case k.Created.IsZero() || !k.Expires.After(k.Created):
		return flaw("key", k.Index, "ends before it begins")
	case p.key(k.ID) != nil:
		return flaw("key", k.Index, "has an id that is taken")
	}
	p.addKey(k)
	return nil
}
