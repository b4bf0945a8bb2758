package control

import (
	"context"
	"errors"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// GrantRole gives a subject a role in the vault, in place of the one it had.
// expires is when it ends; zero: never.
func (c *Control) GrantRole(ctx context.Context, to rbac.Subject, role rbac.Role, expires time.Time, reason string) (Outcome, error) {
	out, _, err := c.give(ctx, &grantOrder{Subject: to, Role: role, Expires: inLog(expires)}, reason)
	return out, err
}

// RevokeRole takes a subject's role in the vault away.
func (c *Control) RevokeRole(ctx context.Context, from rbac.Subject, reason string) (Outcome, error) {
	out, _, err := c.give(ctx, &revokeOrder{Subject: from}, reason)
	return out, err
}

// View decides whether the actor may look at what the vault records. Only a denial
// is recorded.
func (c *Control) View(ctx context.Context) (Outcome, error) {
	out, _, err := c.give(ctx, &viewOrder{}, "")
	return out, err
}

// Grants returns who has which role, expired ones included, in the order of the
// log.
func (c *Control) Grants(ctx context.Context) (grants []rbac.Grant, err error) {
	err = c.read(ctx, func(s *state) { grants = s.policy.State().Grants })
	return grants, err
}

// Authorize decides whether the actor may do what r says, now. Key, Vault and At
// of r are filled in. Nothing is recorded. It allocates only when the log has grown,
// and for a close look at its files: ten times a second, on Linux only while something
// in the log's directory changes.
func (c *Control) Authorize(ctx context.Context, r rbac.Request) (d rbac.Decision) {
	unread := c.rlockFresh(ctx)
	defer c.mu.RUnlock()
	r.At = c.cfg.Now()
	if c.state == nil {
		d = new(rbac.Policy).Authorize(r)
	} else {
		r.Key, r.Vault = c.keyID(c.state), c.state.vault
		d = c.decide(c.state, r)
	}
	doubt(&d, unread)
	return d
}

// doubt denies what rests on a log that could not be read.
func doubt(d *rbac.Decision, unread error) {
	switch {
	case unread == nil || stops(d.Request.Action):
	case errors.Is(unread, ErrCorrupt):
		refuse(d, LogCorrupt)
	default:
		refuse(d, LogUnread)
	}
}

// Can is as rbac.Policy.Can, with Vault and, if it is zero, At filled in.
func (c *Control) Can(ctx context.Context, subject rbac.Subject, r rbac.Request) rbac.Decision {
	unread := c.refresh(ctx)
	policy := c.policyFor(&r)
	d := policy.Can(subject, r)
	doubt(&d, unread)
	return d
}

// WhoCan is as rbac.Policy.WhoCan, with Vault and, if it is zero, At filled in.
func (c *Control) WhoCan(ctx context.Context, r rbac.Request) ([]rbac.Grant, rbac.Code) {
	unread := c.refresh(ctx)
	policy := c.policyFor(&r)
	d := rbac.Decision{Allowed: true, Code: rbac.Permitted, Request: r}
	if doubt(&d, unread); !d.Allowed {
		return nil, d.Code
	}
	return policy.WhoCan(r)
}

// WhatCan returns all that a subject may do, now. It is nil for nothing, and
// while the log is damaged or cannot be read.
func (c *Control) WhatCan(ctx context.Context, subject rbac.Subject) (can []rbac.Permission) {
	_ = c.read(ctx, func(s *state) { can = s.policy.WhatCan(subject, c.cfg.Now()) })
	return can
}

// policyFor returns the policy, and completes a request to it.
func (c *Control) policyFor(r *rbac.Request) *rbac.Policy {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if r.At.IsZero() {
		r.At = c.cfg.Now()
	}
	if c.state == nil {
		return new(rbac.Policy)
	}
	r.Vault = c.state.vault
	return c.state.policy
}

type grantOrder struct {
	plain
	Subject rbac.Subject `json:"subject"`
	Role    rbac.Role    `json:"role"`
	Expires time.Time    `json:"expires,omitzero"`
}

func (o *grantOrder) kind() string { return kindGrant }
func (o *grantOrder) check() error {
	return errors.Join(checkSubject(o.Subject), checkRole(o.Role), checkEnd(o.Expires))
}
func (o *grantOrder) ask(r *rbac.Request) {
	r.Action, r.Target, r.Role, r.Expires = rbac.GrantRole, o.Subject, o.Role, o.Expires
}

func (o *grantOrder) stands(_ *state, d *rbac.Decision) (uint64, bool) {
	g := d.Replaced
	return g.Index, g.Role == o.Role && g.Expires.Equal(o.Expires)
}

type revokeOrder struct {
	plain
	Subject rbac.Subject `json:"subject"`
}

func (o *revokeOrder) kind() string        { return kindRevoke }
func (o *revokeOrder) check() error        { return checkSubject(o.Subject) }
func (o *revokeOrder) ask(r *rbac.Request) { r.Action, r.Target = rbac.RevokeRole, o.Subject }

type viewOrder struct{ plain }

func (o *viewOrder) kind() string        { return kindView }
func (o *viewOrder) ask(r *rbac.Request) { r.Action = rbac.View }
