package ledger

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shortened returns what Short leaves of a piece, after checking that it comes back, also
// with a Chain that was written down.
func shortened(t testing.TB, c *Copier, p Piece) (short []byte, encoded string) {
	t.Helper()
	making, err := c.Chain()
	require.NoError(t, err)
	encoded = making.Encode()
	var whole, again []byte
	for line := range bytes.Lines(p.Data) {
		start := len(short)
		short = making.Short(short, line)
		whole, err = making.Whole(whole, short[start:])
		require.NoError(t, err)
	}
	require.Equal(t, string(p.Data), string(whole))
	reading, err := ParseChain(p.First, encoded)
	require.NoError(t, err)
	for line := range bytes.Lines(short) {
		again, err = reading.Whole(again, line)
		require.NoError(t, err)
	}
	require.Equal(t, string(p.Data), string(again))
	require.Equal(t, p.Root, reading.front.root())
	require.Equal(t, making.Encode(), reading.Encode())
	return short, encoded
}

// Whatever the piece of a log, all roots and links in it are left out and come back, and
// so do the roots in notes but for those of records before the piece.
func TestChain(t *testing.T) {
	for _, most := range []int{1, 700, 3 << 10, 1 << 20} {
		o := testOptions(t)
		now := fixedTime()
		o.Now = func() time.Time { return now }
		o.MaxSegment = 4 << 10
		l, dir := newLog(t, o)
		for day := range 3 {
			now = fixedTime().AddDate(0, 0, day)
			appendSync(t, l, 20*day, 20)
		}
		require.NoError(t, l.Close())
		c := openReader(t, dir).Copier(nil)
		notes, pieces := 0, 0
		for ; ; pieces++ {
			p, err := c.Next(most, 0)
			require.NoError(t, err)
			if len(p.Data) == 0 {
				break
			}
			short, _ := shortened(t, c, p)
			require.NotContains(t, string(short), rootField)
			require.NotContains(t, string(short), linkField)
			for line := range strings.Lines(string(short)) {
				if parts := strings.Split(line, `\n`); len(parts) > 3 {
					size, ok := plainDecimal([]byte(parts[1]))
					require.True(t, ok)
					require.Equal(t, size >= p.First, parts[2] == "", line)
					notes++
				}
			}
			c.Pass(p)
		}
		require.Greater(t, notes, 2)
		require.Greater(t, pieces, 2)
	}
}

// Behind records that were purged a Chain is what the log signed of them.
func TestChainBehindPurge(t *testing.T) {
	l, _, dir, _ := newOldLog(t)
	_, err := l.Purge(until(fixedTime().AddDate(0, 0, 2)), 100, false)
	require.NoError(t, err)
	c := openReader(t, dir).Copier(nil)
	p, err := c.Next(1<<20, 0)
	require.NoError(t, err)
	require.NotZero(t, p.First)
	shortened(t, c, p)
}

// Commit lines of flexor.ledger/v1 are left as they are, and do not come back.
func TestChainOfV1(t *testing.T) {
	l, dir := newLogV1(t, testOptions(t))
	appendSync(t, l, 0, 3)
	require.NoError(t, l.Close())
	c := openReader(t, dir).Copier(nil)
	p, err := c.Next(1<<20, 0)
	require.NoError(t, err)
	chain, err := c.Chain()
	require.NoError(t, err)
	refused := 0
	for line := range bytes.Lines(p.Data) {
		require.Equal(t, string(line), string(chain.Short(nil, line)))
		if _, err := chain.Whole(nil, line); err != nil {
			refused++
		}
	}
	require.Equal(t, bytes.Count(p.Data, []byte(commitPrefix)), refused)
}

func TestParseChain(t *testing.T) {
	for text, sizes := range map[string][]uint64{
		"":    {0, 1},
		"!":   {0},
		"AAA": {0},
		base64.StdEncoding.EncodeToString(make([]byte, 32)):                          {1, 7},
		base64.StdEncoding.EncodeToString(make([]byte, 64)):                          {0, 3},
		base64.StdEncoding.EncodeToString(make([]byte, 63)):                          {1},
		strings.TrimSuffix(base64.StdEncoding.EncodeToString(make([]byte, 32)), "="): {0},
	} {
		for _, size := range sizes {
			_, err := ParseChain(size, text)
			require.Error(t, err, "%d records, %q", size, text)
		}
	}
	c, err := ParseChain(5, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("abcdefgh"), 12)))
	require.NoError(t, err)
	require.Equal(t, uint64(5), c.front.size)
	require.Len(t, c.front.hashes, 2)
}

// FuzzChain checks that no line is too strange for Whole, and that what it makes of a
// commit line is one.
func FuzzChain(f *testing.F) {
	o := testOptions(f)
	l, dir := newLog(f, o)
	appendSync(f, l, 0, 5)
	require.NoError(f, l.Close())
	c := openReader(f, dir).Copier(nil)
	p, err := c.Next(1<<20, 0)
	require.NoError(f, err)
	short, encoded := shortened(f, c, p)
	f.Add(uint64(0), encoded, short)
	f.Add(uint64(3), base64.StdEncoding.EncodeToString(make([]byte, 96)), []byte(`{"checkpoint":3,"durable":0,"signed":"a\n3\n\n\n","mac":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`+"\n"))
	f.Fuzz(func(t *testing.T, size uint64, text string, short []byte) {
		c, err := ParseChain(size, text)
		if err != nil {
			return
		}
		for line := range bytes.Lines(short) {
			whole, err := c.Whole(nil, line)
			if err != nil {
				return
			}
			if !IsCommit(line) {
				require.Equal(t, line, whole)
				continue
			}
			require.True(t, bytes.HasPrefix(whole, []byte(commitPrefix)))
			require.True(t, bytes.HasSuffix(whole, []byte("\"}\n")))
			if l, err := parseCommitLine(bytes.TrimSuffix(whole, []byte("\n"))); err == nil {
				require.Equal(t, c.front.size, l.size)
				require.Equal(t, c.front.root(), l.root)
				require.Equal(t, c.link, link(l.link))
			}
		}
	})
}
