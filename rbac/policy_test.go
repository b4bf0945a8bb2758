package rbac

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestZeroValuesDeny(t *testing.T) {
	var p Policy
	assert.False(t, Decision{}.Allowed)
	assert.Equal(t, "nothing was decided.", Decision{}.Reason())
	for _, a := range Actions() {
		assert.Equal(t, NotInitialised, p.Authorize(Request{Action: a, At: noon, Environment: Sandbox}).Code)
		assert.Equal(t, NotInitialised, p.Can(root, Request{Action: a, At: noon, Environment: Sandbox}).Code)
		_, code := p.WhoCan(Request{Action: a, At: noon, Environment: Sandbox})
		assert.Equal(t, NotInitialised, code)
	}
	assert.Equal(t, NotInitialised, p.Apply(Request{}, 0).Code)
	assert.Nil(t, p.WhatCan(root, noon))
	assert.Zero(t, p.State())

	w, by := newWorld(t, "company", L2)
	assert.False(t, w.policy.Authorize(Request{}).Allowed)
	assert.False(t, w.policy.Authorize(Request{Key: by}).Allowed)
	assert.False(t, w.policy.Can(Subject{}, w.request(Request{Action: RevokeRole})).Allowed)
}

// TestEachUnknownHasItsCode alters one thing at a time of a request that is
// allowed.
func TestEachUnknownHasItsCode(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	stranger := w.join(by, User("stranger@fund.com"), 0)
	gone := w.join(by, User("gone@fund.com"), Viewer)
	w.apply(Request{Key: by, Action: RevokeKey, TargetKey: gone})
	late := w.join(by, User("late@fund.com"), 0)
	w.apply(Request{Key: by, Action: GrantRole, Target: User("late@fund.com"), Role: Admin, Expires: noon.Add(time.Hour)})
	operator := w.join(by, User("bob@fund.com"), Operator)

	good := w.request(Request{Key: by, Action: Kill, Environment: Production, Reason: "incident 7"})
	require.True(t, w.policy.Authorize(good).Allowed)
	for _, tc := range []struct {
		code   Code
		alter  func(*Request)
		reason string
	}{
		{UnknownVault, func(r *Request) { r.Vault = "project" }, `there is no vault "project" here.`},
		{UnknownVault, func(r *Request) { r.Vault = "" }, `there is no vault "" here.`},
		{UnknownAction, func(r *Request) { r.Action = "drop" }, `there is no action "drop".`},
		{UnknownAction, func(r *Request) { r.Action = "" }, `there is no action "".`},
		{UnknownEnvironment, func(r *Request) { r.Environment = "prod\u202e" }, `"prod\u202e" is no environment: name sandbox, staging or production.`},
		{UnknownEnvironment, func(r *Request) { r.Environment = "" }, `"" is no environment: name sandbox, staging or production.`},
		{UnknownTime, func(r *Request) { r.At = time.Time{} }, `the request does not say when it was made.`},
		{KeyInvalid, func(r *Request) { r.Key = "" }, `this API key is not valid here: check that it was copied whole and is for this vault, or ask an owner for a new one.`},
		{KeyInvalid, func(r *Request) { r.Key = "flxu_0000000000" }, `this API key is not valid here: check that it was copied whole and is for this vault, or ask an owner for a new one.`},
		{KeyRevoked, func(r *Request) { r.Key = gone }, "the key " + gone + " was revoked: use its successor, or ask an owner for a new one."},
		{KeyExpired, func(r *Request) { r.At = noon.Add(1000 * day) }, "the key " + by + " has expired: ask an owner for a new one."},
		{UnknownSubject, func(r *Request) { r.Key = stranger }, `stranger@fund.com has no role in company.`},
		{GrantExpired, func(r *Request) { r.Key, r.At = late, noon.Add(time.Hour) }, `late@fund.com was admin in company until 2026-04-30T13:00:00Z.`},
		{RoleInsufficient, func(r *Request) { r.Key, r.Action = operator, Deploy }, `bob@fund.com may not deploy to production in company as operator: it takes admin.`},
		{RoleInsufficient, func(r *Request) { r.Key, r.Action, r.TargetKey = operator, RevokeKey, by }, `bob@fund.com may not revoke another's key in company as operator: it takes owner.`},
		{RoleInsufficient, func(r *Request) { r.Key, r.Action, r.Target = operator, RevokeKey, User("bob@fund.com") }, `bob@fund.com may not revoke another's key in company as operator: it takes owner.`},
		{ReasonMissing, func(r *Request) { r.Reason = " \n" }, `root@fund.com may kill runs in production of company only with a reason.`},
		{UnknownTarget, func(r *Request) { r.Action = GrantRole }, `"nobody" is not the name of a person or a service.`},
		{UnknownTarget, func(r *Request) { r.Action, r.Target, r.Role = GrantRole, User("service:x"), Viewer }, `"service:x" is not the name of a person or a service.`},
		{UnknownTarget, func(r *Request) { r.Action, r.Target = RevokeRole, User("stranger@fund.com") }, `"stranger@fund.com" has no role in company.`},
		{UnknownTarget, func(r *Request) { r.Action, r.TargetKey = RotateKey, gone }, `there is no key "` + gone + `" in company that is still in use.`},
		{UnknownTarget, func(r *Request) { r.Action, r.TargetKey = RevokeKey, gone }, `there is no key "` + gone + `" in company that is still in use.`},
		{UnknownTarget, func(r *Request) { r.Action, r.TargetKey = RevokeKey, "" }, `there is no key "" in company that is still in use.`},
		{UnknownRole, func(r *Request) { r.Action, r.Target = GrantRole, User("x") }, `none is no role to grant: name viewer, operator, admin or owner.`},
		{UnknownRole, func(r *Request) { r.Action, r.Target, r.Role = GrantRole, User("x"), 5 }, `unknown role 5 is no role to grant: name viewer, operator, admin or owner.`},
		{UnknownTier, func(r *Request) { r.Action, r.Tier = EditConfig, "L5" }, `"L5" is no tier: name L1, L2, L3 or L4.`},
	} {
		r := good
		tc.alter(&r)
		d := w.policy.Authorize(r)
		assert.False(t, d.Allowed)
		assert.Equal(t, tc.code, d.Code, tc.reason)
		assert.Equal(t, tc.reason, d.Reason())
	}
	d := w.policy.Authorize(w.request(Request{Key: by, Vault: "", Action: Action(strings.Repeat("\xff", 1<<20))}))
	assert.Less(t, len(d.Reason()), 400, "a reason is no echo")
	for name, want := range map[string]string{
		"Zoë Müller":              "Zoë Müller has no role in company.",
		"a\x1b[31m\n":             `"a\x1b[31m\n" has no role in company.`,
		"a\u202e":                 `"a\u202e" has no role in company.`,
		"a\xff":                   `"a\xff" has no role in company.`,
		strings.Repeat("a", 1000): `"` + strings.Repeat("a", 64) + `"… has no role in company.`,
	} {
		d := w.policy.Can(User(name), w.request(Request{Action: View}))
		assert.Equal(t, want, d.Reason())
	}
}

