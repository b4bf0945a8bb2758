package lineage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// proved records some runs in a vault, one of which has not ended, and proves an answer.
func proved(tb testing.TB) (dir, key string, res *lineage.Result) {
	tb.Helper()
	home := tb.TempDir()
	_, err := vaultcfg.Init(home, "test", vaultcfg.L2, vaultcfg.Sandbox)
	require.NoError(tb, err)
	v, err := flexor.Open(tb.Context(), home, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, v.Close()) })
	agent := func(name string, fn func(run *audit.Run)) {
		require.NoError(tb, v.Audit.Do(tb.Context(), name, audit.Trigger{}, func(_ context.Context, run *audit.Run) error {
			fn(run)
			return nil
		}))
	}
	agent("loader", func(run *audit.Run) { lineage.Write(run, "db", "db://x/prices/", lineage.From()) })
	_, open, err := v.Audit.Start(context.Background(), "watcher", audit.Trigger{})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, open.End(nil)) })
	lineage.Read(open, "db", "db://x/prices/2026-04-30")
	agent("reporter", func(run *audit.Run) {
		lineage.Read(run, "db", "db://x/prices/2026-04-30", lineage.Version("7"))
		lineage.Read(run, "db", "db://x/rates")
		lineage.Write(run, "db", "db://x/nav", lineage.Version("1"))
		lineage.Append(run, "db", "db://x/notes", lineage.From("db://x/prices/", "db://x/other"))
	})
	agent("mailer", func(run *audit.Run) { lineage.Read(run, "db", "db://x/nav") })
	dir = filepath.Join(tb.TempDir(), "proof")
	res, err = lineage.Prove(tb.Context(), v.Log, lineage.Query{Record: "db://x/nav", Direction: lineage.Both}, dir)
	require.NoError(tb, err)
	other, err := lineage.Prove(tb.Context(), v.Log, lineage.Query{Record: "db://x/prices/2026-04-30", Direction: lineage.Both}, dir+"2")
	require.NoError(tb, err)
	checked, err := lineage.CheckProof(os.DirFS(dir+"2"), v.Log.PublicKey())
	require.NoError(tb, err)
	assert.Equal(tb, 1, checked.Unended)
	assert.Equal(tb, len(other.Edges), len(checked.Result.Edges))
	return dir, v.Log.PublicKey(), res
}

// An answer is proved by the records that it rests on, without the log.
func TestProof(t *testing.T) {
	dir, key, res := proved(t)
	got, err := lineage.CheckProof(os.DirFS(dir), key)
	require.NoError(t, err)
	want, err := json.Marshal(res)
	require.NoError(t, err)
	have, err := json.Marshal(got.Result)
	require.NoError(t, err)
	assert.JSONEq(t, string(want), string(have))
	assert.Equal(t, len(res.Cites()), got.Records)
	require.Greater(t, got.Records, 5)
	for _, e := range res.Edges {
		assert.Contains(t, res.Cites(), e.Position, "every edge cites its record")
	}

	_, err = lineage.Prove(t.Context(), empty{}, lineage.Query{}, dir)
	require.ErrorContains(t, err, "the log is empty")
	_, err = lineage.CheckProof(os.DirFS(dir), "key")
	require.ErrorIs(t, err, lineage.ErrProof)
	_, otherKey, _ := proved(t)
	_, err = lineage.CheckProof(os.DirFS(dir), otherKey)
	require.ErrorIs(t, err, lineage.ErrProof)
}

// empty is an empty log.
type empty struct{ lineage.Provable }

func (empty) Head() (ledger.Checkpoint, error) { return ledger.Checkpoint{}, nil }

// Whatever byte of a proof is changed, it does not hold, or says the same.
func TestForgedProof(t *testing.T) {
	dir, key, res := proved(t)
	want := fmt.Sprintf("%+v", strip(t, res))
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 4)
	step := 1
	if testing.Short() {
		step = 11
	}
	refused := 0
	for _, name := range names {
		file := filepath.Join(dir, name.Name())
		right, err := os.ReadFile(file)
		require.NoError(t, err)
		for i := 0; i < len(right); i += step {
			forged := append([]byte{}, right...)
			forged[i] ^= 1
			require.NoError(t, os.WriteFile(file, forged, 0o644))
			got, err := lineage.CheckProof(os.DirFS(dir), key)
			if err != nil {
				require.ErrorIs(t, err, lineage.ErrProof)
				refused++
				continue
			}
			if name.Name() != "answer.json" {
				require.Equal(t, want, fmt.Sprintf("%+v", strip(t, got.Result)), "%s, byte %d", name.Name(), i)
			}
		}
		require.NoError(t, os.WriteFile(file, right, 0o644))
	}
	assert.Greater(t, refused, 1000/step)

	answer := filepath.Join(dir, "answer.json")
	right, err := os.ReadFile(answer)
	require.NoError(t, err)
	for _, change := range [][2]string{
		{"reporter", "reported"}, {`"read_by"`, `"written_by"`}, {"db://x/nav", "db://x/nov"}, {`"made": true`, `"made": false`}, {`"explicit": false`, `"explicit": true`},
		{`"success"`, `"failed"`}, {`"read"`, `"write"`}, {`"source": "db"`, `"source": "dw"`}, {`"position": `, `"position": 1`},
	} {
		require.Contains(t, string(right), change[0])
		require.NoError(t, os.WriteFile(answer, []byte(strings.Replace(string(right), change[0], change[1], 1)), 0o644))
		_, err := lineage.CheckProof(os.DirFS(dir), key)
		require.ErrorIs(t, err, lineage.ErrProof, change)
	}
}

// strip returns what an answer says as plain values.
func strip(tb testing.TB, r *lineage.Result) (out map[string]any) {
	b, err := json.Marshal(r)
	require.NoError(tb, err)
	require.NoError(tb, json.Unmarshal(b, &out))
	return out
}
