package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// keysCommand is about the keys by which people and services act.
func (c *cli) keysCommand() *cobra.Command {
	cmd := c.group("keys", "Make, list, rotate and revoke API keys", `Makes, lists, rotates and revokes the API keys by which people and services act
in a vault. A vault knows only the public half of a key; the key itself is shown
once, when it is made, and kept by whom it is for:

  FLEXOR_API_KEY_FILE  names a file that holds the key, and that only its user
                       may read
  FLEXOR_API_KEY       holds the key; for CI
  flexor/credentials   in the user's configuration directory;
                       credentials.<vault> beside it holds the key for one
                       vault, and comes first

No key is ever given on a command line.`,
		"flexor keys create --user alice@fund.com", "flexor keys list", "flexor keys rotate --overlap 24h")
	cmd.AddCommand(c.keyCreateCommand(), c.keyAddCommand(), c.keyPublicCommand(), c.keyListCommand(), c.keyRotateCommand(), c.keyRevokeCommand())
	return cmd
}

// keyCreateCommand makes a key.
func (c *cli) keyCreateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a key for somebody",
		Long: `Makes a key by which a person or a service acts in this vault, and prints it:
the only time that it is shown. It takes an owner. What the key is good for
depends on the role of whom it is for: see flexor access grant.`,
		Example: examples(
			"flexor keys create --user alice@fund.com > alice.key",
			"flexor keys create --service ci --expires 30d > ci.key",
		),
		Args: noArgs,
	}
	who := addSubject(cmd, "whom the key is for")
	scope := addKeyScope(cmd)
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		order, err := c.keyOrder(cmd, who, scope, *reason)
		if err != nil {
			return err
		}
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			key, out, err := a.CreateKey(cmd.Context(), order)
			if err != nil {
				return err
			}
			if err := c.showKey(format.value, a, out, key, rbac.CreateKey); err != nil {
				return err
			}
			c.noteRoleless(cmd, a, order.Subject)
			return nil
		})
	}
	return cmd
}

// keyScope is the flags that say how far a key goes.
type keyScope struct {
	expires string
	vaults  []string
}

func addKeyScope(cmd *cobra.Command) *keyScope {
	s := &keyScope{}
	cmd.Flags().StringVar(&s.expires, "expires", "", "`WHEN` the key ends: 30d, 2026-12-31, or a time with its zone (default after 90d)")
	cmd.Flags().StringSliceVar(&s.vaults, "for", nil, "`NAMES` of the vaults that the key is for, with commas, this one among them (default this one only)")
	return s
}

// keyOrder returns what the command line says of a key.
func (c *cli) keyOrder(cmd *cobra.Command, who *subject, scope *keyScope, reason string) (control.KeyOrder, error) {
	holder, err := who.parse(cmd)
	if err != nil {
		return control.KeyOrder{}, err
	}
	until, err := parseDeadline("--expires", scope.expires, c.now())
	return control.KeyOrder{Subject: holder, Expires: until, Vaults: scope.vaults, Reason: c.reason(reason)}, err
}

// noteRoleless says so if somebody who has got a key has no role to use it in.
func (c *cli) noteRoleless(cmd *cobra.Command, a *actor, holder rbac.Subject) {
	for _, g := range a.WhatCan(cmd.Context(), holder) {
		if g.Action == rbac.View {
			return
		}
	}
	c.note("note: %s has no role in %s yet: flexor access grant --user %s --role viewer", holder, a.Vault(), holder)
}

// showKey prints a new key, and tells about it.
func (c *cli) showKey(format string, a *actor, out control.Outcome, key rbac.APIKey, order rbac.Action) error {
	r := &out.Decision.Request
	o := a.ordered(out, order)
	o.Subject, o.Key, o.Secret, o.Expires, o.Until = &r.Target, key.ID(), key.Reveal(), r.Expires, r.Until
	if format == "json" {
		return writeJSON(c.out, o, "  ")
	}
	if _, err := c.out.WriteString(key.Reveal() + "\n"); err != nil {
		return err
	}
	c.note("the key %s of %s for the vault %s, valid%s (event %d): it is not shown again", key.ID(), r.Target, o.Vault, until(r.Expires), out.Index)
	return nil
}

