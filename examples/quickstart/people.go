package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// The people of the fund.
const (
	owner    = "olivia@fund.com"
	admin    = "carol@fund.com"
	operator = "alice@fund.com"
)

// people are those who may do something in the vault, each with a key of their own.
type people map[string]*control.Control

// keysDir is where their keys lie. Elsewhere everybody keeps their own; here you are all
// of them.
func keysDir(v *flexor.Vault) string { return filepath.Join(v.Config.Dir, "people") }

// keyFile returns the file of somebody's key.
func keyFile(v *flexor.Vault, who string) string { return filepath.Join(keysDir(v), who+".key") }

// appoint gives a new vault its owner, who gives others a role and a key. In a vault that
// has them already it finds their keys.
func appoint(ctx context.Context, v *flexor.Vault) (people, error) {
	all := people{}
	if v.Control.Vault() == "" {
		if err := found(ctx, v, all); err != nil {
			return all, err
		}
	}
	for _, who := range []string{owner, admin, operator} {
		if all[who] != nil {
			continue
		}
		if err := all.enter(ctx, v, who); err != nil {
			return all, err
		}
	}
	return all, nil
}

// found does what is done once in the life of a vault.
func found(ctx context.Context, v *flexor.Vault, all people) error {
	if err := os.Mkdir(keysDir(v), 0o700); err != nil {
		return err
	}
	ctl, key, err := control.Init(ctx, v.Config.Dir, control.Genesis{
		Vault: v.Config.Name, Tier: rbac.Tier(v.Config.Tier), Owner: rbac.User(owner),
	}, nil)
	if err != nil {
		return err
	}
	all[owner] = ctl
	if err := keep(v, owner, key); err != nil {
		return err
	}
	for _, g := range []rbac.Grant{{Subject: rbac.User(admin), Role: rbac.Admin}, {Subject: rbac.User(operator), Role: rbac.Operator}} {
		who := g.Subject.Name
		if _, err := ctl.GrantRole(ctx, g.Subject, g.Role, time.Time{}, ""); err != nil {
			return err
		}
		key, _, err := ctl.CreateKey(ctx, control.KeyOrder{Subject: g.Subject})
		if err != nil {
			return err
		}
		if err := keep(v, who, key); err != nil {
			return err
		}
	}
	return nil
}

// keep stores a key for its holder only.
func keep(v *flexor.Vault, who string, key rbac.APIKey) error {
	return os.WriteFile(keyFile(v, who), []byte(key.Reveal()+"\n"), 0o600)
}

// enter has somebody act in the vault.
func (p people) enter(ctx context.Context, v *flexor.Vault, who string) error {
	data, err := os.ReadFile(keyFile(v, who))
	if err != nil {
		return fmt.Errorf("%s has an owner, and the key of %s is not there: choose another vault: %w", v.Config.Dir, who, err)
	}
	key, err := rbac.ParseKey(strings.TrimSpace(string(data)))
	if err != nil {
		return err
	}
	p[who], err = control.Open(ctx, v.Config.Dir, &control.Config{Key: key})
	return err
}

// leave ends what they do.
func (p people) leave() error {
	var errs []error
	for _, ctl := range p {
		errs = append(errs, ctl.Close())
	}
	return errors.Join(errs...)
}