// TestOnePersonTwoVaults has an operator of one vault who is a viewer in
// another, with one key that each vault was told of.
func TestOnePersonTwoVaults(t *testing.T) {
	company, companyOwner := newWorld(t, "company", L2)
	project, projectOwner := newWorld(t, "project", L4)
	alice := User("alice@fund.com")
	key := company.mint(UserKind)
	key.Vaults = []string{"company", "project"}
	for _, w := range []struct {
		*world
		by   string
		role Role
	}{{company, companyOwner, Operator}, {project, projectOwner, Viewer}} {
		w.apply(Request{Key: w.by, Action: CreateKey, Target: alice, NewKey: key})
		w.apply(Request{Key: w.by, Action: GrantRole, Target: alice, Role: w.role})
	}
	deploy := Request{Key: key.ID, Action: Deploy, Environment: Sandbox}
	assert.True(t, company.policy.Authorize(company.request(deploy)).Allowed)
	d := project.policy.Authorize(project.request(deploy))
	assert.Equal(t, "alice@fund.com may not deploy to sandbox in project as viewer: it takes operator.", d.Reason())
	assert.Equal(t, UnknownVault, company.policy.Authorize(project.request(deploy)).Code, "the policy of one vault does not speak for another")

	next := company.mint(UserKind)
	company.apply(Request{Key: key.ID, Action: RotateKey, TargetKey: key.ID, NewKey: next})
	rotated, _ := company.policy.Key(next.ID)
	assert.Equal(t, key.Vaults, rotated.Vaults, "a key is rotated for the vaults that it was for")
}

