package control

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// genesisBody is the body of the first event: whoever signs it becomes owner.
type genesisBody struct {
	Vault   string            `json:"vault"`
	Tier    rbac.Tier         `json:"tier"`
	ID      string            `json:"id"`
	Public  ed25519.PublicKey `json:"public"`
	Expires time.Time         `json:"expires,omitzero"`
}

// begin takes the genesis. It counts at the very beginning of the log only: what
// stands before it would be nobody's.
func (s *state) begin(rec ledger.Record, e *event) error {
	if rec.Index != 0 {
		return errors.New("a genesis that is not the first record")
	}
	var b genesisBody
	if err := decode(e.Body, &b); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if err := checkSubject(e.By); err != nil {
		return err
	}
	if e.Key != b.ID || !e.prove(b.Public) {
		return fmt.Errorf("the key %s, which is to be the owner's, did not sign it", b.ID)
	}
	if err := s.policy.Init(b.genesis(e.By, e.At), rec.Index); err != nil {
		return err
	}
	s.vault, s.fingerprint = b.Vault, fingerprintOf(rec.Line)
	s.pass(e, rbac.Owner)
	return nil
}

// genesis returns what package rbac makes of it.
func (b *genesisBody) genesis(owner rbac.Subject, at time.Time) rbac.Genesis {
	return rbac.Genesis{
		Vault: b.Vault, Tier: b.Tier, Owner: owner, Expires: b.Expires, At: at,
		Key: rbac.NewKey{ID: b.ID, Public: b.Public},
	}
}
