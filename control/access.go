package control

import (
	"context"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// All orders have in common what is said here. The returned [Outcome] holds the
// decision in every case. The error is nil if the order is carried out, recorded
// and on disk, or asked for what is the case already. It wraps [ErrDenied] if
// the order was not allowed, [ErrInvalid] if it is malformed, and
// [ErrNotRecorded] if it was allowed and could not be recorded.

// GrantRole gives a subject a role in the vault, in place of the one it had.
// expires is when it ends; zero: never.
func (c *Control) GrantRole(ctx context.Context, to rbac.Subject, role rbac.Role, expires time.Time, reason string) (Outcome, error) {
	return Outcome{}, errUnfinished
}

// RevokeRole takes a subject's role in the vault away.
func (c *Control) RevokeRole(ctx context.Context, from rbac.Subject, reason string) (Outcome, error) {
	return Outcome{}, errUnfinished
}

// Grants returns who has which role, expired ones included, in the order of the
// log.
func (c *Control) Grants(ctx context.Context) ([]rbac.Grant, error) { return nil, errUnfinished }

// Authorize decides whether the actor may do what r says, now. Key, Vault and At
// of r are filled in. Nothing is recorded, and nothing is allocated for it
// beyond what a look at the log needs if that has grown.
func (c *Control) Authorize(ctx context.Context, r rbac.Request) rbac.Decision {
	return rbac.Decision{}
}

// View decides whether the actor may look at what the vault records. A denial is
// recorded and returned as an error that wraps [ErrDenied].
func (c *Control) View(ctx context.Context) (Outcome, error) { return Outcome{}, errUnfinished }

// Can is as rbac.Policy.Can, with Vault and, if it is zero, At filled in.
func (c *Control) Can(ctx context.Context, subject rbac.Subject, r rbac.Request) rbac.Decision {
	return rbac.Decision{}
}

// WhoCan is as rbac.Policy.WhoCan, with Vault and, if it is zero, At filled in.
func (c *Control) WhoCan(ctx context.Context, r rbac.Request) ([]rbac.Grant, rbac.Code) {
	return nil, LogCorrupt
}

// WhatCan returns all that a subject may do, now.
func (c *Control) WhatCan(ctx context.Context, subject rbac.Subject) []rbac.Permission { return nil }
