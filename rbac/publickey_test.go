package rbac

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPublicText(t *testing.T) {
	golden, err := ParseKey(goldenKey)
	require.NoError(t, err)
	const text = "flxu_0123456789.EWVagLAuSby5cR5d8yB31dcLp9ZYFBr5XmRMyKHfRM43TX94q"
	for range 50 {
		key, err := Mint(ServiceKind, rand.Reader)
		require.NoError(t, err)
		got, err := ParsePublic(key.PublicText())
		require.NoError(t, err)
		assert.Equal(t, NewKey{ID: key.ID(), Public: key.Public()}, got)
		_, err = ParseKey(key.PublicText())
		require.ErrorIs(t, err, ErrKey)
		_, err = ParsePublic(key.Reveal())
		require.ErrorIs(t, err, ErrPublicKey)
	}
	assert.Equal(t, text, golden.PublicText())
	for i := range text {
		bad := []byte(text)
		bad[i]++
		_, err := ParsePublic(string(bad))
		require.ErrorIs(t, err, ErrPublicKey, string(bad))
		_, err = ParsePublic(text[:i])
		require.ErrorIs(t, err, ErrPublicKey)
	}
	assert.Empty(t, APIKey{}.PublicText())
}

// The points of small order are no keys: anybody could sign with them.
func TestPublicKeyOfSmallOrder(t *testing.T) {
	for _, point := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	} {
		public, err := hex.DecodeString(point)
		require.NoError(t, err)
		text := "flxu_0123456789." + base62(public, seedEnd-idEnd)
		_, err = ParsePublic(text + checksum(text))
		require.ErrorIs(t, err, ErrPublicKey, point)
	}
	assert.False(t, provesNothing(bytes.Repeat([]byte{2}, 32)), "no point at all verifies nothing")
}
