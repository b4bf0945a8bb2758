package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// endsSoon is how long before the last key of the owners ends somebody should know.
const endsSoon = 14 * 24 * time.Hour

// governance checks whether somebody governs the vault, and will be able to.
func (p *patient) governance(ctx context.Context) []finding {
	if p.cfg == nil {
		return notKnown()
	}
	ctl, err := control.Open(ctx, p.cfg.Dir, nil)
	if err != nil {
		return bad(judge(err).fix, "%s", cause(err))
	}
	defer ctl.Close() // nothing was ordered, so nothing is to be lost
	switch damage := ctl.Damage(); {
	case damage != nil:
		p.damage = damage
		return bad("flexor verify --access shows what is still right; put the governance log back from a backup", "%s", cause(damage))
	case ctl.Vault() == "" && p.cfg.Environment == vaultcfg.Production:
		return warn(firstOwner(p.cfg), "the vault has no owner: every run may start, and nobody can stop one")
	case ctl.Vault() == "":
		return fine("the vault has no owner, and so no roles")
	case ctl.Vault() != p.cfg.Name:
		return bad("put the governance log of this vault back, or give the vault its name again", "the governance log is that of the vault %s", ctl.Vault())
	}
	return append(p.flagged(ctl), p.owners(ctx, ctl)...)
}

// flagged tells of events that have no effect.
func (p *patient) flagged(ctl *control.Control) []finding {
	flags := ctl.Flags()
	if len(flags) == 0 {
		return nil
	}
	return warn("flexor verify --access lists them", "%s without effect: somebody who had no right to it wrote to the governance log, or a newer version of flexor",
		verb(len(flags), "event is", "events are"))
}

// owners checks whether an owner can act, and for how long.
func (p *patient) owners(ctx context.Context, ctl *control.Control) []finding {
	grants, err := ctl.Grants(ctx)
	keys, kerr := ctl.Keys(ctx)
	if err = errors.Join(err, kerr); err != nil {
		return bad("", "%s", cause(err))
	}
	owners := map[rbac.Subject]bool{}
	for _, g := range grants {
		if g.Role == rbac.Owner && (g.Expires.IsZero() || g.Expires.After(p.now())) {
			owners[g.Subject] = true
		}
	}
	var last time.Time
	for _, k := range keys {
		if end := (&keyStatus{Key: k}).ends(); owners[k.Subject] && end.After(last) {
			last = end
		}
	}
	head := fmt.Sprintf("%s, %s with a role, %s", count(int(ctl.Head().Size), "event"), count(len(grants), "member"), count(len(owners), "owner"))
	if left := last.Sub(p.now()); left < endsSoon {
		return warn("flexor keys rotate", "%s; no key of an owner is valid after %s UTC", head, clock(last))
	}
	return fine("%s", head)
}
