package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// stopConfig returns what it takes to stop something in a vault whose vault.json is
// missing or wrong, since that must not stand in the way: its name is that in the
// governance log, and its audit log is where most have it. Without a governance log it
// returns nil. why is what is wrong with the vault.json at path.
func (c *cli) stopConfig(path string, why error) *vaultcfg.Config {
	dir := path
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		dir = filepath.Dir(path)
	}
	ctl, err := control.Open(context.Background(), dir, nil)
	if err != nil {
		return nil
	}
	defer ctl.Close() // nothing was ordered, so nothing is to be lost
	name := ctl.Vault()
	to, err := vaultcfg.ParseLocation("vault://audit-log/")
	if name == "" || err != nil {
		return nil
	}
	c.note("note: vault.json cannot be used (%s); to stop something the vault is taken to be %s, as the governance log says, with its audit log in %s", cause(why), name, filepath.Join(dir, "audit-log"))
	cfg := &vaultcfg.Config{Name: name, Dir: dir, Path: filepath.Join(dir, "vault.json")}
	cfg.Audit.Enabled, cfg.Audit.Destination, cfg.Audit.PIIRedaction = true, to, true // rather too much than too little
	return cfg
}
