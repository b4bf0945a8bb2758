package rbac

import (
	"errors"
	"slices"
	"time"
)

// ErrInitialised is returned by [Policy.Init] when the vault has had its first
// owner.
var ErrInitialised = errors.New("rbac: the vault has had its first owner: ask an owner for a role")

// A Genesis is the beginning of all authority in a vault: its first owner, whom
// nobody appointed. Every role goes back to it, so it must be known from
// elsewhere to whoever is to believe the rest.
type Genesis struct {
	Vault   string    // name of the vault; required
	Tier    Tier      // of the vault; required
	Owner   Subject   // required
	Key     NewKey    // the owner's; required
	Expires time.Time // when the key expires; zero: DefaultKeyLife from At
	At      time.Time // required
}

// Init gives a vault its first owner. index is where the event stands in the
// governance log. An error changes nothing: it is [ErrInitialised], or says what
// is wrong with g.
func (p *Policy) Init(g Genesis, index uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.vault != "" {
		return ErrInitialised
	}
	key := Key{
		ID:      g.Key.ID,
		Index:   index,
		Subject: g.Owner,
		Public:  slices.Clone(g.Key.Public),
		Created: plain(g.At),
		Expires: plain(g.Expires),
		Vaults:  slices.Clone(g.Key.Vaults),
		By:      g.Owner,
		Under:   index,
	}
	if g.Expires.IsZero() {
		key.Expires = plain(g.At.Add(DefaultKeyLife))
	}
	if key.Vaults == nil {
		key.Vaults = []string{g.Vault}
	}
	return p.load(State{
		Vault:  g.Vault,
		Tier:   g.Tier,
		Head:   Head{Size: index + 1},
		Grants: []Grant{{Index: index, Subject: g.Owner, Role: Owner, By: g.Owner, Under: index}},
		Keys:   []Key{key},
	})
}
