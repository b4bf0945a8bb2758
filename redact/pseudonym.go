package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
)

// minKey is the size in bytes of the smallest key that is accepted.
const minKey = 16

// StaticKey returns a provider of one key that does not change: at least 16
// random bytes, and a name of 1 to 16 letters and digits, such as "k3". A key must
// never get the name of another one.
func StaticKey(id string, key []byte) KeyProvider { return staticKey{id, key} }

type staticKey struct {
	id  string
	key []byte
}

func (k staticKey) Current() (id string, key []byte, err error) { return k.id, k.key, nil }

// Pseudonym returns what [Pseudonym] writes for a value that the named detector
// finds, such as "[EMAIL:k3:…]", so that it can be searched for. Whether the
// detector would find it is not looked at; the detector of rules by name is "key". The
// error is that of the [KeyProvider], or wraps [ErrInvalid].
func (r *Redactor) Pseudonym(detector, value string) (string, error) {
	if detector == keyDetector {
		return r.keyed(ruleLabel, keyDetector, []byte(value))
	}
	for _, d := range append(builtin(), r.detectors...) {
		if d.name != detector {
			continue
		}
		plain := []byte(value)
		if d.normalise != nil {
			plain = d.normalise(nil, plain)
		}
		return r.keyed(d.label, d.name, plain)
	}
	return "", fmt.Errorf("redact: %w: there is no detector %q", ErrInvalid, detector)
}

// pseudonym is keyed, but fails by closing: what panics while a text is looked at
// makes that text an error.
func (r *Redactor) pseudonym(label, detector string, value []byte) string {
	s, err := r.keyed(label, detector, value)
	if err != nil {
		panic(err)
	}
	return s
}

// keyed returns the pseudonym of a value. It has letters only, and few of them, so
// that nothing that looks for digits or names finds anything in it.
func (r *Redactor) keyed(label, detector string, value []byte) (string, error) {
	id, key, err := r.currentKey()
	if err != nil {
		return "", fmt.Errorf("redact: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	// Equal values of different detectors have different pseudonyms.
	mac.Write([]byte("flexor.redact/v1\x00" + detector + "\x00"))
	mac.Write(value)
	var b strings.Builder
	b.WriteString("[" + label + ":" + id + ":")
	for _, c := range mac.Sum(nil)[:maskLetters/2] {
		b.WriteByte('a' + c>>4)
		b.WriteByte('a' + c&15)
	}
	b.WriteByte(']')
	return b.String(), nil
}

// currentKey asks the provider.
func (r *Redactor) currentKey() (id string, key []byte, err error) {
	if r.provider == nil {
		return "", nil, fmt.Errorf("%w: the operator %s needs Config.Pseudonyms, which provides its key", ErrInvalid, Pseudonym)
	}
	id, key, err = r.provider.Current()
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("key of pseudonyms: %w", err)
	case !validKeyID(id):
		return "", nil, fmt.Errorf("%w: the name of a pseudonym key has 1 to %d letters and digits, not %q", ErrInvalid, maxKeyID, id)
	case len(key) < minKey:
		return "", nil, fmt.Errorf("%w: the pseudonym key %s has %d bytes; it needs at least %d", ErrInvalid, id, len(key), minKey)
	}
	return id, key, nil
}

// checkPseudonyms asks for the key if any operator needs it.
func (r *Redactor) checkPseudonyms() error {
	need := r.provider != nil
	for _, o := range r.operators {
		need = need || o == Pseudonym
	}
	for _, k := range r.keys {
		need = need || k.operator == Pseudonym
	}
	if !need {
		return nil
	}
	_, _, err := r.currentKey()
	return err
}

const maxKeyID = 16

func validKeyID(id string) bool { return alphanumeric(id) && len(id) <= maxKeyID }
