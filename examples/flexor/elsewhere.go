package main

import (
	"github.com/flexorhq/flexor-go/rbac"
)

// elsewhere says that an order is about another environment than that in which the
// runs of this vault are.
func (c *cli) elsewhere(a *actor, env rbac.Environment) {
	if own := rbac.Environment(a.cfg.Environment); own != "" && env != own {
		c.note("note: runs of the vault %s are in %s, as its vault.json says, and this is about %s", a.cfg.Name, own, env)
	}
}
