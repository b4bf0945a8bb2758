package ledger

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The ends of finished segments are those of the signed tree, and one that is missing is
// noticed.
func TestEnds(t *testing.T) {
	a, _, dir, day := newOldLog(t)
	r, err := OpenReader(nil, dir)
	require.NoError(t, err)
	check := func(first uint64) (ends []End) {
		start, ends, live, err := r.Ends()
		require.NoError(t, err)
		assert.Equal(t, first, start.Size)
		tree := Tree{}
		next := start.Size
		for _, e := range ends {
			assert.Equal(t, next, e.First)
			next = e.Size
			for ; first == 0 && tree.Size() < e.Size; tree.Add(lineAt(t, r, tree.Size())) {
			}
			if first == 0 {
				assert.Equal(t, tree.Root(), e.Root)
			}
			assert.NotEqual(t, live, e.Name)
		}
		assert.NotEmpty(t, live)
		return ends
	}
	ends := check(0)
	require.Len(t, ends, 3, "four days, of which the last goes on")

	p, err := a.Purge(until(day.now().AddDate(0, 0, -2)), 1<<40, false)
	require.NoError(t, err)
	require.Equal(t, ends[0].Size, p.To)
	start, _, _, err := r.Ends()
	require.NoError(t, err)
	assert.Equal(t, ends[0].Root, start.Root)
	check(p.To)

	name := filepath.Join(dir, filepath.FromSlash(ends[1].Name))
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.Remove(name))
	_, _, _, err = r.Ends()
	require.ErrorIs(t, err, ErrCorrupt)
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, data, 0o644))
}

// lineAt returns a record's line.
func lineAt(t *testing.T, r *Reader, index uint64) []byte {
	rec, err := r.Record(t.Context(), index)
	require.NoError(t, err)
	return rec.Line
}
