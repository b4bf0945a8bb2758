package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// initCommand makes a directory a vault.
func (c *cli) initCommand() *cobra.Command {
	o := &initOrder{}
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a directory a vault, and give it its first owner",
		Long: `Makes DIR, or the working directory, a vault: writes its vault.json with the
audit settings spelled out, and creates the audit log and the key that signs it.
Prints the path of vault.json. A directory that is a vault already is left as it
is.

With --owner the vault gets its first owner, a directory that is a vault already
as well: from then on it takes a role to deploy, pause, kill or read, and only
owners give roles. The owner's key is printed, in a second line. It is shown
this once, and also stored for you to act with in this vault, in
flexor/credentials.<name> in your configuration directory, unless --store=false.

The directory is remembered, so that --vault finds it by the vault's name.`,
		Example: examples(
			"flexor init",
			"flexor init vaults/company --name company --tier L2 --environment production",
			"flexor init vaults/company --owner you@fund.com",
		),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misuse("flexor init "+args[0], "init takes one directory, but got %s", strings.Join(args, ", "))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.name, "name", "", "`NAME` of the vault: letters, digits and hyphens (default that of the directory)")
	tier := addChoice(cmd, "tier", "layer of the vault: L1 platform, L2 company, L3 personal, L4 project",
		string(vaultcfg.L2), string(vaultcfg.L1), string(vaultcfg.L3), string(vaultcfg.L4))
	env := addChoice(cmd, "environment", "where its agents run",
		string(vaultcfg.Sandbox), string(vaultcfg.Staging), string(vaultcfg.Production))
	owner := cmd.Flags().String("owner", "", "the first owner `WHO`, such as you@fund.com or service:ci (default none yet)")
	cmd.Flags().BoolVar(&o.store, "store", true, "store the owner's key for you to act with")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.dir, o.tier, o.env = c.vault, vaultcfg.Tier(tier.value), vaultcfg.Environment(env.value)
		if len(args) == 1 {
			if o.dir != "" {
				return misuse("flexor init "+args[0], "the directory was given twice, as %s and with --vault %s", args[0], o.dir)
			}
			o.dir = args[0]
		}
		if cmd.Flags().Changed("owner") {
			var err error
			if o.owner, err = rbac.ParseSubject(*owner); err != nil {
				return misuse("flexor init --owner you@fund.com", "--owner: %w", err)
			}
		}
		for _, flag := range []string{"name", "tier", "environment"} {
			o.settings = o.settings || cmd.Flags().Changed(flag)
		}
		return c.init(cmd.Context(), o)
	}
	return cmd
}

// initOrder is the command line of flexor init.
type initOrder struct {
	dir, name string
	tier      vaultcfg.Tier
	env       vaultcfg.Environment
	settings  bool         // name, tier or environment were given
	owner     rbac.Subject // zero: none
	store     bool         // the owner's key
}

// init creates the vault, and gives it its first owner.
func (c *cli) init(ctx context.Context, o *initOrder) error {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	if o.owner == (rbac.Subject{}) || !isVault(dir) {
		return c.initNew(ctx, dir, o)
	}
	if o.settings {
		return misuse("flexor init "+dir+" --owner "+o.owner.String(), "init: %s is a vault already: --name, --tier and --environment are for new ones", dir)
	}
	c.vault = dir
	cfg, _, err := c.config()
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, cfg.Path)
	c.remember(cfg.Dir)
	return c.appoint(ctx, cfg, o.owner, o.store)
}

// initNew creates the vault.
func (c *cli) initNew(ctx context.Context, dir string, o *initOrder) error {
	name := o.name
	if name == "" {
		if name = nameFrom(dir); name == "" {
			return misuse("flexor init --name NAME", "init: no name can be made from the directory %s", dir)
		}
	}
	path, err := vaultcfg.Init(dir, name, o.tier, o.env)
	switch {
	case errors.Is(err, vaultcfg.ErrExists):
		return fail(exitFailed, fmt.Sprintf("see it with flexor status --vault %s, or choose another directory", dir), "init: %w", err)
	case errors.Is(err, vaultcfg.ErrInvalid):
		return misuse("give a --name of letters, digits and hyphens", "init: %w", err)
	case errors.Is(err, syscall.EROFS):
		return fail(exitFailed, "choose a directory on a disk that can be written", "init: %w", err)
	case errors.Is(err, fs.ErrPermission):
		return fail(exitDenied, "choose a directory that this user may write", "init: %w", err)
	case err != nil:
		return fail(exitFailed, "choose another directory", "init: %w", err)
	}
	fmt.Fprintln(c.out, path)
	if err := control.Forget(dir, snapshots()); err != nil { // a vault that was here before
		return err
	}
	v, err := c.openToRecord(ctx, path)
	if err != nil {
		return fail(exitPartly, "mend that, then run an agent or open the vault again; vault.json needs no change",
			"init: %s was written, but its log was not created: %w", path, err)
	}
	c.note("created the vault %s (%s, %s)", v.Config.Name, o.tier, o.env)
	c.note("  %s  the settings", path)
	if above := v.Config.Layers[1:]; len(above) > 0 {
		c.note("  %s  the layer above, %s: its audit settings hold here as well", above[0].Path, above[0].Name)
	}
	c.remember(v.Config.Dir)
	if v.Log == nil {
		c.note("audit.enabled is false there: runs are not recorded")
	} else {
		c.note("  %s  the audit log", v.Log.Dir())
		c.note("  %s  the key that signs the log: keep it secret, and back it up; without it nothing more can be recorded", vault.KeyFile(v.Log.Dir()))
		c.note("public key, for whoever verifies the log: %s", v.Log.PublicKey())
		c.note("next: open the vault in your program with flexor.Open(ctx, %q, nil), then see its runs with flexor audit", filepath.Dir(path))
	}
	if err := v.Close(); err != nil || o.owner == (rbac.Subject{}) {
		return err
	}
	if err := c.appoint(ctx, v.Config, o.owner, o.store); err != nil {
		f := judge(err)
		return fail(exitPartly, f.fix, "%s was written, but: %w", path, f.err)
	}
	return nil
}

// nameFrom makes a vault's name from its directory's: what is not allowed in one
// becomes a hyphen.
func nameFrom(dir string) string {
	const most = 64
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			return r
		}
		return '-'
	}, filepath.Base(dir))
	if len(name) > most {
		name = name[:most]
	}
	return strings.Trim(name, "-")
}
