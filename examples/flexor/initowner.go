package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// appoint gives a vault its first owner, and prints the owner's key.
func (c *cli) appoint(ctx context.Context, cfg *vaultcfg.Config, owner rbac.Subject, store bool) error {
	ctl, key, err := control.Init(ctx, cfg.Dir, control.Genesis{Vault: cfg.Name, Tier: rbac.Tier(cfg.Tier), Owner: owner}, nil)
	switch {
	case errors.Is(err, rbac.ErrInitialised):
		return fail(exitFailed, "flexor access who grant --vault "+cfg.Dir+" lists the owners", "init: the vault %s has had its first owner (nothing was changed): ask an owner for a role", cfg.Name)
	case errors.Is(err, control.ErrInvalid):
		return misuse("flexor init "+cfg.Dir+" --owner alice@fund.com", "init: --owner: %w", err)
	case err != nil:
		return fail(exitFailed, "mend that, then run "+firstOwner(cfg), "init: the vault %s got no owner: %w", cfg.Name, err)
	}
	fmt.Fprintln(c.out, key.Reveal())
	c.note("%s owns the vault %s, by the key %s: it is printed this once", owner, cfg.Name, key.ID())
	if store {
		c.storeKey(cfg.Name, key)
	}
	c.note("fingerprint of the genesis, for whoever verifies who may do what: %s", ctl.Fingerprint())
	c.note("next: give others a role (flexor access grant --user WHO --role operator) and a key (flexor keys create --user WHO)")
	return ctl.Close()
}

// remember adds a vault to the registry. Without it the vault is found by its
// directory only, which is no reason to fail.
func (c *cli) remember(dir string) {
	if err := register(dir); err != nil {
		c.note("note: --vault will not find it by its name from everywhere: %s", cause(err))
	}
}
