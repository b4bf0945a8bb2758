package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flexorhq/flexor-go/internal/ledger"
)

func TestMain(m *testing.M) {
	if runChild() {
		return
	}
	goleak.VerifyTestMain(m)
}

// testObject returns a chunk with those bytes, and its object.
func testObject(t testing.TB, data []byte) (chunk, []byte) {
	t.Helper()
	sum := sha256.Sum256(data)
	c := chunk{Log: "flexor/test/audit-log", Segment: "segments/2026-04-30/00000000000000000000.jsonl",
		Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:]), Size: 7, Checkpoint: "note"}
	return c, pack(t, &c, data)
}

// pack returns the object of a chunk at the beginning of a log.
func pack(t testing.TB, c *chunk, data []byte) []byte {
	t.Helper()
	p, err := newPress()
	require.NoError(t, err)
	chain, err := ledger.ParseChain(0, base64.StdEncoding.EncodeToString(make([]byte, 32)))
	require.NoError(t, err)
	object, err := p.pack(c, chain, data)
	require.NoError(t, err)
	require.NoError(t, p.close())
	return object
}

func TestChunk(t *testing.T) {
	data := bytes.Repeat([]byte("{\"kind\":\"task\"}\n"), 1000)
	c, object := testObject(t, data)
	got, there, err := openChunk(object)
	require.NoError(t, err)
	require.Equal(t, c, got)
	require.Equal(t, data, there)
	require.Equal(t, "dt=2026-04-30/00000000000000000000-00000000000000000006.jsonl.zst", c.name())
	s, ok := parseName(c.name())
	require.True(t, ok)
	require.Equal(t, span{0, 7}, s)
	c.First, c.Offset = 7, 812
	require.Equal(t, "dt=2026-04-30/00000000000000000007-00000000000000000006-0000000812.jsonl.zst", c.name(), "the end of a segment has no records")
	s, ok = parseName(c.name())
	require.True(t, ok)
	require.Equal(t, span{7, 7}, s)

	for i := range object { // a byte that changes leaves the records as they are, or is noticed
		bad := bytes.Clone(object)
		bad[i] ^= 1
		if _, there, err := openChunk(bad); err != nil {
			require.ErrorIs(t, err, ErrDamaged)
		} else {
			require.Equal(t, data, there)
		}
	}
	for n := range object {
		_, _, err := openChunk(object[:n])
		require.ErrorIs(t, err, ErrDamaged)
	}
}

// Lines that would not come back are kept as they are.
func TestChunkOfOtherLines(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(goldenLog, "segments", "2026-04-30", "00000000000000000000.jsonl"))
	require.NoError(t, err)
	for text, format := range map[string]string{
		string(data): formatShort,
		strings.Replace(string(data), `"root":"`, `"root":"A`, 1): formatWhole,
		strings.Replace(string(data), `"kind"`, `"kinds"`, 1):     formatWhole, // another record than that of the root
		string(data[:len(data)-1]):                                formatWhole,
		strings.Replace(string(data), "}\n", "}\n\n", 1):          formatWhole,
		"{\"checkpoint\":1}\n":                                    formatWhole,
		"{}\n":                                                    formatShort,
		"{}":                                                      formatShort,
	} {
		c, object := testObject(t, []byte(text))
		require.Equal(t, format, c.Format, text[:min(len(text), 400)])
		require.Equal(t, format == formatShort, c.Chain != "")
		got, there, err := openChunk(object)
		require.NoError(t, err)
		require.Equal(t, c, got)
		require.Equal(t, text, string(there))
	}
}

func FuzzOpenChunk(f *testing.F) {
	_, object := testObject(f, []byte("{\"a\":1}\n"))
	f.Add(object)
	f.Add(object[:20])
	for folder := range goldenFormats {
		for name, object := range golden(f, folder) {
			if strings.HasSuffix(name, chunkExt) {
				f.Add(object)
			}
		}
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		c, data, err := openChunk(object)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		require.Len(t, data, int(c.Bytes))
		s, ok := parseName(c.name())
		require.True(t, ok)
		require.Equal(t, span{c.First, c.Size}, s)
	})
}

func FuzzParseName(f *testing.F) {
	f.Add("dt=2026-04-30/00000000000000000000-00000000000000000006.jsonl.zst")
	f.Fuzz(func(t *testing.T, name string) {
		if s, ok := parseName(name); ok {
			require.LessOrEqual(t, s.first, s.size)
		}
	})
}

func FuzzParseState(f *testing.F) {
	f.Add([]byte(`{"format":"flexor.forward/v1","destination":"x","log":"flexor/test/audit-log","dir":"audit-log","size":7,"sealed":false,"sending":{"segment":"s","offset":1,"end":2,"checkpoint":"n"}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, ok := parseState(data)
		if !ok {
			return
		}
		require.Equal(t, stateFormat, s.Format)
		if s.Sending != nil { // whatever it says, what is read at once is bounded
			require.LessOrEqual(t, s.Sending.length(), maxChunk)
			require.Positive(t, s.Sending.length())
		}
	})
}
