package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// restoreCommand rebuilds logs from a copy.
func (c *cli) restoreCommand() *cobra.Command {
	o := &restoreOrder{}
	cmd := &cobra.Command{
		Use:   "restore --from URL DIR",
		Short: "Rebuild the logs of a vault from a second copy",
		Long: `Rebuilds the logs of a vault in DIR, byte for byte, from the place that they
were sent to (audit.secondary_destination), and verifies them. Logs that are in
DIR already are never touched: then nothing is done.

If there is a vault.json in DIR, the logs of the vault of that name are put
where it wants them. vault.json itself and the private keys are not among what
is sent: put them back from where they are kept. Without the keys the logs can
be read and verified, and not added to.

A copy that is not right is exit code 5, and no log is left that is not
verified.`,
		Example: examples(
			"flexor restore --from file://$PWD/archive restored",
		),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("flexor restore --from URL DIR", "restore takes one directory, but got %d", len(args))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.from, "from", "", "`URL` of the place with the copy")
	cmd.Flags().StringVar(&o.name, "name", "", "`NAME` of the vault, if the place holds several (default that in DIR/vault.json)")
	o.format = addChoice(cmd, "format", "form of the output", "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.dir = args[0]
		return c.restore(cmd.Context(), o)
	}
	return cmd
}

// restoreOrder is the command line of flexor restore.
type restoreOrder struct {
	from, name, dir string
	format          *choice
}

// restored is a log that was rebuilt.
type restored struct {
	Log       string `json:"log"`
	Directory string `json:"directory"`
	Records   uint64 `json:"records"`
	Segments  int    `json:"segments"`
	Bytes     int64  `json:"bytes"`
	Objects   int    `json:"objects"`
	Missing   uint64 `json:"missing"` // records that had not arrived
}

// restore rebuilds the logs.
func (c *cli) restore(ctx context.Context, o *restoreOrder) error {
	if !isURL(o.from) {
		return misuse("flexor restore --from file:///mnt/archive/ "+o.dir, "--from: the URL of a place is needed")
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	var cfg *vaultcfg.Config
	if isVault(dir) {
		c.vault = dir
		if cfg, _, err = c.config(); err != nil {
			return err
		}
	}
	store, err := openStore(ctx, cfg, "--from", o.from)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // nothing was written there
	name, logs, err := o.find(ctx, store, cfg)
	if err != nil {
		return err
	}
	to := make([]archive.Place, len(logs))
	for i, log := range logs {
		to[i].Name = name + "/" + log
		if to[i].Dir, err = logDirIn(dir, log, cfg); err != nil {
			return err
		}
	}
	rebuilt, err := archive.RestoreAll(ctx, store, to)
	if err != nil {
		return o.failure(err)
	}
	out := make([]restored, len(rebuilt))
	for i, r := range rebuilt {
		out[i] = restored{r.Origin, to[i].Dir, r.Records, r.Segments, r.Bytes, r.Chunks, r.Missing}
	}
	if err := c.writeRestored(o, out); err != nil {
		return err
	}
	if cfg == nil {
		c.note(`note: vault.json and the private keys are not among what is sent: put them back into %s; to read the logs, {"name": %q, "tier": "L2", "environment": "sandbox"} with the right tier and environment will do`, dir, name)
	}
	return nil
}

// find returns the name of the vault and the logs of it that there are.
func (o *restoreOrder) find(ctx context.Context, store archive.Store, cfg *vaultcfg.Config) (name string, logs []string, err error) {
	name = o.name
	switch {
	case cfg != nil && name == "":
		name = cfg.Name
	case cfg != nil && name != cfg.Name:
		return "", nil, misuse("flexor restore --from "+o.from+" --name "+name+" OTHER", "--name: the vault in %s is %s, not %s", cfg.Dir, cfg.Name, name)
	}
	vaults, err := archive.Vaults(ctx, store)
	if err != nil {
		return "", nil, o.failure(err)
	}
	if name == "" && len(vaults) == 1 {
		name = vaults[0]
	}
	if name == "" && len(vaults) > 1 {
		return "", nil, misuse("flexor restore --from "+o.from+" --name "+vaults[0]+" "+o.dir, "the place holds %s: %s", count(len(vaults), "vault"), strings.Join(vaults, ", "))
	}
	if name != "" {
		if logs, err = archive.Logs(ctx, store, name); err != nil {
			return "", nil, o.failure(err)
		}
	}
	if len(logs) == 0 {
		return "", nil, fail(exitNotFound, "name the place as audit.secondary_destination of vault.json does", "restore: %s holds no log of the vault %q", o.from, name)
	}
	return name, logs, nil
}

// logDirIn returns where a log of the vault in dir is.
func logDirIn(dir, log string, cfg *vaultcfg.Config) (string, error) {
	if cfg == nil {
		return filepath.Join(dir, log), nil
	}
	dirs, err := flexor.LogDirs(cfg)
	if err != nil {
		return "", err
	}
	for _, d := range dirs {
		if filepath.Base(d) == log {
			return d, nil
		}
	}
	return filepath.Join(dir, log), nil // of an earlier destination
}

// failure says what an error of the copy means.
func (o *restoreOrder) failure(err error) error {
	switch {
	case errors.Is(err, archive.ErrNotEmpty):
		return fail(exitFailed, "name a directory without logs, or move those away: flexor never writes over a log", "restore: %s", cause(err))
	case errors.Is(err, archive.ErrDamaged):
		return fail(exitIntegrity, "keep the copy as evidence, and restore from another one", "restore: %s", cause(err))
	case errors.Is(err, archive.ErrNotExist):
		return fail(exitNotFound, "see with flexor status which logs were sent where", "restore: %s", cause(err))
	}
	return fmt.Errorf("restore: %w", err)
}

// writeRestored says what was rebuilt.
func (c *cli) writeRestored(o *restoreOrder, out []restored) error {
	if o.format.value == "json" {
		return writeJSON(c.out, out, "  ")
	}
	var f facts
	for _, r := range out {
		f.add("restored", "%s, in %s", printable(r.Log), printable(r.Directory))
		f.add("", "%s, %d bytes, in %s, from %s; every byte verified", count(int(r.Records), "record"), r.Bytes, count(r.Segments, "segment"), count(r.Objects, "object"))
		if r.Missing > 0 {
			f.add("missing", "%s that the log had when it was last sent, and that had not arrived", count(int(r.Missing), "record"))
		}
	}
	return f.write(c.out, "")
}
