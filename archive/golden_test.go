package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/ledger"
)

// golden is a copy in testdata of the log there, made by the version of this software
// that began the format. It is never made anew: it stands for the copies that are out
// there.
func golden(t testing.TB, folder string) memory {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("testdata", folder))
	require.NoError(t, err)
	dir, err := OpenDir(root)
	require.NoError(t, err)
	out := memory{}
	for o, err := range dir.List(ctx, "", "") {
		require.NoError(t, err)
		out[o.Name], err = dir.Get(ctx, o.Name)
		require.NoError(t, err)
	}
	require.Len(t, out, 9)
	return out
}

// goldenLog is the log in testdata.
var goldenLog = filepath.Join("testdata", "log", "audit-log")

// goldenFormats are the folders in testdata and the format of the chunks in them.
var goldenFormats = map[string]string{"v1": formatWhole, "v2": formatShort}

// restoresGolden checks that the log in testdata is restored from store, byte for byte.
func restoresGolden(t *testing.T, store Store) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	got, err := Restore(ctx, store, sentLog, dir)
	require.NoError(t, err)
	require.Equal(t, Restored{Origin: "flexor/test/audit-log", Records: 60, Chunks: 8, Segments: 2, Bytes: 25102}, got)
	require.Equal(t, content(t, goldenLog), content(t, dir))
	at, err := Differ(ctx, store, goldenLog)
	require.NoError(t, err)
	require.Nil(t, at)
}

// A copy is restored in whatever format it was made, also if it was made in both.
func TestGolden(t *testing.T) {
	for folder, format := range goldenFormats {
		t.Run(folder, func(t *testing.T) {
			store := golden(t, folder)
			restoresGolden(t, store)
			for name, object := range store {
				if !strings.HasSuffix(name, chunkExt) {
					continue
				}
				what, _, err := readLabel(object)
				require.NoError(t, err)
				require.Equal(t, format, what.Format)
			}
		})
	}
	t.Run("both", func(t *testing.T) {
		store := golden(t, "v1")
		for i, name := range slices.Sorted(maps.Keys(store)) {
			if i%2 == 0 {
				store[name] = golden(t, "v2")[name]
			}
		}
		restoresGolden(t, store)
	})
}

// A copy that was begun in the first format is gone on with in the second.
func TestGoOnAfterV1(t *testing.T) {
	store := golden(t, "v1")
	names := slices.Sorted(maps.Keys(store))
	for _, name := range names[5:8] { // the end of the second segment
		delete(store, name)
	}
	dir, err := filepath.Abs(goldenLog)
	require.NoError(t, err)
	f := start(t, fast(t.TempDir(), store, &testLog{dir: dir}))
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	what, _ := newest(t, store)
	require.Equal(t, formatShort, what.Format)
	restored := filepath.Join(t.TempDir(), "log")
	_, err = Restore(ctx, store, sentLog, restored)
	require.NoError(t, err)
	require.Equal(t, content(t, goldenLog), content(t, restored))
}

// Whatever bit of an object changes, and wherever it is cut off: that is noticed, or the
// same bytes of the log are read.
func TestGoldenDamage(t *testing.T) {
	for folder := range goldenFormats {
		store := golden(t, folder)
		object := store[slices.Sorted(maps.Keys(store))[1]] // a log stood before it
		_, want, err := openChunk(object)
		require.NoError(t, err)
		bits := 8
		if testing.Short() {
			bits = 1
		}
		damaged := 0
		for i := range object {
			for bit := range bits {
				bad := bytes.Clone(object)
				bad[i] ^= 1 << ((i + bit) % 8)
				_, data, err := openChunk(bad)
				if err != nil {
					require.ErrorIs(t, err, ErrDamaged)
					damaged++
					continue
				}
				require.True(t, bytes.Equal(want, data))
			}
			_, _, err := openChunk(object[:i])
			require.ErrorIs(t, err, ErrDamaged)
		}
		require.Greater(t, damaged, len(object)*bits/2, folder)
	}
}

// What standard tools make of a short chunk are the records as they stand in the log, and
// JSON on each line.
func TestShortChunkIsReadable(t *testing.T) {
	dec, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer dec.Close()
	store := golden(t, "v2")
	for name, object := range store {
		if !strings.HasSuffix(name, chunkExt) {
			continue
		}
		_, whole, err := openChunk(object)
		require.NoError(t, err)
		text, err := dec.DecodeAll(object, nil)
		require.NoError(t, err)
		lines := strings.Split(string(text), "\n")
		for i, line := range strings.Split(string(whole), "\n") {
			switch {
			case line == "":
				require.Empty(t, lines[i])
			case ledger.IsCommit([]byte(line)):
				require.True(t, json.Valid([]byte(lines[i])), lines[i])
				require.Less(t, len(lines[i]), len(line)-100)
			default:
				require.Equal(t, line, lines[i])
			}
		}
		if tool, err := exec.LookPath("zstd"); err == nil {
			cmd := exec.Command(tool, "-dc")
			cmd.Stdin = bytes.NewReader(object)
			out, err := cmd.Output()
			require.NoError(t, err)
			require.Equal(t, string(text), string(out))
		}
	}
}

// Who changes a record and makes all anew that takes no key, hash, roots and links, is
// found out by the signatures.
func TestForgedChunk(t *testing.T) {
	vault, store := t.TempDir(), memory{}
	l := newTestLog(t, vault, "audit-log", 0)
	l.add(t, 4, 100)
	f := start(t, fast(vault, store, l))
	require.NoError(t, f.Flush(ctx))
	require.NoError(t, f.Close())
	what, data := newest(t, store)
	require.Zero(t, what.First)
	making, err := ledger.ParseChain(0, what.Chain)
	require.NoError(t, err)
	forging, err := ledger.ParseChain(0, what.Chain)
	require.NoError(t, err)
	var forged []byte
	for line := range bytes.Lines(data) {
		short := making.Short(nil, line)
		_, err := making.Whole(nil, short)
		require.NoError(t, err)
		forged, err = forging.Whole(forged, bytes.Replace(short, []byte(`"n":1,`), []byte(`"n":7,`), 1))
		require.NoError(t, err)
	}
	require.NotEqual(t, data, forged)
	sum := sha256.Sum256(forged)
	what.SHA256 = hex.EncodeToString(sum[:])
	store[sentLog+"/"+what.name()] = pack(t, &what, forged)
	require.Equal(t, formatShort, what.Format)
	_, read, err := get(ctx, store, sentLog+"/", what.name())
	require.NoError(t, err, "the object goes with itself")
	require.Equal(t, string(forged), string(read))
	_, err = Restore(ctx, store, sentLog, filepath.Join(t.TempDir(), "log"))
	require.ErrorIs(t, err, ErrDamaged)
}
