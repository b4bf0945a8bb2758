package ident

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// alphabet is Crockford's base32 in lower case, as the TypeID specification
// (https://github.com/jetify-com/typeid/tree/main/spec) has it.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// suffixLen is the length of 128 bits in base32, with two zero bits in front.
const suffixLen = 26

// New returns a new TypeID, such as run_01h455vb4pex5vsknk084sn02q: the prefix
// and a UUIDv7. Ids made one after the other in a process sort in that order.
// It may be called from many goroutines.
func New(prefix string) string {
	// crypto/rand.Reader is documented never to fail, so neither does this.
	u, _ := uuid.NewV7FromReader(rand.Reader)
	return Format(prefix, u)
}

// Format returns the TypeID of u.
func Format(prefix string, u uuid.UUID) string {
	var suffix [suffixLen]byte
	acc, bits := uint(0), 2 // the two zero bits that make 128 bits divisible by five
	out := 0
	for _, b := range u {
		acc = acc<<8 | uint(b)
		for bits += 8; bits >= 5; out++ {
			bits -= 5
			suffix[out] = alphabet[acc>>bits&31]
		}
	}
	return prefix + "_" + string(suffix[:])
}

// Parse returns the UUID in a TypeID with that prefix. It accepts exactly the
// form that [New] writes, so that one id has one spelling.
func Parse(prefix, s string) (uuid.UUID, error) {
	suffix, ok := strings.CutPrefix(s, prefix+"_")
	if !ok {
		return uuid.Nil, fmt.Errorf("id %s does not start with %s_", quote(s), prefix)
	}
	if len(suffix) != suffixLen {
		return uuid.Nil, fmt.Errorf("id %s must have %d characters after %s_", quote(s), suffixLen, prefix)
	}
	if suffix[0] > '7' {
		return uuid.Nil, fmt.Errorf("id %s is larger than 128 bits", quote(s))
	}
	var u uuid.UUID
	acc, bits, out := uint(0), -2, 0
	for i := range len(suffix) {
		v := strings.IndexByte(alphabet, suffix[i])
		if v < 0 {
			return uuid.Nil, fmt.Errorf("id %s has a character that is not in %s", quote(s), alphabet)
		}
		acc = acc<<5 | uint(v)
		if bits += 5; bits >= 8 {
			bits -= 8
			u[out] = byte(acc >> bits)
			out++
		}
	}
	return u, nil
}
