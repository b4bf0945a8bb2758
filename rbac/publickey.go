package rbac

import (
	"crypto/ed25519"
	"errors"
	"strings"
)

// ErrPublicKey is said of text that is not the public half of a key.
var ErrPublicKey = errors.New("rbac: this is not the public half of an API key: check that it was copied whole, as flexor keys public prints it")

// publicEnd is where the number of the public half ends in its text form: as long as
// that of the secret, behind a point.
const publicEnd = seedEnd + 1

// PublicText returns the public half of the key as text, as [ParsePublic] reads it:
// its id, a point, 43 digits and a checksum of six. It is no secret, and no key. It is
// empty for no key.
func (k APIKey) PublicText() string {
	if k.private == nil {
		return ""
	}
	text := k.id + "." + base62(k.Public(), seedEnd-idEnd)
	return text + checksum(text)
}

// ParsePublic returns the public half of a key that text is, for CreateKey, without
// Vaults. All errors are [ErrPublicKey]. That whoever shows it has the key is not
// known, and need not be: only who has it can act by it.
func ParsePublic(text string) (NewKey, error) {
	if len(text) != sumEnd+1 || text[idEnd] != '.' || text[publicEnd:] != checksum(text[:publicEnd]) {
		return NewKey{}, ErrPublicKey
	}
	public := make(ed25519.PublicKey, ed25519.PublicKeySize)
	if _, ok := keyNumber(text[:idEnd]); !ok || !fromBase62(public, text[idEnd+1:publicEnd]) || provesNothing(public) {
		return NewKey{}, ErrPublicKey
	}
	return NewKey{ID: strings.Clone(text[:idEnd]), Public: public}, nil
}

// provesNothing reports whether a public key is one of those of small order, with which
// one signature holds for one message in eight, and anybody can make it: whoever has
// such a key recorded as theirs could deny whatever they sign.
func provesNothing(public ed25519.PublicKey) bool {
	sig := make([]byte, ed25519.SignatureSize)
	sig[0] = 1 // the neutral point, and zero
	for i := range 128 {
		if ed25519.Verify(public, []byte{byte(i)}, sig) {
			return true
		}
	}
	return false
}
