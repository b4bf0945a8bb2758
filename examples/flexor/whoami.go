package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// whoamiCommand says who the user is to the vault.
func (c *cli) whoamiCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "whoami",
		Short: "Say who you are to the vault, by which key and in which role",
		Long: `Says who you are to the vault: whose key you have, where it was found, how long
it is valid, and which role it gives you here by which grant. Nothing is
recorded.

The exit code is 4 if the vault does not know the key, or it is not valid.`,
		Example: examples("flexor whoami", "flexor whoami --format json"),
		Args:    noArgs,
	}
	format := addChoice(cmd, "format", "form of the output", "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			me, err := a.identity(cmd.Context(), c.now())
			if err != nil {
				return err
			}
			if format.value == "json" {
				return writeJSON(c.out, me, "  ")
			}
			return c.writeIdentity(me)
		})
	}
	return cmd
}

// identity is who a user is to a vault.
type identity struct {
	Subject   rbac.Subject `json:"subject"`
	Vault     string       `json:"vault"`
	Directory string       `json:"directory"`
	Role      rbac.Role    `json:"role,omitzero"` // none: the key is known, and nothing else
	Grant     *rbac.Grant  `json:"grant,omitempty"`
	Key       keyStatus    `json:"key"`
	Source    string       `json:"source"` // where the key was found
}

func (c *cli) writeIdentity(me *identity) error {
	var f facts
	f.add("you", "%s", c.colour.bold(printable(me.Subject.String())))
	f.add("vault", "%s, in %s", me.Vault, printable(me.Directory))
	if g := me.Grant; g != nil {
		f.add("role", "%s%s, granted by %s (event %d)", g.Role, until(g.Expires), printable(g.By.String()), g.Index)
	} else {
		f.add("role", "none")
	}
	f.add("key", "%s, %s until %s UTC (event %d)", me.Key.ID, me.Key.State, clock(me.Key.ends()), me.Key.Index)
	f.add("from", "%s", printable(me.Source))
	return f.write(c.out, "")
}

// identity finds out who the actor is. Somebody whom the vault does not know is an
// error.
func (a *actor) identity(ctx context.Context, at time.Time) (*identity, error) {
	if a.noKey != nil {
		return nil, a.keyless()
	}
	if a.Vault() == "" && a.Damage() == nil {
		return nil, fail(exitDenied, firstOwner(a.cfg), "the vault %s has no owner yet, so it knows nobody", a.cfg.Name)
	}
	d := a.Authorize(ctx, rbac.Request{Action: rbac.View})
	who, grant := a.Actor()
	if who == (rbac.Subject{}) {
		return nil, &control.DeniedError{Decision: d}
	}
	key, _, err := a.Key(ctx, a.key.ID())
	if err != nil {
		return nil, err
	}
	me := &identity{Subject: who, Vault: a.Vault(), Directory: a.cfg.Dir, Key: keyStatus{key, stateOf(&key, at)}, Source: a.source}
	if grant.Role != 0 {
		me.Role, me.Grant = grant.Role, &grant
	}
	if d.Code == rbac.KeyExpired || d.Code == rbac.KeyRevoked {
		return nil, &control.DeniedError{Decision: d}
	}
	return me, nil
}
