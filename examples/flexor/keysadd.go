package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// keyAddCommand makes a key known to the vault that somebody has already.
func (c *cli) keyAddCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Let somebody use a key that they have already",
		Long: `Makes known to this vault a key that a person or a service has already, by its
public half, which flexor keys public prints for them: nobody else ever sees the
key. It takes an owner, as flexor keys create does.

So one key serves in several vaults: each lets it in by its own owners, and in
each its holder has the role that they have there.`,
		Example: examples(
			"flexor keys public --new alice.key > alice.pub",
			`flexor keys add --user alice@fund.com --public-key "$(cat alice.pub)"`,
		),
		Args: noArgs,
	}
	who := addSubject(cmd, "whom the key is of")
	public := cmd.Flags().String("public-key", "", "the public half of the key, as `TEXT` that flexor keys public prints")
	scope := addKeyScope(cmd)
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := needed(cmd, "public-key"); err != nil {
			return err
		}
		key, err := rbac.ParsePublic(*public)
		if err != nil {
			return misuse("flexor keys public prints it", "--public-key: %w", forPeople{err})
		}
		order, err := c.keyOrder(cmd, who, scope, *reason)
		if err != nil {
			return err
		}
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			out, err := a.AddKey(cmd.Context(), key, order)
			if err != nil {
				return err
			}
			r := &out.Decision.Request
			o := a.ordered(out, rbac.CreateKey)
			o.Subject, o.Key, o.Expires = &r.Target, key.ID, r.Expires
			if err := c.report(format.value, o, "the key %s is %s's in %s%s", key.ID, r.Target, o.Vault, until(r.Expires)); err != nil {
				return err
			}
			c.noteRoleless(cmd, a, r.Target)
			return nil
		})
	}
	return cmd
}

// keyPublicCommand prints the public half of a key.
func (c *cli) keyPublicCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "public",
		Short: "Print the public half of your key",
		Long: `Prints the public half of your key, for an owner to let it into their vault with
flexor keys add. It is no secret. With --new, a new key is made, put into FILE,
which only you may read, and used for nothing else: no vault knows it yet.`,
		Example: examples(
			"flexor keys public",
			"flexor keys public --new alice.key > alice.pub",
			"flexor keys public --new ci.key --kind service > ci.pub",
		),
		Args: noArgs,
	}
	file := cmd.Flags().String("new", "", "make a new key in `FILE`, which must not be there yet")
	kind := addChoice(cmd, "kind", "whose the new key is", "user", "service")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("kind") && *file == "" {
			return misuse("flexor keys public --new FILE --kind "+kind.value, "--kind is of a new key")
		}
		key, err := c.ownOrNewKey(*file, kind.value)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.out, key.PublicText())
		return err
	}
	return cmd
}

// ownOrNewKey returns the user's key, or a new one that it puts into a file.
func (c *cli) ownOrNewKey(file, kind string) (rbac.APIKey, error) {
	if file == "" {
		name := ""
		if cfg, _, err := c.config(); err == nil {
			name = cfg.Name
		}
		key, _, err := c.loadKey(name)
		if err != nil {
			return key, fail(exitDenied, "name a file that holds your key, and that only you may read, in "+keyFileVariable, "%w", forPeople{err})
		}
		return key, nil
	}
	of := rbac.UserKind
	if kind == "service" {
		of = rbac.ServiceKind
	}
	key, err := rbac.Mint(of, rand.Reader)
	if err != nil {
		return key, err
	}
	err = keepKey(file, key)
	if errors.Is(err, fs.ErrExist) {
		return key, fail(exitFailed, "name another file", "%s is there already, and may be the only copy of a key", file)
	}
	return key, err
}
