package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// place is the vault that a command reads.
type place struct {
	cfg *vaultcfg.Config
	dir string        // of the log
	log *vault.Reader // nil: there is no log yet
	// missing are the variables that vault.json refers to and that are not set
	// here. Agents need them; reading does not.
	missing []string
}

// vaultPath returns the directory or the vault.json that the user means.
func (c *cli) vaultPath() (path string, err error) {
	if c.vault == "" {
		c.vault, _ = c.getenv("FLEXOR_VAULT")
	}
	if c.vault != "" {
		c.vault, err = c.vaultCalled(c.vault)
		return c.vault, err
	}
	return vaultcfg.Find("")
}

// config loads the vault.json that the user means.
func (c *cli) config() (cfg *vaultcfg.Config, missing []string, err error) {
	path, err := c.vaultPath()
	if err != nil {
		return nil, nil, err
	}
	cfg, err = vaultcfg.Load(path, &vaultcfg.Options{Getenv: c.getenv})
	if err != nil && c.stops {
		if cfg := c.stopConfig(path, err); cfg != nil {
			return cfg, nil, nil
		}
	}
	if err == nil || !errors.Is(err, vaultcfg.ErrInvalid) {
		return cfg, nil, err
	}
	// An auditor who reads a copy of the vault has none of the secrets its agents
	// use, and needs none. Where the log is, however, must be known.
	cfg, lenient := vaultcfg.Load(path, &vaultcfg.Options{Getenv: func(name string) (string, bool) {
		value, ok := c.getenv(name)
		if !ok {
			if !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
			return unset + name, true
		}
		return value, true
	}})
	if lenient != nil || cfg.Audit.Destination.Scheme+"://" == unset {
		return nil, nil, err
	}
	return cfg, missing, nil
}

// unset stands in front of the name of a variable that is not set. It is a scheme,
// so that it passes for a location.
const unset = "flexor-unset://"

// open opens the vault that the user means for reading.
func (c *cli) open() (*place, error) {
	cfg, missing, err := c.config()
	if err != nil {
		return nil, err
	}
	p := &place{cfg: cfg, missing: missing}
	if p.dir, err = flexor.LogDir(cfg); err != nil {
		return nil, err
	}
	p.log, err = vault.OpenReader(p.dir)
	if errors.Is(err, vault.ErrNotFound) {
		return p, p.neverWritten()
	}
	return p, err
}

// openToRead is open for who may look at what the vault records.
func (c *cli) openToRead(ctx context.Context) (*place, error) {
	cfg, _, err := c.config()
	if err != nil {
		return nil, err
	}
	if err := c.mayRead(ctx, cfg); err != nil {
		return nil, err
	}
	return c.open()
}

// neverWritten returns nil if there is no log because nothing was recorded yet. A
// log comes with its key; where only the key is left, the log was taken away, and to
// answer that nothing happened would be wrong.
func (p *place) neverWritten() error {
	if _, err := os.Lstat(vault.KeyFile(p.dir)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fail(exitIntegrity, "put "+p.dir+" back from a backup, or name the vault that holds it with --vault",
		"the log is missing: %s is gone, but its key %s is there", p.dir, vault.KeyFile(p.dir))
}

// nothingYet tells why there is no log.
func (c *cli) nothingYet(p *place) {
	if !p.cfg.Audit.Enabled {
		return // said already
	}
	c.note("note: nothing has been recorded in the vault %s (%s) yet", p.cfg.Name, p.cfg.Dir)
}

// warnDisabled tells when nothing is recorded.
func (c *cli) warnDisabled(p *place) {
	if p.cfg.Audit.Enabled {
		return
	}
	c.note("note: audit.enabled is false in %s: runs in the vault %s are not recorded", p.cfg.Path, p.cfg.Name)
}