// keyRotateCommand replaces a key.
func (c *cli) keyRotateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate [KEY]",
		Short: "Replace a key by a new one",
		Long: `Replaces a key, yours unless KEY names another by its id, by a new one for the
same person or service, and prints it: the only time that it is shown. Another's
takes an owner. With --overlap the old key stays valid for so long; else it ends
at once.

If it is yours and is kept in your configuration directory, the new one takes
its place there, unless --store=false.`,
		Example: examples("flexor keys rotate --overlap 24h"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misuse(cmd.CommandPath()+" "+args[0], "%s takes one key, but got %d arguments", cmd.CommandPath(), len(args))
			}
			return nil
		},
	}
	overlap := new(time.Duration)
	addLength(cmd, overlap, "overlap", "for how `LONG` the old key stays valid, such as 24h")
	expires := cmd.Flags().String("expires", "", "`WHEN` the new key ends: 30d, 2026-12-31, or a time with its zone (default after as long as the old one lived)")
	store := cmd.Flags().Bool("store", true, "put your new key in the place of the old one")
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *overlap < 0 {
			return misuse(cmd.CommandPath()+" --overlap 24h", "--overlap %s: there is no negative time", *overlap)
		}
		until, err := parseDeadline("--expires", *expires, c.now())
		if err != nil {
			return err
		}
		id := ""
		if len(args) == 1 {
			id = args[0]
		}
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			return c.rotate(cmd, a, control.Rotation{Key: id, Overlap: *overlap, Expires: until, Reason: c.reason(*reason)}, *store, format.value)
		})
	}
	return cmd
}

// rotate replaces a key, and stores the new one if it is the user's own.
func (c *cli) rotate(cmd *cobra.Command, a *actor, r control.Rotation, store bool, format string) error {
	kept := store && cmp.Or(r.Key, a.key.ID()) == a.key.ID() && inConfig(a.source)
	key, out, err := a.RotateKey(cmd.Context(), r)
	if err != nil {
		return err
	}
	if err := c.showKey(format, a, out, key, rbac.RotateKey); err != nil {
		return err
	}
	if end := out.Decision.Request.Until; !end.IsZero() && end.After(c.now().Add(time.Second)) {
		c.note("the old key %s is valid until %s UTC", out.Decision.Request.TargetKey, clock(end))
	} else {
		c.note("the old key %s is not valid any more", out.Decision.Request.TargetKey)
	}
	if !kept {
		return nil
	}
	if err := replaceKey(a.source, key); err != nil {
		return fail(exitPartly, "put the key that was printed there yourself", "the key was rotated, but could not be stored in %s: %w", a.source, err)
	}
	c.note("the new key is in %s, in the place of the old one", a.source)
	return nil
}

// inConfig reports whether a key was read from a file that this program keeps.
func inConfig(source string) bool {
	dir, err := os.UserConfigDir()
	return err == nil && filepath.Dir(source) == filepath.Join(dir, "flexor")
}

// keyRevokeCommand ends a key.
func (c *cli) keyRevokeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke KEY",
		Short: "End the validity of a key at once",
		Long: `Ends the validity of the key with the id KEY at once, everywhere in this vault.
Another's takes an owner; your own you may always revoke, unless the vault would
be left without an owner who can act.`,
		Example: examples("flexor keys revoke flxu_0aB3dE6gH9 --reason lost"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("flexor keys list shows the ids", "%s takes the id of one key, but got %d arguments", cmd.CommandPath(), len(args))
			}
			return nil
		},
	}
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			out, err := a.RevokeKey(cmd.Context(), args[0], c.reason(*reason))
			if err != nil {
				return err
			}
			o := a.ordered(out, rbac.RevokeKey)
			o.Subject, o.Key = &out.Decision.Request.Target, args[0]
			return c.report(format.value, o, "the key %s of %s is revoked in %s", args[0], o.Subject, o.Vault)
		})
	}
	return cmd
}

// storeKey keeps the user's key for a vault, and says where.
func (c *cli) storeKey(vault string, key rbac.APIKey) {
	path, err := keyFileFor(vault)
	if err == nil {
		err = keepKey(path, key)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		c.note("note: the key is not stored, because %s is there already: keep it yourself, and name its file with %s", path, keyFileVariable)
	case err != nil:
		c.note("note: the key is not stored (%s): keep it yourself, and name its file with %s", cause(err), keyFileVariable)
	default:
		c.note("  %s  the owner's key, for you to act with in this vault", path)
	}
}
