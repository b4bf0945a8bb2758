package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// actor is who uses a vault, and the governance that says what they may do there.
type actor struct {
	*control.Control
	cfg    *vaultcfg.Config
	key    rbac.APIKey
	source string // where the key is from, for people
	noKey  error  // why there is none; nil: there is

	command string // in which they act
}

// act opens the governance of the vault that the user means, in the user's name.
// settings are those of the control package, without the key.
func (c *cli) act(ctx context.Context, settings control.Config) (*actor, error) {
	cfg, _, err := c.config()
	if err != nil {
		return nil, err
	}
	return c.actIn(ctx, cfg, settings)
}

func (c *cli) actIn(ctx context.Context, cfg *vaultcfg.Config, settings control.Config) (*actor, error) {
	a := &actor{cfg: cfg, command: c.command}
	var err error
	a.key, a.source, err = c.loadKey(cfg.Name)
	switch {
	case errors.Is(err, control.ErrNoKey):
		a.noKey = err
	case err != nil:
		return nil, fail(exitDenied, "name a file that holds your key, and that only you may read, in FLEXOR_API_KEY_FILE", "%w", forPeople{err})
	}
	settings.Key = a.key
	settings.Redactor = reasonRedactor{c, cfg}
	settings.Snapshots = snapshots()
	if a.Control, err = control.Open(ctx, cfg.Dir, &settings); err != nil {
		return nil, err
	}
	if name := a.Vault(); name != "" && name != cfg.Name {
		return nil, errors.Join(a.Close(), fail(exitIntegrity, "put the governance log of this vault back, or give the vault its name again",
			"the governance log in %s is that of the vault %s, and vault.json says %s", filepath.Join(cfg.Dir, control.LogName), name, cfg.Name))
	}
	return a, nil
}

// snapshots returns the directory in which it is remembered what vaults were; empty: the
// user has none.
func snapshots() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "flexor")
}

// loadKey returns the user's key for a vault: the one that the environment names,
// else the one that is kept for that vault, else the one that is kept for all.
func (c *cli) loadKey(vault string) (key rbac.APIKey, source string, err error) {
	own, err := keyFileFor(vault)
	if err != nil || c.keyInEnvironment() {
		return control.Credentials{Getenv: c.getenv}.LoadKey()
	}
	if _, err := os.Lstat(own); errors.Is(err, fs.ErrNotExist) {
		return control.Credentials{Getenv: c.getenv}.LoadKey()
	}
	key, _, err = control.Credentials{Getenv: func(name string) (string, bool) {
		if name == keyFileVariable {
			return own, true
		}
		return "", false
	}}.LoadKey()
	return key, own, err
}

// The variables in which keys are looked for first; see [control.Credentials].
const (
	keyFileVariable = "FLEXOR_API_KEY_FILE"
	keyVariable     = "FLEXOR_API_KEY"
)

func (c *cli) keyInEnvironment() bool {
	for _, name := range []string{keyFileVariable, keyVariable} {
		if text, _ := c.getenv(name); text != "" {
			return true
		}
	}
	return false
}

// governed opens the vault's governance for who may look at it. A vault without an
// owner has nothing to look at.
func (c *cli) governed(ctx context.Context) (*actor, error) {
	a, err := c.act(ctx, control.Config{})
	if err != nil {
		return nil, err
	}
	if a.Vault() == "" && a.Damage() == nil {
		return nil, errors.Join(a.ownerless(), a.Close())
	}
	if err := a.mayView(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// mayView refuses who may not look at what the vault records.
func (a *actor) mayView(ctx context.Context) error {
	if a.noKey != nil {
		return a.keyless()
	}
	_, err := a.View(ctx)
	return a.failure(err)
}

// mayRead refuses who may not read a vault. While it has no owner everybody may,
// as far as the modes of its files allow.
func (c *cli) mayRead(ctx context.Context, cfg *vaultcfg.Config) error {
	a, err := c.actIn(ctx, cfg, control.Config{})
	if err != nil {
		return err
	}
	if a.Vault() != "" || a.Damage() != nil {
		err = a.mayView(ctx)
	}
	return errors.Join(err, a.Close())
}

// ownerless is the failure of who asks for something that only a vault with an owner has.
func (a *actor) ownerless() error {
	return fail(exitDenied, firstOwner(a.cfg), "the vault %s has no owner yet, so nobody has a role, and nothing is deployed", a.cfg.Name)
}

// keyless is the failure of who acts without a key.
func (a *actor) keyless() error {
	if a.Vault() == "" && a.Damage() == nil {
		return a.ownerless()
	}
	return fail(exitDenied, fmt.Sprintf("ask an owner for one (flexor keys create --user YOU), and put it into a file that only you may read, named by %s", keyFileVariable),
		"the vault %s is governed, so it takes a key to use it: %w", a.cfg.Name, forPeople{a.noKey})
}

// firstOwner is the command that gives a vault its first owner.
func firstOwner(cfg *vaultcfg.Config) string {
	return "flexor init " + cfg.Dir + " --owner YOU@EXAMPLE.COM"
}
