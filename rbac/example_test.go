package rbac_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// now is when the examples happen.
var now = time.Date(2026, 4, 30, 14, 0, 0, 0, time.UTC)

// company returns the policy of a vault, and the keys of its owner and of an
// operator.
func company() (p *rbac.Policy, owner, operator rbac.APIKey) {
	random := rand.NewChaCha8([32]byte{}) // so that the examples print the same each time; else crypto/rand.Reader
	owner, _ = rbac.Mint(rbac.UserKind, random)
	operator, _ = rbac.Mint(rbac.UserKind, random)
	alice := rbac.User("alice@fund.com")

	p = new(rbac.Policy)
	err := p.Init(rbac.Genesis{
		Vault: "company", Tier: rbac.L2, At: now,
		Owner: rbac.User("owner@fund.com"), Key: rbac.NewKey{ID: owner.ID(), Public: owner.Public()},
	}, 0)
	if err != nil {
		panic(err)
	}
	for i, r := range []rbac.Request{
		{Action: rbac.GrantRole, Target: alice, Role: rbac.Operator},
		{Action: rbac.CreateKey, Target: alice, NewKey: rbac.NewKey{ID: operator.ID(), Public: operator.Public()}},
	} {
		r.Key, r.Vault, r.At = owner.ID(), "company", now
		if d := p.Apply(r, uint64(i+1)); !d.Allowed {
			panic(d.Reason())
		}
	}
	return p, owner, operator
}

func ExamplePolicy_Authorize() {
	policy, _, key := company()
	for _, environment := range []rbac.Environment{rbac.Sandbox, rbac.Production} {
		d := policy.Authorize(rbac.Request{
			Key: key.ID(), Action: rbac.Deploy, Vault: "company", Environment: environment, At: now,
		})
		fmt.Println(d.Allowed, d.Code)
		fmt.Println(d.Reason())
	}
	// Output:
	// true permitted
	// alice@fund.com may deploy to sandbox in company as operator.
	// false role_insufficient
	// alice@fund.com may not deploy to production in company as operator: it takes admin.
}

// A change is decided on before it is made, and says what it replaced.
func ExamplePolicy_Apply() {
	policy, owner, _ := company()
	d := policy.Apply(rbac.Request{
		Key: owner.ID(), Action: rbac.GrantRole, Vault: "company", At: now,
		Target: rbac.User("alice@fund.com"), Role: rbac.Admin,
	}, 3)
	fmt.Println(d.Allowed, "and replaces", d.Replaced.Role)

	d = policy.Apply(rbac.Request{
		Key: owner.ID(), Action: rbac.RevokeRole, Vault: "company", At: now,
		Target: rbac.User("owner@fund.com"),
	}, 4)
	fmt.Println(d.Allowed, d.Code)
	// Output:
	// true and replaces operator
	// false last_owner
}

func ExamplePolicy_WhoCan() {
	policy, _, _ := company()
	grants, _ := policy.WhoCan(rbac.Request{
		Action: rbac.Kill, Vault: "company", Environment: rbac.Production, At: now,
	})
	for _, g := range grants {
		fmt.Printf("%s, %s, granted by %s\n", g.Subject, g.Role, g.By)
	}
	// Output:
	// alice@fund.com, operator, granted by owner@fund.com
	// owner@fund.com, owner, granted by owner@fund.com
}

func ExamplePolicy_WhatCan() {
	policy, _, _ := company()
	for _, p := range policy.WhatCan(rbac.User("alice@fund.com"), now) {
		if p.Environment != rbac.Sandbox {
			fmt.Printf("%+v\n", p)
		}
	}
	// Output:
	// {Action:view Environment: Reason:false Own:false}
	// {Action:pause Environment:staging Reason:true Own:false}
	// {Action:pause Environment:production Reason:true Own:false}
	// {Action:kill Environment:staging Reason:true Own:false}
	// {Action:kill Environment:production Reason:true Own:false}
	// {Action:revoke Environment: Reason:false Own:true}
	// {Action:key_rotate Environment: Reason:false Own:true}
	// {Action:key_revoke Environment: Reason:false Own:true}
}

func ExampleDecision_Explain() {
	policy, _, key := company()
	d := policy.Authorize(rbac.Request{
		Key: key.ID(), Action: rbac.Kill, Vault: "company", Environment: rbac.Production, At: now,
	})
	fmt.Print(d.Explain())
	// Output:
	// denied: alice@fund.com may kill runs in production of company only with a reason.
	// key     flxu_KGSrzljkMy
	// role    operator, without expiry, granted by owner@fund.com
	// grant   record 1 of the governance log, on the authority of record 0
	// needed  operator
	// as of   3 records
}

// A key is shown as its id, but where it is asked to reveal itself.
func ExampleAPIKey() {
	_, _, key := company()
	fmt.Println(key)
	fmt.Printf("%+v\n", struct{ Key rbac.APIKey }{key})

	again, err := rbac.ParseKey(key.Reveal())
	fmt.Println(err, again.ID() == key.ID(), len(key.Reveal()))
	_, err = rbac.ParseKey("flxu_0123456789")
	fmt.Println(err == rbac.ErrKey)
	// Output:
	// flxu_KGSrzljkMy…
	// {Key:flxu_KGSrzljkMy…}
	// <nil> true 64
	// true
}
