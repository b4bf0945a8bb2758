package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCrypto(t *testing.T) {
	t.Parallel()
	checkFinds(t, cryptoDetector(), "",
		"⟦1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2⟧", // the addresses of the Bitcoin wiki
		"⟦3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy⟧",
		"⟦bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq⟧",
		"⟦BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4⟧",                     // BIP 173
		"⟦bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0⟧", // BIP 350
		"⟦rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh⟧",                             // the genesis account of XRP
		"⟦0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed⟧",                     // EIP-55
		"⟦0x"+strings.Repeat("0", 39)+"1⟧",
		"bitcoin:⟦1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2⟧?amount=1, ⟦1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2⟧.",
		"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN22", "x1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
		"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp", "bc1Qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
		"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
		"tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", // version 0 with the check sum of version 1
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0",
		"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
	)
}

// One wrong character anywhere is noticed.
func TestCryptoCheckSums(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"} {
		for i := 4; i < len(address); i++ {
			for _, c := range "2aqz9" {
				if wrong := address[:i] + string(c) + address[i+1:]; wrong != address {
					assert.Empty(t, cryptoForm([]byte(wrong)), wrong)
				}
			}
		}
	}
}

func TestNormaliseCrypto(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed": "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
		"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
		"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2":         "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
	} {
		assert.Equal(t, want, string(normaliseCrypto(nil, []byte(value))))
	}
}
