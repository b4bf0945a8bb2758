package main

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// The vault that everybody is asked about, but for those who name another.
const (
	company   = "company"
	elsewhere = "elsewhere"
)

// noon is when everything happens.
var noon = time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC)

// roles are the names of the roles, by [rbac.Role].
var roles = [...]string{rbac.Viewer: "viewer", rbac.Operator: "operator", rbac.Admin: "admin", rbac.Owner: "owner"}

var environments = [...]rbac.Environment{rbac.Sandbox, rbac.Staging, rbac.Production}

// actions are those that are not about somebody's role or key: the peers could say
// them no other way than we do.
var actions = [...]rbac.Action{
	rbac.View, rbac.Deploy, rbac.Rollback, rbac.Resume, rbac.Pause, rbac.Kill, rbac.EditVault, rbac.EditConfig, rbac.EditRetention,
}

// needed is the matrix again, of a vault of tier L2 and for who gives a reason: the
// lowest role that may do an action, by environment. The peers load it.
var needed = [len(actions)][len(environments)]rbac.Role{
	{rbac.Viewer, rbac.Viewer, rbac.Viewer},
	{rbac.Operator, rbac.Admin, rbac.Admin},
	{rbac.Operator, rbac.Admin, rbac.Admin},
	{rbac.Operator, rbac.Admin, rbac.Admin},
	{rbac.Operator, rbac.Operator, rbac.Operator},
	{rbac.Operator, rbac.Operator, rbac.Operator},
	{rbac.Admin, rbac.Admin, rbac.Admin},
	{rbac.Owner, rbac.Owner, rbac.Owner},
	{rbac.Owner, rbac.Owner, rbac.Owner},
}

// A world is people with a role in the vault, and as many again of a sixteenth who
// have none.
type world struct {
	grants int
	roles  []rbac.Role // of each who has one
	names  []string    // of all
	keys   []string    // ids, of all
}

// worldOf makes a world of n grants, the same one in every process.
func worldOf(n int) *world {
	rng := mathrand.New(mathrand.NewPCG(1, uint64(n)))
	w := &world{grants: n, roles: make([]rbac.Role, n)}
	for i := range n {
		w.roles[i] = rbac.Role(rng.IntN(len(roles)-1)) + rbac.Viewer
	}
	w.roles[0] = rbac.Owner
	for i := range n + n/16 + 1 {
		w.names = append(w.names, fmt.Sprintf("person-%d@fund.com", i))
		w.keys = append(w.keys, fmt.Sprintf("flxu_%010d", i))
	}
	return w
}

// A question is whether somebody may do something somewhere.
type question struct {
	who         uint32 // index of names and keys
	action      uint8  // index of actions
	environment uint8  // index of environments
	elsewhere   bool   // in another vault
}

func (q question) vault() string {
	if q.elsewhere {
		return elsewhere
	}
	return company
}

// role returns the role of somebody, and 0 if they have none.
func (w *world) role(who uint32) rbac.Role {
	if int(who) < w.grants {
		return w.roles[who]
	}
	return 0
}

// allows is the answer, by the matrix.
func (w *world) allows(q question) bool {
	return !q.elsewhere && w.role(q.who) >= needed[q.action][q.environment]
}

// questions returns n of them: one in 17 of who has no role, one in 16 about another
// vault.
func (w *world) questions(n int) []question {
	rng := mathrand.New(mathrand.NewPCG(2, uint64(w.grants)))
	qs := make([]question, n)
	for i := range qs {
		qs[i] = question{uint32(rng.IntN(len(w.names))), uint8(rng.IntN(len(actions))), uint8(rng.IntN(len(environments))), rng.IntN(16) == 0}
	}
	return qs
}

// receive reads who asks, and under which id, as a service has just done when it comes
// to decide. Among a million people the peers would else wait for that first, twice,
// which is not what they differ in.
func (w *world) receive(qs []question) (read int) {
	for _, q := range qs {
		for _, text := range [...]string{w.names[q.who], w.keys[q.who]} {
			for i := range len(text) {
				read += int(text[i])
			}
		}
	}
	return read
}

// policy returns the world as rbac has it: everybody has a key, and people are
// asked about by its id.
func (w *world) policy() (*rbac.Policy, error) {
	key, err := rbac.Mint(rbac.UserKind, rand.Reader)
	if err != nil {
		return nil, err
	}
	s := rbac.State{Vault: company, Tier: rbac.L2, Grants: make([]rbac.Grant, w.grants), Keys: make([]rbac.Key, w.grants)}
	root, vaults := rbac.User(w.names[0]), []string{company}
	for i := range w.grants {
		who := rbac.User(w.names[i])
		s.Grants[i] = rbac.Grant{Index: uint64(i), Subject: who, Role: w.roles[i], By: root}
		s.Keys[i] = rbac.Key{
			ID: w.keys[i], Index: uint64(i), Subject: who, Public: key.Public(), Vaults: vaults, By: root,
			Created: noon.Add(-time.Hour), Expires: noon.Add(rbac.DefaultKeyLife),
		}
	}
	return rbac.Restore(s)
}
