package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// initCommand makes a directory a vault.
func (c *cli) initCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a directory a vault",
		Long: `Makes DIR, or the working directory, a vault: writes its vault.json with the
audit settings spelled out, and creates the audit log and the key that signs it.
Prints the path of vault.json. A directory that is a vault already is left as it is.`,
		Example: examples(
			"flexor init",
			"flexor init vaults/company --name company --tier L2 --environment production",
		),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misuse("flexor init "+args[0], "init takes one directory, but got %s", strings.Join(args, ", "))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "`NAME` of the vault: letters, digits and hyphens (default that of the directory)")
	tier := addChoice(cmd, "tier", "layer of the vault: L1 platform, L2 company, L3 personal, L4 project",
		string(vaultcfg.L2), string(vaultcfg.L1), string(vaultcfg.L3), string(vaultcfg.L4))
	env := addChoice(cmd, "environment", "where its agents run",
		string(vaultcfg.Sandbox), string(vaultcfg.Staging), string(vaultcfg.Production))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir := c.vault
		if len(args) == 1 {
			if dir != "" {
				return misuse("flexor init "+args[0], "the directory was given twice, as %s and with --vault %s", args[0], dir)
			}
			dir = args[0]
		}
		return c.init(cmd.Context(), dir, name, vaultcfg.Tier(tier.value), vaultcfg.Environment(env.value))
	}
	return cmd
}

// init creates the vault.
func (c *cli) init(ctx context.Context, dir, name string, tier vaultcfg.Tier, env vaultcfg.Environment) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if name == "" {
		if name = nameFrom(dir); name == "" {
			return misuse("flexor init --name NAME", "init: no name can be made from the directory %s", dir)
		}
	}
	path, err := vaultcfg.Init(dir, name, tier, env)
	switch {
	case errors.Is(err, vaultcfg.ErrExists):
		return fail(exitFailed, fmt.Sprintf("see it with flexor status --vault %s, or choose another directory", dir), "init: %w", err)
	case errors.Is(err, vaultcfg.ErrInvalid):
		return misuse("give a --name of letters, digits and hyphens", "init: %w", err)
	case errors.Is(err, syscall.EROFS):
		return fail(exitFailed, "choose a directory on a disk that can be written", "init: %w", err)
	case err != nil:
		return fmt.Errorf("init: %w", err)
	}
	fmt.Fprintln(c.out, path)
	v, err := flexor.Open(ctx, path, &flexor.Options{Getenv: c.getenv})
	if err != nil {
		return fail(exitPartly, "mend that, then run an agent or open the vault again; vault.json needs no change",
			"init: %s was written, but its log was not created: %w", path, err)
	}
	c.note("created the vault %s (%s, %s)", v.Config.Name, tier, env)
	c.note("  %s  the settings", path)
	if above := v.Config.Layers[1:]; len(above) > 0 {
		c.note("  %s  the layer above, %s: its audit settings hold here as well", above[0].Path, above[0].Name)
	}
	if v.Log == nil {
		c.note("audit.enabled is false there: runs are not recorded")
		return v.Close()
	}
	c.note("  %s  the audit log", v.Log.Dir())
	c.note("  %s  the key that signs the log: keep it secret, and back it up; without it nothing more can be recorded", vault.KeyFile(v.Log.Dir()))
	c.note("public key, for whoever verifies the log: %s", v.Log.PublicKey())
	c.note("next: open the vault in your program with flexor.Open(ctx, %q, nil), then see its runs with flexor audit", filepath.Dir(path))
	return v.Close()
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
