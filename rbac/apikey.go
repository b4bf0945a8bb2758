package rbac

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"
)

// ErrKey is what is said of every key that proves nothing: one that is
// malformed, one with a wrong checksum, one that the vault does not know, and
// one that is not what the vault knows under its id. To tell these apart would
// help only who guesses.
var ErrKey = errors.New("rbac: this API key is not valid here: check that it was copied whole and is for this vault, or ask an owner for a new one")

// The parts of the text form of a key, and where they end.
const (
	userKeyPrefix    = "flxu_"
	serviceKeyPrefix = "flxs_"

	prefixEnd = len(userKeyPrefix)
	idEnd     = prefixEnd + 10
	seedEnd   = idEnd + 43
	sumEnd    = seedEnd + 6
)

// An APIKey is the secret by which a person or a service proves who acts: an
// Ed25519 private key, and the id under which vaults know its public half.
//
// It does not show its secret by accident: printed in whatever way, logged or
// encoded, it is its id and an ellipsis. Only [APIKey.Reveal] returns all of
// it. The zero value is no key. An APIKey may be used from many goroutines.
type APIKey struct {
	id string
	// private is a function because nothing that walks through values by
	// reflection in order to print them can look into one. Nil: no key.
	private func() ed25519.PrivateKey
}

// Mint makes a new key with the randomness of random, which must be good for
// secrets, as crypto/rand.Reader is. A failure to read is returned.
func Mint(kind Kind, random io.Reader) (APIKey, error) {
	var prefix string
	switch kind {
	case UserKind:
		prefix = userKeyPrefix
	case ServiceKind:
		prefix = serviceKeyPrefix
	default:
		return APIKey{}, errors.New("rbac: mint a key: it must be a user's or a service's")
	}
	var secret [ed25519.SeedSize + 8]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return APIKey{}, fmt.Errorf("rbac: mint a key: %w", err)
	}
	seed, id := secret[:ed25519.SeedSize], secret[ed25519.SeedSize:]
	id[0] &= 7 // 59 bits are what ten digits hold
	return newAPIKey(prefix+base62(id, idEnd-prefixEnd), seed), nil
}

// ParseKey returns the key that text is. All errors are [ErrKey]. Whether a
// vault knows the key is not looked at.
func ParseKey(text string) (APIKey, error) {
	if len(text) != sumEnd || text[seedEnd:] != checksum(text[:seedEnd]) {
		return APIKey{}, ErrKey
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, ok := keyNumber(text[:idEnd]); !ok || !fromBase62(seed, text[idEnd:seedEnd]) {
		return APIKey{}, ErrKey
	}
	return newAPIKey(strings.Clone(text[:idEnd]), seed), nil
}

func newAPIKey(id string, seed []byte) APIKey {
	private := ed25519.NewKeyFromSeed(seed)
	return APIKey{id, func() ed25519.PrivateKey { return private }}
}

// keyNumber returns the id of a key as a number, which is found faster, and
// reports false for what is no id. Ten digits and the kind have room in it.
func keyNumber(id string) (uint64, bool) {
	kind := kindOfKey(id)
	if len(id) != idEnd || kind == 0 {
		return 0, false
	}
	n := uint64(0)
	for i := prefixEnd; i < idEnd; i++ {
		d := digit(id[i])
		if d < 0 {
			return 0, false
		}
		n = n*62 + uint64(d)
	}
	return n<<2 | uint64(kind), true
}

// kindOfNumber returns the kind that keyNumber put into a number.
func kindOfNumber(n uint64) Kind { return Kind(n & 3) }

// kindOfKey returns whose keys have such an id, and 0 for nobody's.
func kindOfKey(id string) Kind {
	switch {
	case strings.HasPrefix(id, userKeyPrefix):
		return UserKind
	case strings.HasPrefix(id, serviceKeyPrefix):
		return ServiceKind
	}
	return 0
}

// checksum is the CRC-32 (IEEE) of the text before it.
func checksum(text string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(text)))
	return base62(sum[:], sumEnd-seedEnd)
}

// ID returns the public name of the key, such as flxu_0aB3dE6gH9: its prefix and
// ten characters. It is no secret. It is empty for no key.
func (k APIKey) ID() string { return k.id }

// Kind returns whether the key is a user's or a service's, and 0 for no key.
func (k APIKey) Kind() Kind { return kindOfKey(k.id) }

// Reveal returns the whole key, the secret included, as [ParseKey] reads it: to
// be shown once to whom it is for, or to be stored where only they can read.
// It is empty for no key.
func (k APIKey) Reveal() string {
	if k.private == nil {
		return ""
	}
	text := k.id + base62(k.private().Seed(), seedEnd-idEnd)
	return text + checksum(text)
}

// Public returns the public half, which is what vaults store. It is nil for no
// key.
func (k APIKey) Public() ed25519.PublicKey {
	if k.private == nil {
		return nil
	}
	return k.private().Public().(ed25519.PublicKey)
}

// Sign returns the key's Ed25519 signature of message. What is signed must say
// what it is for, so that no signature can be taken for one of something else.
// It is nil for no key.
func (k APIKey) Sign(message []byte) []byte {
	if k.private == nil {
		return nil
	}
	return ed25519.Sign(k.private(), message)
}

// String returns the id and an ellipsis.
func (k APIKey) String() string {
	if k.id == "" {
		return "no key"
	}
	return k.id + "…"
}

// Format prints the key as [APIKey.String] does, whatever the verb.
func (k APIKey) Format(f fmt.State, verb rune) { io.WriteString(f, k.String()) }

// MarshalText encodes the key as [APIKey.String] does, in JSON as well. There
// is no way back: use [APIKey.Reveal] to store a key.
func (k APIKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue logs the key as [APIKey.String] does.
func (k APIKey) LogValue() slog.Value { return slog.StringValue(k.String()) }
