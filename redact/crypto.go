package redact

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"strings"
)

// cryptoDetector finds addresses of cryptocurrencies: those with a check sum (base58check:
// Bitcoin, Litecoin, Dogecoin, Dash, Tron, Zcash and, in its own alphabet, XRP; bech32
// and bech32m: Bitcoin, Litecoin, Cardano, Cosmos), and those of Ethereum: 0x and 40 hexadecimal
// digits, which nothing else has. Their mixed case is not checked (EIP-55): it would only
// let mistyped addresses pass.
func cryptoDetector() *detector {
	return &detector{
		name:      "crypto_address",
		group:     groupPII,
		label:     "CRYPTO",
		triggers:  []string{longWord, `(?i:bc|tb|bcrt|ltc|addr|stake|cosmos)1`, `0[xX][0-9A-Fa-f]{3}`},
		find:      findCryptos,
		normalise: normaliseCrypto,
	}
}

const (
	minBase58 = 26
	maxBase58 = 36
	maxBech32 = 128 // more than the 90 of the standard: addresses of Cardano have 103
	ethereum  = len("0x") + 40
)

// findCryptos looks at each word of letters and digits.
func findCryptos(t *text, hits []hit) []hit {
	b := t.b
	for i := 0; i < len(b); i++ {
		if !isAlnum(b[i]) {
			continue
		}
		start := i
		for i < len(b) && isAlnum(b[i]) {
			i++
		}
		if why := cryptoForm(b[start:i]); why != "" {
			hits = append(hits, hit{start: start, end: i, why: why})
		}
	}
	return hits
}

// cryptoForm says what kind of address word is; "" if it is none.
func cryptoForm(word []byte) string {
	switch {
	case len(word) < minBase58 || len(word) > maxBech32:
		return ""
	case isEthereum(word):
		return "Ethereum form"
	case isBech32(word):
		return "bech32 check sum"
	case isBase58Check(word):
		return "base58 check sum"
	}
	return ""
}

func isEthereum(word []byte) bool {
	if len(word) != ethereum || word[0] != '0' || word[1]|0x20 != 'x' {
		return false
	}
	for _, c := range word[2:] {
		if !isHex(c) {
			return false
		}
	}
	return true
}

// The alphabets of base58 by the value of their letters: that of Bitcoin
// (https://datatracker.ietf.org/doc/html/draft-msporny-base58-03) and that of XRP
// (https://xrpl.org/docs/references/protocol/data-types/base58-encodings).
const (
	base58Bitcoin = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	base58XRP     = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
)

// isBase58Check reports whether word is the base58 form of a version of one or two
// bytes, a hash of 20 bytes and the first four bytes of their double SHA-256.
func isBase58Check(word []byte) bool {
	if len(word) > maxBase58 {
		return false
	}
	alphabet := base58Bitcoin
	switch word[0] {
	case 'r':
		alphabet = base58XRP
	case '1', '2', '3', '7', '9', 'A', 'D', 'L', 'M', 'T', 'X', 'm', 'n', 't':
	default:
		return false
	}
	// 58^36 < 2^256: four words, the lowest first.
	var number [4]uint64
	for _, c := range word {
		v := strings.IndexByte(alphabet, c)
		if v < 0 {
			return false
		}
		carry := uint64(v)
		for i, n := range number {
			high, low := bits.Mul64(n, 58)
			var c uint64
			number[i], c = bits.Add64(low, carry, 0)
			carry = high + c
		}
	}
	var payload [32]byte
	for i, n := range number {
		binary.BigEndian.PutUint64(payload[24-8*i:], n)
	}
	version := 1
	if word[0] == 't' { // only Zcash has one of two bytes
		version = 2
	}
	zeros, body, sum := payload[:8-version], payload[8-version:28], payload[28:]
	if len(bytes.Trim(zeros, "\x00")) > 0 {
		return false
	}
	hash := sha256.Sum256(body)
	hash = sha256.Sum256(hash[:])
	return bytes.Equal(hash[:4], sum)
}

// The alphabet of bech32 by value, and what its check sums come to: for version 0 of
// segwit and whatever is not segwit (BIP 173), and for later versions (BIP 350).
const (
	bech32Alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	bech32Sum      = 1
	bech32mSum     = 0x2bc830a3
)

// isBech32 reports whether word is a known prefix, "1", data and a check sum that fits.
func isBech32(word []byte) bool {
	if end := bytes.IndexByte(word, '1'); end < len("bc") || end > len("cosmos") {
		return false // most words, before anything is made for them
	}
	lower := bytes.ToLower(word)
	if !bytes.Equal(lower, word) && !bytes.Equal(bytes.ToUpper(word), word) {
		return false // mixed case is an error
	}
	prefix, data, _ := bytes.Cut(lower, []byte("1"))
	segwit := false
	switch string(prefix) {
	case "bc", "tb", "bcrt", "ltc":
		segwit = true
	case "addr", "stake", "cosmos":
	default:
		return false
	}
	if len(data) < 6 {
		return false
	}
	sum := uint32(1)
	for _, c := range prefix {
		sum = bech32Step(sum, c>>5)
	}
	sum = bech32Step(sum, 0)
	for _, c := range prefix {
		sum = bech32Step(sum, c&31)
	}
	for _, c := range data {
		v := strings.IndexByte(bech32Alphabet, c)
		if v < 0 {
			return false
		}
		sum = bech32Step(sum, byte(v))
	}
	if segwit && data[0] != bech32Alphabet[0] {
		return sum == bech32mSum
	}
	return sum == bech32Sum
}

// bech32Step takes one value of five bits into the check sum.
func bech32Step(sum uint32, v byte) uint32 {
	top := sum >> 25
	sum = (sum&0x1ffffff)<<5 ^ uint32(v)
	for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			sum ^= g
		}
	}
	return sum
}

// normaliseCrypto appends the address in lower case where its case means nothing.
func normaliseCrypto(dst, value []byte) []byte {
	if isEthereum(value) || isBech32(value) {
		return append(dst, bytes.ToLower(value)...)
	}
	return append(dst, value...)
}
