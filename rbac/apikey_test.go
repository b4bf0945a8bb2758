package rbac

import (
	"bytes"
	"crypto/ed25519"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goldenKey is the key of RFC 8032, section 7.1, test 2, in our text form:
// whatever changes, it must stay readable.
const goldenKey = "flxu_0123456789ID8ObFo9U7IzlNIWwjXryZRZKYSMgS0UtTZkryvvkmR2HoFuE"

func TestGoldenKey(t *testing.T) {
	seed, _ := hex.DecodeString("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
	public, _ := hex.DecodeString("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
	sig, _ := hex.DecodeString("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
	assert.Equal(t, goldenKey, newAPIKey("flxu_0123456789", seed).Reveal())
	k, err := ParseKey(goldenKey)
	require.NoError(t, err)
	assert.Equal(t, "flxu_0123456789", k.ID())
	assert.Equal(t, UserKind, k.Kind())
	assert.EqualValues(t, public, k.Public())
	assert.Equal(t, sig, k.Sign([]byte{0x72}))
	known := Key{Public: k.Public()}
	assert.True(t, known.Verify([]byte{0x72}, sig))
	assert.False(t, known.Verify([]byte{0x73}, sig))
	none := Key{}
	assert.False(t, none.Verify([]byte{0x72}, sig))
}

// TestTextForm builds texts the other way, with big numbers.
func TestTextForm(t *testing.T) {
	digitsOf := func(n *big.Int, width int) string {
		const order = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		text := ""
		for n = new(big.Int).Set(n); len(text) < width; {
			var digit big.Int
			n.DivMod(n, big.NewInt(62), &digit)
			text = string(order[digit.Int64()]) + text
		}
		return text
	}
	random := rand.NewChaCha8([32]byte{7})
	for range 200 {
		k, err := Mint(ServiceKind, random)
		require.NoError(t, err)
		assert.Equal(t, ServiceKind, k.Kind())
		head := k.ID() + digitsOf(new(big.Int).SetBytes(k.private().Seed()), 43)
		text := head + digitsOf(big.NewInt(int64(crc32.ChecksumIEEE([]byte(head)))), 6)
		require.Equal(t, text, k.Reveal())
		require.Len(t, text, 64)
		again, err := ParseKey(text)
		require.NoError(t, err)
		require.Equal(t, k.Public(), again.Public())
		require.Equal(t, k.ID(), again.ID())
	}
}

func TestMint(t *testing.T) {
	_, err := Mint(0, rand.NewChaCha8([32]byte{}))
	assert.EqualError(t, err, "rbac: mint a key: it must be a user's or a service's")
	broken := errors.New("no randomness")
	for n := range 40 {
		_, err = Mint(UserKind, io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(broken)))
		assert.ErrorIs(t, err, broken)
	}
	k, err := Mint(UserKind, bytes.NewReader(bytes.Repeat([]byte{0xff}, 40)))
	require.NoError(t, err)
	_, err = ParseKey(k.Reveal())
	assert.NoError(t, err, "the largest numbers fit")
	ids := map[string]bool{}
	random := rand.NewChaCha8([32]byte{})
	for range 1000 {
		k, err := Mint(UserKind, random)
		require.NoError(t, err)
		ids[k.ID()] = true
	}
	assert.Len(t, ids, 1000)
}

// TestParseSaysOneThing holds every wrong key against one message.
func TestParseSaysOneThing(t *testing.T) {
	resum := func(head string) string { return head + checksum(head) }
	for name, text := range map[string]string{
		"empty":              "",
		"an id":              goldenKey[:idEnd],
		"too short":          goldenKey[:sumEnd-1],
		"too long":           goldenKey + "0",
		"newline":            goldenKey + "\n",
		"space":              " " + goldenKey,
		"checksum":           goldenKey[:sumEnd-1] + "k",
		"other prefix":       resum("flxt_" + goldenKey[prefixEnd:seedEnd]),
		"prefix only":        "flxu_",
		"other kind":         "flxs_" + goldenKey[prefixEnd:],
		"seed too large":     resum(goldenKey[:idEnd] + strings.Repeat("z", 43)),
		"one more than fits": resum(goldenKey[:idEnd] + base62(append([]byte{1}, make([]byte, 32)...), 43)),
		"no digit in id":     resum("flxu_012345678-" + goldenKey[idEnd:seedEnd]),
		"no digit in seed":   resum(goldenKey[:idEnd] + "+" + goldenKey[idEnd+1:seedEnd]),
		"several bytes":      resum(goldenKey[:idEnd] + "é" + goldenKey[idEnd+2:seedEnd]),
		"long":               strings.Repeat(goldenKey, 20_000),
	} {
		_, err := ParseKey(text)
		assert.Equal(t, ErrKey, err, name)
	}
	// The checksum finds each single wrong character, and each swap of two.
	for i := range goldenKey {
		for _, c := range []byte(digits + "_ ") {
			if c != goldenKey[i] {
				_, err := ParseKey(goldenKey[:i] + string(c) + goldenKey[i+1:])
				require.Equal(t, ErrKey, err, "%d: %c", i, c)
			}
		}
		if i > 0 && goldenKey[i] != goldenKey[i-1] {
			_, err := ParseKey(goldenKey[:i-1] + goldenKey[i:i+1] + goldenKey[i-1:i] + goldenKey[i+1:])
			require.Equal(t, ErrKey, err, "swap at %d", i)
		}
	}
}

// TestKeysHideTheirSecret prints a key in every way that comes to mind, from
// inside of other values as well.
func TestKeysHideTheirSecret(t *testing.T) {
	k, err := ParseKey(goldenKey)
	require.NoError(t, err)
	type config struct {
		Key     APIKey
		Pointer *APIKey
		hidden  APIKey
		list    []APIKey
	}
	c := config{k, &k, k, []APIKey{k}}
	var out bytes.Buffer
	for _, v := range []any{k, &k, c, &c, []APIKey{k}, map[string]APIKey{"key": k}, map[string]any{"key": c}, fmt.Errorf("with %v", k)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o", "%U", "%c", "%t", "%e", "%p", "%64s"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		text, err := json.Marshal(v)
		assert.NoError(t, err)
		out.Write(text)
		for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
			slog.New(h).Info("key", "key", v, slog.Group("group", "key", v))
		}
	}
	gob.NewEncoder(&out).Encode(k)
	fmt.Fprint(&out, dump(c))
	assert.Equal(t, "flxu_0123456789…", k.String())
	text, _ := json.Marshal(k)
	assert.Equal(t, `"flxu_0123456789…"`, string(text))
	assert.Equal(t, "flxu_0123456789…", fmt.Sprintf("%#v", k))
	assert.Equal(t, slog.StringValue("flxu_0123456789…"), slog.AnyValue(k).Resolve())
	assert.Contains(t, dump(c), "flxu_0123456789")

	private := k.private()
	for name, secret := range map[string][]byte{
		"the text": []byte(goldenKey[idEnd:seedEnd]),
		"bytes":    private.Seed(),
		"hex":      []byte(hex.EncodeToString(private.Seed()[:8])),
		"HEX":      []byte(strings.ToUpper(hex.EncodeToString(private.Seed()[:8]))),
		"a dump":   []byte(fmt.Sprintf("% x", private.Seed()[:8])),
		"a string": []byte(strings.Trim(strconv.Quote(string(private.Seed()[:6])), `"`)),
		"decimal":  []byte(strings.Trim(fmt.Sprint(private.Seed()[:6]), "[]")),
		"go":       []byte(strings.Trim(strings.TrimPrefix(fmt.Sprintf("%#v", private.Seed()[:6]), "[]byte"), "{}")),
	} {
		assert.False(t, bytes.Contains(out.Bytes(), secret), "printing shows the secret as %s", name)
	}
	assert.Greater(t, bytes.Count(out.Bytes(), []byte("flxu_0123456789")), 100)
}

// dump prints v as assertion libraries do: by reflection, without calling
// methods, through pointers and unexported fields.
func dump[T any](v T) string {
	r := new(failure)
	var zero T
	assert.Equal(r, zero, v)
	return r.text
}

type failure struct{ text string }

func (f *failure) Errorf(format string, args ...any) { f.text += fmt.Sprintf(format, args...) }

func TestNoKey(t *testing.T) {
	var k APIKey
	assert.Empty(t, k.ID())
	assert.Zero(t, k.Kind())
	assert.Empty(t, k.Reveal())
	assert.Nil(t, k.Public())
	assert.Nil(t, k.Sign([]byte("x")))
	assert.Equal(t, "no key", k.String())
}

// FuzzParseKey holds that what is read is written again as it was.
func FuzzParseKey(f *testing.F) {
	f.Add(goldenKey)
	f.Add("flxs_" + strings.Repeat("0", 59))
	f.Add("flxu_" + strings.Repeat("z", 59))
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseKey(text)
		// What fails at the checksum alone would hide what is behind it.
		if err != nil && len(text) == sumEnd {
			text = text[:seedEnd] + checksum(text[:seedEnd])
			k, err = ParseKey(text)
		}
		if err != nil {
			if err != ErrKey || k.ID() != "" || k.Public() != nil {
				t.Fatalf("%q: %v and a key", text, err)
			}
			return
		}
		if k.Reveal() != text {
			t.Fatalf("%q comes back as %q", text, k.Reveal())
		}
		if !ed25519.Verify(k.Public(), []byte(text), k.Sign([]byte(text))) {
			t.Fatalf("%q does not sign", text)
		}
	})
}