// TestKeysStayInTheirVaults has owners of one vault who try to become somebody
// in another.
func TestKeysStayInTheirVaults(t *testing.T) {
	company, companyOwner := newWorld(t, "company", L2)
	project, _ := newWorld(t, "project", L4)
	forged := company.mint(UserKind)
	forged.Vaults = []string{"company", "project"}
	company.apply(Request{Key: companyOwner, Action: CreateKey, Target: root, NewKey: forged})
	d := project.policy.Authorize(project.request(Request{Key: forged.ID, Action: View}))
	assert.Equal(t, KeyInvalid, d.Code, "the project was not told of the key")

	elsewhere := company.mint(UserKind)
	elsewhere.Vaults = []string{"project"}
	d = company.try(Request{Key: companyOwner, Action: CreateKey, Target: root, NewKey: elsewhere})
	assert.Equal(t, KeyElsewhere, d.Code)
	assert.Equal(t, "the new key is not for company: name this vault among its vaults.", d.Reason())
}

func TestDecisionNamesWhatDecided(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	ops := w.join(by, Service("ci"), Operator)
	w.policy.SetHead(Head{Size: 9, Root: "zmfQ"})
	d := w.policy.Authorize(w.request(Request{Key: ops, Action: Deploy, Environment: Staging}))
	assert.Equal(t, Decision{
		Code: RoleInsufficient, Subject: Service("ci"), Role: Operator, Needed: Admin,
		Grant:   Grant{Index: 2, Subject: Service("ci"), Role: Operator, By: root, Under: 0},
		Head:    Head{Size: 9, Root: "zmfQ"},
		Request: d.Request,
	}, d)
	assert.Equal(t, `denied: service:ci may not deploy to staging in company as operator: it takes admin.
key     `+ops+`
role    operator, without expiry, granted by root@fund.com
grant   record 2 of the governance log, on the authority of record 0
needed  admin
as of   9 records, root zmfQ
`, d.Explain())

	w.policy.SetHead(Head{Size: 2, Root: "old"})
	assert.Equal(t, Head{Size: 9, Root: "zmfQ"}, w.policy.State().Head, "a head does not go back")
	w.next = 9
	w.apply(Request{Key: by, Action: View})
	assert.Equal(t, Head{Size: 10}, w.policy.State().Head, "the root of what was just applied is not known yet")
}

func TestEventsAreAppliedOnceAndInOrder(t *testing.T) {
	w, by := newWorld(t, "company", L2)
	r := w.request(Request{Key: by, Action: GrantRole, Target: User("x"), Role: Viewer})
	require.True(t, w.policy.Apply(r, 5).Allowed)
	before := w.policy.State()
	for _, index := range []uint64{0, 4, 5} {
		d := w.policy.Apply(r, index)
		assert.Equal(t, OutOfOrder, d.Code)
		assert.Equal(t, "it comes before what was applied already.", d.Reason())
	}
	assert.Equal(t, before, w.policy.State())
	assert.True(t, w.policy.Apply(r, 6).Allowed)
}
