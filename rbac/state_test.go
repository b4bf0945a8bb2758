package rbac

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInit(t *testing.T) {
	w, _ := newWorld(t, "other", L1)
	good := Genesis{Vault: "company", Tier: L2, Owner: root, Key: w.mint(UserKind), At: noon}
	p := new(Policy)
	require.NoError(t, p.Init(good, 0))
	want := State{
		Vault: "company", Tier: L2, Head: Head{Size: 1},
		Grants: []Grant{{Subject: root, Role: Owner, By: root}},
		Keys: []Key{{ID: good.Key.ID, Subject: root, Public: good.Key.Public, Created: noon, Expires: noon.Add(90 * day),
			Vaults: []string{"company"}, By: root}},
	}
	assert.Equal(t, want, p.State())
	assert.Equal(t, ErrInitialised, p.Init(good, 1))
	assert.Equal(t, want, p.State(), "there is one genesis")
	assert.True(t, p.Authorize(Request{Key: good.Key.ID, Vault: "company", Action: GrantRole, Target: bob, Role: Owner, At: noon}).Allowed)

	for name, alter := range map[string]func(*Genesis){
		"no vault":       func(g *Genesis) { g.Vault = "" },
		"no tier":        func(g *Genesis) { g.Tier = "" },
		"no owner":       func(g *Genesis) { g.Owner = Subject{} },
		"no key":         func(g *Genesis) { g.Key = NewKey{} },
		"other kind":     func(g *Genesis) { g.Key = w.mint(ServiceKind) },
		"elsewhere":      func(g *Genesis) { g.Key.Vaults = []string{"project"} },
		"no time":        func(g *Genesis) { g.At = time.Time{} },
		"over at once":   func(g *Genesis) { g.Expires = noon },
		"half a key":     func(g *Genesis) { g.Key.Public = g.Key.Public[:31] },
		"a wrong key id": func(g *Genesis) { g.Key.ID = "flxu_" },
	} {
		g := good
		alter(&g)
		p := new(Policy)
		assert.Error(t, p.Init(g, 0), name)
		assert.Zero(t, p.State(), name)
		assert.Equal(t, NotInitialised, p.Authorize(Request{Key: good.Key.ID, Vault: "company", Action: View, At: noon}).Code, name)
	}
}

// TestRestore alters a state so that it is one that no events lead to.
func TestRestore(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	w.join(by, Service("ci"), Admin)
	w.join(by, alice, 0)
	text, err := json.Marshal(w.policy.State())
	require.NoError(t, err)
	for want, alter := range map[string]func(*State){
		"":                            func(s *State) {},
		"rbac: the vault has no name": func(s *State) { s.Vault = "" },
		`rbac: "L0" is no tier: name L1, L2, L3 or L4`:                                                func(s *State) { s.Tier = "L0" },
		"rbac: the grant of record 2 names nobody":                                                    func(s *State) { s.Grants[1].Subject = Subject{} },
		"rbac: the grant of record 0 names nobody":                                                    func(s *State) { s.Grants[0].By = Subject{Kind: 7, Name: "x"} },
		"rbac: the grant of record 2 has no role":                                                     func(s *State) { s.Grants[1].Role = 0 },
		`rbac: the grant of record 2 is a second one for "root@fund.com"`:                             func(s *State) { s.Grants[1].Subject = root },
		"rbac: the key of record 3 is nobody's":                                                       func(s *State) { s.Keys[2].Subject = User("") },
		"rbac: the key of record 1 is nobody's":                                                       func(s *State) { s.Keys[1].By = Subject{} },
		"rbac: the key of record 1 is not of the form flxu_…, or flxs_… for a service, with 32 bytes": func(s *State) { s.Keys[1].Subject = alice },
		"rbac: the key of record 3 is not of the form flxu_…, or flxs_… for a service, with 32 bytes": func(s *State) { s.Keys[2].Public = nil },
		"rbac: the key of record 0 is not for this vault":                                             func(s *State) { s.Vault = "project" },
		"rbac: the key of record 3 ends before it begins":                                             func(s *State) { s.Keys[2].Expires = time.Time{} },
		"rbac: the key of record 3 has an id that is taken":                                           func(s *State) { s.Keys[2].ID = s.Keys[0].ID },
		"rbac: the vault has no owner without expiry who has a key":                                   func(s *State) { s.Keys[0].Revoked = noon },
	} {
		var s State
		require.NoError(t, json.Unmarshal(text, &s))
		alter(&s)
		p, err := Restore(s)
		if want == "" {
			require.NoError(t, err)
			assert.Equal(t, w.policy.State(), p.State())
			continue
		}
		assert.EqualError(t, err, want)
		assert.Nil(t, p)
	}
	for _, alter := range []func(*State){
		func(s *State) { s.Grants[0].Role = Admin },
		func(s *State) { s.Grants[0].Expires = noon.Add(day) },
		func(s *State) { s.Grants = nil },
		func(s *State) { s.Keys = nil },
	} {
		var s State
		require.NoError(t, json.Unmarshal(text, &s))
		alter(&s)
		_, err := Restore(s)
		assert.EqualError(t, err, "rbac: the vault has no owner without expiry who has a key")
	}
}

// FuzzRestore holds that no state, whoever wrote it, breaks the policy that it
// makes, and that it comes back as it was.
func FuzzRestore(f *testing.F) {
	w, by := newWorld(f, "company", L2)
	key := w.join(by, Service("ci"), Admin)
	text, err := json.Marshal(w.policy.State())
	require.NoError(f, err)
	f.Add(string(text))
	f.Add(`{"vault":"x","tier":"L1","grants":[{"subject":"service:"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var s State
		if json.Unmarshal([]byte(text), &s) != nil {
			return
		}
		p, err := Restore(s)
		if err != nil {
			return
		}
		again, err := Restore(p.State())
		require.NoError(t, err)
		require.Equal(t, len(s.Grants), len(again.State().Grants))
		require.Equal(t, len(s.Keys), len(again.State().Keys))
		for _, a := range Actions() {
			d := p.Apply(Request{Key: key, Vault: s.Vault, Action: a, At: noon, Environment: Sandbox, TargetKey: by, Target: root, Role: Owner}, s.Head.Size)
			require.NotEmpty(t, d.Reason())
			require.NotEmpty(t, d.Explain())
		}
	})
}

// TestStateComesBackFromText, whatever zone its times were handed in with.
func TestStateComesBackFromText(t *testing.T) {
	summer := noon.In(time.FixedZone("CEST", 2*3600))
	w, _ := newWorld(t, "other", L1)
	p := new(Policy)
	first := Genesis{Vault: "company", Tier: L2, Owner: root, Key: w.mint(UserKind), At: summer, Expires: summer.Add(day)}
	require.NoError(t, p.Init(first, 0))
	next := w.mint(UserKind)
	for i, r := range []Request{
		{Action: GrantRole, Target: bob, Role: Viewer, Expires: summer.Add(day)},
		{Action: RotateKey, TargetKey: first.Key.ID, NewKey: next, Until: summer.Add(time.Hour), Expires: summer.Add(time.Hour)},
		{Action: CreateKey, Target: bob, NewKey: w.mint(UserKind), Expires: summer.Add(time.Hour)},
	} {
		r.Key, r.Vault, r.At = first.Key.ID, "company", summer
		require.True(t, p.Apply(r, uint64(i+1)).Allowed)
	}
	text, err := json.Marshal(p.State())
	require.NoError(t, err)
	var s State
	require.NoError(t, json.Unmarshal(text, &s))
	assert.Equal(t, s, p.State())
}
