package ledger

import (
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// keySigner is a [Signer] whose key is in memory.
type keySigner struct {
	note.Signer
	verifierKey string
}

// VerifierKey implements [Signer].
func (k keySigner) VerifierKey() string { return k.verifierKey }

// NewSigner returns the signer for a pair of keys in the text form of C2SP
// signed notes, as note.GenerateKey makes them.
func NewSigner(key, verifierKey string) (Signer, error) {
	s, err := note.NewSigner(key)
	if err != nil {
		return nil, fmt.Errorf("ledger: signing key: %w", err)
	}
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, fmt.Errorf("ledger: verifier key: %w", err)
	}
	if s.Name() != v.Name() || s.KeyHash() != v.KeyHash() {
		return nil, fmt.Errorf("ledger: the signing key of %s does not belong to the verifier key of %s", s.Name(), v.Name())
	}
	return keySigner{s, verifierKey}, nil
}
