package rbac

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestGrantReplaces(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	d := w.apply(Request{Key: by, Action: GrantRole, Target: bob, Role: Operator})
	assert.Zero(t, d.Replaced)
	d = w.apply(Request{Key: by, Action: GrantRole, Target: bob, Role: Viewer, Expires: noon.Add(day)})
	assert.Equal(t, Grant{Index: 1, Subject: bob, Role: Operator, By: root}, d.Replaced)
	g, ok := w.policy.Grant(bob)
	assert.True(t, ok)
	assert.Equal(t, Grant{Index: 2, Subject: bob, Role: Viewer, By: root, Expires: noon.Add(day)}, g)
	d = w.apply(Request{Key: by, Action: RevokeRole, Target: bob})
	assert.Equal(t, g, d.Replaced)
	_, ok = w.policy.Grant(bob)
	assert.False(t, ok)
}

// TestNobodyRaisesThemselves tries it with each of the things one can have more
// of: role, time, the life of a key.
func TestNobodyRaisesThemselves(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	end := noon.Add(10 * day)
	owner := w.join(by, alice, 0)
	w.apply(Request{Key: by, Action: GrantRole, Target: alice, Role: Owner, Expires: end})
	for _, tc := range []struct {
		code Code
		r    Request
	}{
		{SelfRaise, Request{Role: Owner}},
		{SelfRaise, Request{Role: Admin}},
		{SelfRaise, Request{Role: Owner, Expires: end.Add(time.Second)}},
		{EndsTooSoon, Request{Role: Viewer, Expires: noon}},
		{Permitted, Request{Role: Owner, Expires: end}},
		{Permitted, Request{Role: Owner, Expires: end.Add(-time.Second)}},
		{Permitted, Request{Role: Viewer, Expires: end.Add(-time.Second)}},
	} {
		tc.r.Key, tc.r.Action, tc.r.Target = owner, GrantRole, alice
		assert.Equal(t, tc.code, w.try(tc.r).Code, "%+v", tc.r)
	}

	for _, role := range []Role{Viewer, Operator, Admin} {
		s := User(role.String())
		key := w.join(by, s, role)
		for more := role; more <= Owner; more++ {
			d := w.try(Request{Key: key, Action: GrantRole, Target: s, Role: more})
			assert.Equal(t, RoleInsufficient, d.Code)
		}
		d := w.try(Request{Key: key, Action: CreateKey, Target: root, NewKey: w.mint(UserKind)})
		assert.Equal(t, RoleInsufficient, d.Code, "a key of somebody else's")
		d = w.try(Request{Key: key, Action: RotateKey, TargetKey: by, NewKey: w.mint(UserKind)})
		assert.Equal(t, RoleInsufficient, d.Code, "the next key of somebody else's")
		d = w.try(Request{Key: key, Action: RotateKey, TargetKey: key, NewKey: w.mint(UserKind), Expires: noon.Add(1000*day + 1)})
		assert.Equal(t, SelfRaise, d.Code, "a longer life")
		assert.Equal(t, s.Name+" may not give themselves more than they have.", d.Reason())
	}
}

func TestKeyLives(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	first := w.mint(ServiceKind)
	d := w.apply(Request{Key: by, Action: CreateKey, Target: Service("ci"), NewKey: first})
	assert.Equal(t, noon.Add(90*day), d.Request.Expires)
	w.apply(Request{Key: by, Action: GrantRole, Target: Service("ci"), Role: Viewer})
	k, ok := w.policy.Key(first.ID)
	assert.True(t, ok)
	assert.Equal(t, Key{
		ID: first.ID, Index: 1, Subject: Service("ci"), Public: first.Public, Created: noon, Expires: noon.Add(90 * day),
		Vaults: []string{"company"}, By: root,
	}, k)

	// It is rotated with an overlap of a day, in which both are valid.
	second := w.mint(ServiceKind)
	at := noon.Add(80 * day)
	w.apply(Request{Key: first.ID, Action: RotateKey, TargetKey: first.ID, NewKey: second, Until: at.Add(day), At: at})
	k, _ = w.policy.Key(first.ID)
	assert.Equal(t, second.ID, k.Successor)
	for _, tc := range []struct {
		key  string
		at   time.Time
		code Code
	}{
		{first.ID, at, Permitted},
		{second.ID, at, Permitted},
		{first.ID, at.Add(day - 1), Permitted},
		{first.ID, at.Add(day), KeyRevoked},
		{second.ID, at.Add(90*day - 1), Permitted},
		{second.ID, at.Add(90 * day), KeyExpired},
	} {
		assert.Equal(t, tc.code, w.policy.Authorize(w.request(Request{Key: tc.key, Action: View, At: tc.at})).Code, "%v", tc)
	}
	d = w.try(Request{Key: first.ID, Action: RotateKey, TargetKey: first.ID, NewKey: w.mint(ServiceKind), At: at})
	assert.Equal(t, UnknownTarget, d.Code, "a key has one successor")

	// In the overlap it can still be revoked at once.
	w.apply(Request{Key: second.ID, Action: RevokeKey, TargetKey: first.ID, At: at})
	assert.Equal(t, KeyRevoked, w.policy.Authorize(w.request(Request{Key: first.ID, Action: View, At: at})).Code)
	_, ok = w.policy.Key("flxs_0000000000")
	assert.False(t, ok)
}

