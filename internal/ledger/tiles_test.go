package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tileDir reads tiles as a client of a transparency log would.
type tileDir struct {
	t   testing.TB
	dir string
}

func (d tileDir) Height() int { return 8 }

func (d tileDir) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		b, err := os.ReadFile(filepath.Join(d.dir, strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		require.NoError(d.t, err)
		data = append(data, b)
	}
	return data, nil
}

func (d tileDir) SaveTiles([]tlog.Tile, [][]byte) {}

func TestTiles(t *testing.T) {
	o := testOptions(t)
	o.MaxSegment = 16 << 10
	l, dir := newLog(t, o)
	const n = 700 // two full tiles and a part of one
	for i := range n {
		_, err := l.Append(record(i))
		require.NoError(t, err)
	}
	require.NoError(t, l.Flush(context.Background()))
	r := openReader(t, dir)
	out := filepath.Join(t.TempDir(), "tiles")
	tiles, err := r.WriteTiles(context.Background(), out)
	require.NoError(t, err)
	require.Zero(t, tiles.Unbundled)

	v, err := note.NewVerifier(r.Info().PublicKey)
	require.NoError(t, err)
	signed, err := os.ReadFile(filepath.Join(out, "checkpoint"))
	require.NoError(t, err)
	cp, err := ParseCheckpoint(signed, v)
	require.NoError(t, err)
	require.Equal(t, uint64(n), cp.Size)

	hashes := tlog.TileHashReader(tlog.Tree{N: n, Hash: cp.Root}, tileDir{t, out})
	root, err := tlog.TreeHash(n, hashes)
	require.NoError(t, err)
	require.Equal(t, cp.Root, root)

	i := 0
	for _, name := range []string{"000", "001", "002.p/188"} {
		bundle, err := os.ReadFile(filepath.Join(out, "tile", "entries", filepath.FromSlash(name)))
		require.NoError(t, err)
		for len(bundle) > 0 {
			size := int(binary.BigEndian.Uint16(bundle))
			line := bundle[2 : 2+size]
			bundle = bundle[2+size:]
			require.Equal(t, string(record(i)), unsalted(line))
			proof, err := tlog.ProveRecord(n, int64(i), hashes)
			require.NoError(t, err)
			require.NoError(t, tlog.CheckRecord(proof, n, cp.Root, int64(i), tlog.RecordHash(line)))
			i++
		}
	}
	require.Equal(t, n, i)

	_, err = r.WriteTiles(context.Background(), out)
	require.ErrorContains(t, err, "not empty")
}

// A record that is too long for an entry of tlog-tiles costs its bundle, and
// that is said.
func TestTilesWithALongRecord(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	_, err := l.Append(record(0), fmt.Appendf(nil, `{"long":%q}`, strings.Repeat("x", 1<<16)), record(2))
	require.NoError(t, err)
	require.NoError(t, l.Flush(context.Background()))
	out := t.TempDir()
	tiles, err := openReader(t, dir).WriteTiles(context.Background(), out)
	require.NoError(t, err)
	require.Equal(t, 1, tiles.Unbundled)
	require.NoDirExists(t, filepath.Join(out, "tile", "entries"))
	require.FileExists(t, filepath.Join(out, "tile", "0", "000.p", "3"))
}
