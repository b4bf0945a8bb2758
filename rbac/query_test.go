package rbac

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestWhoCanIsCan holds the two answers against each other, for each question
// and everybody.
func TestWhoCanIsCan(t *testing.T) {
	for _, tier := range []Tier{L1, L2} {
		c := newCast(t, tier)
		c.apply(Request{Key: c.keys["owner"], Action: GrantRole, Target: User("brief"), Role: Owner, Expires: noon.Add(time.Hour)})
		c.apply(Request{Key: c.keys["owner"], Action: GrantRole, Target: Service("brief"), Role: Operator})
		everyQuestion(func(q question) {
			if q.tier != string(tier) || q.reason == "" {
				return
			}
			for _, at := range []time.Time{noon, noon.Add(time.Hour)} {
				r := c.request(q, "company")
				r.At = at
				got, code := c.policy.WhoCan(r)
				var want []Grant
				for _, s := range []Subject{User("admin"), User("another"), User("brief"), Service("brief"), User("nobody"), User("operator"), User("owner"), root, User("viewer")} {
					d := c.policy.Can(s, r)
					if d.Allowed {
						want = append(want, d.Grant)
					}
				}
				if !assert.Equal(t, want, got, "%+v", q) {
					t.FailNow()
				}
				assert.Equal(t, c.policy.Can(root, r).Code == UnknownAction, code == UnknownAction)
			}
		})
	}
}

func TestWhoCanNames(t *testing.T) {
	c := newCast(t, L2)
	grants, code := c.policy.WhoCan(c.world.request(Request{Action: Deploy, Environment: Production}))
	assert.Equal(t, Permitted, code)
	var names []string
	for _, g := range grants {
		names = append(names, g.Subject.Name)
	}
	assert.Equal(t, []string{"admin", "owner", "root@fund.com"}, names)
	_, code = c.policy.WhoCan(Request{Action: Deploy, Environment: Production, Vault: "project", At: noon})
	assert.Equal(t, UnknownVault, code)
}

func TestWhatCan(t *testing.T) {
	c := newCast(t, L2)
	own := []Permission{{Action: RevokeRole, Own: true}, {Action: RotateKey, Own: true}, {Action: RevokeKey, Own: true}}
	assert.Nil(t, c.policy.WhatCan(User("nobody"), noon))
	assert.Nil(t, c.policy.WhatCan(User("stranger"), noon))
	assert.Equal(t, append([]Permission{{Action: View}}, own...), c.policy.WhatCan(User("viewer"), noon))
	assert.Equal(t, append([]Permission{
		{Action: View},
		{Action: Deploy, Environment: Sandbox},
		{Action: Rollback, Environment: Sandbox},
		{Action: Resume, Environment: Sandbox},
		{Action: Pause, Environment: Sandbox},
		{Action: Pause, Environment: Staging, Reason: true},
		{Action: Pause, Environment: Production, Reason: true},
		{Action: Kill, Environment: Sandbox},
		{Action: Kill, Environment: Staging, Reason: true},
		{Action: Kill, Environment: Production, Reason: true},
	}, own...), c.policy.WhatCan(User("operator"), noon))
	assert.Len(t, c.policy.WhatCan(User("admin"), noon), 1+3*3+2*3+1+3)
	assert.Len(t, c.policy.WhatCan(User("owner"), noon), 1+3*3+2*3+3+2+3)

	c.apply(Request{Key: c.keys["owner"], Action: GrantRole, Target: User("brief"), Role: Viewer, Expires: noon.Add(time.Hour)})
	assert.Len(t, c.policy.WhatCan(User("brief"), noon), 4)
	assert.Nil(t, c.policy.WhatCan(User("brief"), noon.Add(time.Hour)))
}