func TestNewKeysAreLookedAt(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	good := w.mint(UserKind)
	for name, tc := range map[string]struct {
		code  Code
		alter func(*Request)
	}{
		"good":              {Permitted, func(r *Request) {}},
		"no key":            {KeyMalformed, func(r *Request) { r.NewKey = NewKey{} }},
		"an id too long":    {KeyMalformed, func(r *Request) { r.NewKey.ID += "0" }},
		"an id with space":  {KeyMalformed, func(r *Request) { r.NewKey.ID = "flxu_ 123456789" }},
		"a service's":       {KeyMalformed, func(r *Request) { r.NewKey = w.mint(ServiceKind) }},
		"a whole API key":   {KeyMalformed, func(r *Request) { r.NewKey.ID += good.ID }},
		"half a public key": {KeyMalformed, func(r *Request) { r.NewKey.Public = r.NewKey.Public[:16] }},
		"taken":             {KeyExists, func(r *Request) { r.NewKey.ID = by }},
		"for nothing":       {KeyElsewhere, func(r *Request) { r.NewKey.Vaults = []string{} }},
		"over already":      {EndsTooSoon, func(r *Request) { r.Expires = noon }},
		"nobody's":          {UnknownTarget, func(r *Request) { r.Target = Subject{} }},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.request(Request{Key: by, Action: CreateKey, Target: bob, NewKey: good})
			tc.alter(&r)
			d := w.policy.Authorize(r)
			assert.Equal(t, tc.code, d.Code)
			if r.Target == bob && tc.code != KeyElsewhere {
				r.Action, r.TargetKey = RotateKey, by
				assert.Equal(t, tc.code, w.policy.Authorize(r).Code, "rotating")
			}
		})
	}
	r := w.request(Request{Key: by, Action: RotateKey, TargetKey: by, NewKey: good, Until: noon.Add(-1)})
	assert.Equal(t, EndsTooSoon, w.policy.Authorize(r).Code)
}

func TestTierIsTheLogsWord(t *testing.T) {
	w, by := newWorld(t, "company", L1)
	admin := w.join(by, bob, Admin)
	edit := Request{Key: admin, Action: EditVault}
	assert.Equal(t, RoleInsufficient, w.try(edit).Code)
	assert.Equal(t, RoleInsufficient, w.try(Request{Key: admin, Action: EditConfig, Tier: L2}).Code)
	w.apply(Request{Key: by, Action: EditConfig})
	assert.Equal(t, RoleInsufficient, w.try(edit).Code)
	w.apply(Request{Key: by, Action: EditConfig, Tier: L2})
	w.apply(edit)
}

// TestCallersSlicesAreTheirs changes what was handed in.
func TestCallersSlicesAreTheirs(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	key := w.mint(UserKind)
	key.Vaults = []string{"company"}
	w.apply(Request{Key: by, Action: CreateKey, Target: bob, NewKey: key})
	before, _ := w.policy.Key(key.ID)
	public := append([]byte(nil), before.Public...)
	key.Public[0] ^= 1
	key.Vaults[0] = "project"
	after, _ := w.policy.Key(key.ID)
	assert.EqualValues(t, public, after.Public)
	assert.Equal(t, []string{"company"}, after.Vaults)
}
