package ledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestFollowByPieces follows a log from its beginning, with little of a segment in memory at
// once: the records are those that stand in it, with or without the tree file.
func TestFollowByPieces(t *testing.T) {
	o := testOptions(t)
	now := fixedTime()
	o.Now = func() time.Time { return now }
	l, dir := newLog(t, o)
	for day := range 3 {
		now = fixedTime().AddDate(0, 0, day)
		for i := range 20 {
			_, err := l.AppendSync([]byte(fmt.Sprintf(`{"n":%d,"pad":%q}`, i, strings.Repeat("x", 37*i))))
			require.NoError(t, err)
		}
	}
	var want []Record
	for rec, err := range openReader(t, dir).Records(context.Background(), 0, false) {
		require.NoError(t, err)
		want = append(want, rec)
	}
	follow := func(most int) (out []Record, largest int) {
		f := &follower{r: openReader(t, dir), most: most}
		defer f.close()
		for {
			recs, more, err := f.read(0)
			require.NoError(t, err)
			out, largest = append(out, recs...), max(largest, len(recs))
			if !more && len(out) >= len(want) {
				return out, largest
			}
		}
	}
	sizes := map[int]int{1: 2, 3 << 10: 12, 1 << 20: 20}
	for most, records := range sizes {
		got, largest := follow(most)
		require.Equal(t, want, got, most)
		require.LessOrEqual(t, largest, records, most)
	}
	require.NoError(t, os.Remove(filepath.Join(dir, treeName)))
	for most := range sizes {
		got, _ := follow(most)
		require.Equal(t, want, got, most)
	}
}
