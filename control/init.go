package control

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// A Genesis is what [Init] needs to know.
type Genesis struct {
	Vault   string        // name of the vault, as in its vault.json; required
	Tier    rbac.Tier     // of the vault; required
	Owner   rbac.Subject  // required
	KeyLife time.Duration // of the owner's key. Zero: rbac.DefaultKeyLife
}

// Init gives the vault in dir its first owner, and returns the owner's key: it
// is stored nowhere, so it must be shown now. The vault is opened with that key.
// A vault that has had its first owner is an error that wraps rbac.ErrInitialised.
func Init(ctx context.Context, dir string, g Genesis, cfg *Config) (*Control, rbac.APIKey, error) {
	c := cfg.withDefaults(dir)
	fail := func(err error) (*Control, rbac.APIKey, error) {
		return nil, rbac.APIKey{}, fmt.Errorf("control: init %s: %w", dir, err)
	}
	if err := ctx.Err(); err != nil {
		return fail(context.Cause(ctx))
	}
	key, err := rbac.Mint(g.Owner.Kind, c.Random)
	if err != nil {
		return fail(err)
	}
	p, err := g.event(key, c.Now().UTC().Truncate(time.Microsecond))
	if err != nil {
		return fail(err)
	}
	log := filepath.Join(dir, LogName)
	signer, err := vault.Prepare(log, &vault.Config{Origin: "flexor/" + g.Vault + "/" + LogName, Signer: c.Signer})
	if err != nil {
		return fail(err)
	}
	patient, cancel := c.patient(ctx)
	defer cancel()
	l, _, err := ledger.Open(patient, log, c.ledger(signer))
	if err != nil {
		return fail(err)
	}
	_, err = l.AppendIf(patient, func(size uint64) ([][]byte, error) {
		if size > 0 {
			return nil, rbac.ErrInitialised
		}
		var none ledger.Tree
		p.Log, p.Root = l.Origin(), none.Root().String()
		line, _, err := p.seal(by(key))
		if err == nil {
			err = c.setHorizon(log, 1)
		}
		return [][]byte{line}, err
	})
	if err = errors.Join(err, l.Close()); err != nil {
		return fail(err)
	}
	c.Key = key
	if err := Forget(dir, c.Snapshots); err != nil { // what stood here before is over
		return fail(err)
	}
	ctl, err := Open(ctx, dir, &c)
	return ctl, key, err
}

// event returns the genesis as an event without its place.
func (g *Genesis) event(key rbac.APIKey, at time.Time) (*payload, error) {
	if err := checkSubject(g.Owner); err != nil {
		return nil, err
	}
	life := g.KeyLife
	if life == 0 {
		life = rbac.DefaultKeyLife
	}
	b := genesisBody{Vault: g.Vault, Tier: g.Tier, ID: key.ID(), Public: key.Public(), Expires: at.Add(life)}
	// Whatever is wrong with it is found before anything is written.
	if err := new(rbac.Policy).Init(b.genesis(g.Owner, at), 0); err != nil {
		return nil, err
	}
	body, err := encode(b)
	return &payload{Kind: kindGenesis, At: at, By: g.Owner, Key: key.ID(), Role: rbac.Owner, Body: body}, err
}
