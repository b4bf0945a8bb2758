package control

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// remembered is what the log was when it was last looked at.
type remembered struct {
	size uint64
	root tlog.Hash
}

// resumeAt returns the tail of the log behind what s, which is new, knows: nothing,
// or what a snapshot says, if there is one of a large log and the log goes on from
// it.
func (s *state) resumeAt(r *ledger.Reader, snap *snapshot) (*ledger.Tail, error) {
	none := s.tree.Root()
	if snap != nil {
		s.before = &remembered{snap.policy.Head.Size, snap.root}
		tail, ok, err := r.Tail(s.before.size, s.before.root)
		if err != nil {
			return nil, err
		}
		if ok && s.before.size > smallLog && s.restore(snap, tail.Tree()) == nil {
			return tail, nil
		}
		tail.Close()
	}
	tail, _, err := r.Tail(0, none)
	return tail, err
}

// expect remembers a head that the log once had, unless more is remembered already.
func (s *state) expect(h rbac.Head) error {
	if h.Size <= s.tree.Size() || s.before != nil && h.Size <= s.before.size {
		return nil
	}
	root, err := tlog.ParseHash(h.Root)
	if err != nil {
		return fmt.Errorf("%w: a root of the governance log: %w", ErrInvalid, err)
	}
	s.before = &remembered{h.Size, root}
	return nil
}

// isKnown says whether the log, which was read to its end, has the genesis that is
// known from elsewhere, if one is, and holds what it held when it was last looked at.
func (s *state) isKnown(fingerprint string) error {
	if fingerprint != "" && s.vault != "" && s.fingerprint != fingerprint {
		return &ledger.CorruptionError{File: "segments", Reason: fmt.Sprintf("the genesis has the fingerprint %s, not %s: the log was replaced", s.fingerprint, fingerprint)}
	}
	if s.before == nil {
		return nil
	}
	e := &ledger.CorruptionError{File: "segments", Index: min(s.tree.Size(), s.before.size)}
	switch {
	case s.differs:
		e.Reason = fmt.Sprintf("the first %d records are not those that stood here before: the log was rewritten", s.before.size)
	case s.tree.Size() < s.before.size:
		e.Reason = fmt.Sprintf("the log ends after %d records, but there were %d before: records were removed", s.tree.Size(), s.before.size)
	default:
		return nil
	}
	return e
}
