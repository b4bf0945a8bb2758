package control

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

// A KeyOrder says what key [Control.CreateKey] is to make, or [Control.AddKey] is to
// make known.
type KeyOrder struct {
	Subject rbac.Subject // whose it will be; required
	Expires time.Time    // zero: after rbac.DefaultKeyLife
	Vaults  []string     // names of the vaults that it is for; nil: this vault only
	Reason  string       // for the record; may be empty
}

// CreateKey makes a key for a subject. The key is stored nowhere: only its
// public half is recorded, so it must be shown now.
func (c *Control) CreateKey(ctx context.Context, o KeyOrder) (rbac.APIKey, Outcome, error) {
	key, err := rbac.Mint(o.Subject.Kind, c.cfg.Random)
	if err != nil {
		return rbac.APIKey{}, Outcome{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	out, err := c.AddKey(ctx, rbac.NewKey{ID: key.ID(), Public: key.Public()}, o)
	if err != nil {
		return rbac.APIKey{}, out, err
	}
	return key, out, nil
}

// AddKey makes a key known of which its holder shows the public half only, see
// [rbac.ParsePublic]: one that they made themselves, or use in another vault. It takes what CreateKey takes; the
// vaults are those of o.
func (c *Control) AddKey(ctx context.Context, key rbac.NewKey, o KeyOrder) (Outcome, error) {
	out, _, err := c.give(ctx, &createOrder{Subject: o.Subject, ID: key.ID, Public: key.Public, Expires: inLog(o.Expires), Vaults: o.Vaults}, o.Reason)
	return out, err
}

// A Rotation says how [Control.RotateKey] is to replace a key.
type Rotation struct {
	Key     string        // id of the key to replace; empty: the actor's
	Overlap time.Duration // for how long both are valid; zero: the old one ends at once
	Expires time.Time     // of the new key; zero: after as long a life as the old one's
	Reason  string        // for the record; may be empty
}

// RotateKey replaces a key by a new one for the same subject and vaults. The new
// key is stored nowhere, so it must be shown now.
func (c *Control) RotateKey(ctx context.Context, r Rotation) (rbac.APIKey, Outcome, error) {
	if r.Key == "" {
		r.Key = c.cfg.Key.ID()
	}
	if r.Overlap < 0 {
		return rbac.APIKey{}, Outcome{}, fmt.Errorf("%w: an overlap of %s", ErrInvalid, r.Overlap)
	}
	kind := rbac.UserKind
	if old, ok, err := c.Key(ctx, r.Key); err == nil && ok {
		kind = old.Subject.Kind
	}
	key, err := rbac.Mint(kind, c.cfg.Random)
	if err != nil {
		return rbac.APIKey{}, Outcome{}, fmt.Errorf("control: %w", err)
	}
	out, _, err := c.give(ctx, &rotateOrder{Old: r.Key, ID: key.ID(), Public: key.Public(), Expires: inLog(r.Expires), overlap: r.Overlap}, r.Reason)
	if err != nil {
		return rbac.APIKey{}, out, err
	}
	return key, out, nil
}

// RevokeKey ends the validity of a key at once.
func (c *Control) RevokeKey(ctx context.Context, id, reason string) (Outcome, error) {
	out, _, err := c.give(ctx, &disableOrder{ID: id}, reason)
	return out, err
}

// Keys returns all keys that the vault knows or knew, in the order of the log.
func (c *Control) Keys(ctx context.Context) (keys []rbac.Key, err error) {
	err = c.read(ctx, func(s *state) { keys = s.policy.State().Keys })
	return keys, err
}

// Key returns the key that the vault knows, or knew, under an id.
func (c *Control) Key(ctx context.Context, id string) (key rbac.Key, ok bool, err error) {
	err = c.read(ctx, func(s *state) { key, ok = s.policy.Key(id) })
	return key, ok, err
}

// inLog returns a time in the form in which the log has it.
func inLog(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Round(0)
}

type createOrder struct {
	plain
	Subject rbac.Subject      `json:"subject"`
	ID      string            `json:"id"`
	Public  ed25519.PublicKey `json:"public"`
	Expires time.Time         `json:"expires,omitzero"`
	Vaults  []string          `json:"vaults,omitempty"`
}

func (o *createOrder) kind() string { return kindCreate }
func (o *createOrder) check() error {
	for _, name := range o.Vaults {
		if err := ident.Token(name); err != nil {
			return fmt.Errorf("%w: the name of a vault: %w", ErrInvalid, err)
		}
	}
	return errors.Join(checkSubject(o.Subject), checkEnd(o.Expires))
}
func (o *createOrder) ask(r *rbac.Request) {
	r.Action, r.Target, r.Expires = rbac.CreateKey, o.Subject, o.Expires
	r.NewKey = rbac.NewKey{ID: o.ID, Public: o.Public, Vaults: o.Vaults}
}
func (o *createOrder) fill(r *rbac.Request) { o.Expires, o.Vaults = r.Expires, r.NewKey.Vaults }

type rotateOrder struct {
	plain
	Old     string            `json:"old"`
	ID      string            `json:"id"`
	Public  ed25519.PublicKey `json:"public"`
	Expires time.Time         `json:"expires,omitzero"`
	Until   time.Time         `json:"until,omitzero"`

	overlap time.Duration // from when it is recorded
}

func (o *rotateOrder) kind() string { return kindRotate }
func (o *rotateOrder) check() error { return errors.Join(checkEnd(o.Expires), checkEnd(o.Until)) }
func (o *rotateOrder) ask(r *rbac.Request) {
	r.Action, r.TargetKey, r.Expires, r.Until = rbac.RotateKey, o.Old, o.Expires, o.Until
	if o.overlap > 0 {
		r.Until = r.At.Add(o.overlap)
	}
	r.NewKey = rbac.NewKey{ID: o.ID, Public: o.Public}
}
func (o *rotateOrder) fill(r *rbac.Request) { o.Expires, o.Until = r.Expires, r.Until }

type disableOrder struct {
	plain
	ID string `json:"id"`
}

func (o *disableOrder) kind() string        { return kindDisable }
func (o *disableOrder) ask(r *rbac.Request) { r.Action, r.TargetKey = rbac.RevokeKey, o.ID }
