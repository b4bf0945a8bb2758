package ledger

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// segmentsOf returns the segments of a log without padding.
func segmentsOf(t testing.TB, dir string) map[string]string {
	t.Helper()
	segs, _, err := listSegments(durable.Disk{}, dir)
	require.NoError(t, err)
	out := map[string]string{}
	for _, s := range segs {
		data, err := os.ReadFile(s.path(dir))
		require.NoError(t, err)
		out[s.name()] = string(bytes.TrimRight(data, "\x00"))
	}
	return out
}

// copyPieces copies what Next has into got, and checks that each piece begins
// where the one before it ended.
func copyPieces(t testing.TB, c *Copier, most int, got map[string]string) (pieces []Piece) {
	t.Helper()
	for {
		p, err := c.Next(most, 0)
		require.NoError(t, err)
		if len(p.Data) == 0 {
			return pieces
		}
		require.Len(t, got[p.Segment], int(p.Offset))
		require.LessOrEqual(t, p.Size, p.Head.Size)
		got[p.Segment] += string(p.Data)
		c.Pass(p)
		p.Data = nil
		pieces = append(pieces, p)
	}
}

// A log is copied byte for byte, whatever the size of the pieces, by one Copier while
// it grows and by another one afterwards.
func TestCopier(t *testing.T) {
	for _, most := range []int{1, 700, 3 << 10, 1 << 20} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			o := testOptions(t)
			now := fixedTime()
			o.Now = func() time.Time { return now }
			o.MaxSegment = 4 << 10
			l, dir := newLog(t, o)
			r := openReader(t, dir)
			live, got := r.Copier(nil), map[string]string{}
			for day := range 3 {
				now = fixedTime().AddDate(0, 0, day)
				for i := range 30 {
					_, err := l.AppendSync([]byte(fmt.Sprintf(`{"n":%d,"pad":%q}`, i, bytes.Repeat([]byte("x"), rand.IntN(300)))))
					require.NoError(t, err)
					if i%7 == 0 {
						copyPieces(t, live, most, got)
					}
				}
			}
			copyPieces(t, live, most, got)
			require.Equal(t, segmentsOf(t, dir), got)

			again := map[string]string{}
			pieces := copyPieces(t, r.Copier(nil), most, again)
			require.Equal(t, got, again)
			require.Greater(t, len(pieces), len(got)-1)
			head, err := r.Head()
			require.NoError(t, err)
			require.Equal(t, head.Size, pieces[len(pieces)-1].Size)
			require.Equal(t, head.Root, pieces[len(pieces)-1].Root)

			for range 20 { // any place where a piece ends can be gone to
				p := pieces[rand.IntN(len(pieces))]
				c := r.Copier(nil)
				ok, err := c.Seek(p.Segment, p.Offset)
				require.NoError(t, err)
				require.True(t, ok)
				at, err := c.Next(most, p.Offset+int64(len(again[p.Segment])))
				require.NoError(t, err)
				require.Equal(t, p.First, at.First)
				ok, err = c.Seek(p.Segment, p.Offset+1)
				require.NoError(t, err)
				require.False(t, ok)
				same, err := c.Next(most, 0)
				require.NoError(t, err)
				require.Equal(t, p.First, same.First, "it stayed")
			}
		})
	}
}

// What is not known to be on disk is not copied, and neither is what follows the
// end that was asked for.
func TestCopierEnds(t *testing.T) {
	l, dir := newLog(t, testOptions(t))
	for range 3 {
		_, err := l.AppendSync([]byte(`{"a":1}`))
		require.NoError(t, err)
	}
	c := openReader(t, dir).Copier(nil)
	require.True(t, c.Full(100))
	require.False(t, c.Full(1<<20))
	first, err := c.Next(1, 0)
	require.NoError(t, err)
	require.Equal(t, uint64(1), first.Size)
	ahead := openReader(t, dir).Copier(nil)
	p, err := ahead.Next(1, 0)
	require.NoError(t, err)
	ahead.Pass(p)
	p, err = ahead.Next(1, 0)
	require.NoError(t, err)
	two, err := c.Next(1<<20, p.Offset+int64(len(p.Data))+20)
	require.NoError(t, err)
	require.Equal(t, uint64(2), two.Size, "the third commit goes beyond it")

	note := filepath.Join(dir, checkpointName)
	before, err := os.ReadFile(note)
	require.NoError(t, err)
	_, err = l.AppendSync([]byte(`{"a":2}`))
	require.NoError(t, err)
	after, err := os.ReadFile(note)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(note, before, 0o644))
	all, err := c.Next(1<<20, 0)
	require.NoError(t, err)
	require.Equal(t, uint64(3), all.Size)
	require.NoError(t, os.WriteFile(note, after, 0o644))
	all, err = c.Next(1<<20, 0)
	require.NoError(t, err)
	require.Equal(t, uint64(4), all.Size)
	require.Equal(t, after, all.Head.Note)
}

// A log without its tree file, which is derived, is copied as any other: any place where a
// commit ends can be gone to, and gone on from.
func TestCopierWithoutTree(t *testing.T) {
	o := testOptions(t)
	o.MaxSegment = 4 << 10
	l, dir := newLog(t, o)
	for i := range 40 {
		_, err := l.AppendSync([]byte(fmt.Sprintf(`{"n":%d}`, i)))
		require.NoError(t, err)
	}
	r, want := openReader(t, dir), map[string]string{}
	pieces := copyPieces(t, r.Copier(nil), 1, want)
	require.Greater(t, len(want), 3)
	require.NoError(t, os.Remove(filepath.Join(dir, treeName)))
	for _, p := range pieces {
		c := r.Copier(nil)
		ok, err := c.Seek(p.Segment, p.Offset)
		require.NoError(t, err)
		require.True(t, ok, "%s at %d", p.Segment, p.Offset)
		next, err := c.Next(1, 0)
		require.NoError(t, err)
		require.Equal(t, p.Size, next.Size)
	}
	got := map[string]string{}
	copyPieces(t, r.Copier(nil), 1, got)
	require.Equal(t, want, got)
}

// Damage is not copied.
func TestCopierNoticesDamage(t *testing.T) {
	o := testOptions(t)
	l, dir := newLog(t, o)
	for range 5 {
		_, err := l.AppendSync([]byte(`{"a":1}`))
		require.NoError(t, err)
	}
	r := openReader(t, dir)
	c := r.Copier(nil)
	p, err := c.Next(1, 0)
	require.NoError(t, err)
	c.Pass(p)
	path := filepath.Join(dir, filepath.FromSlash(p.Segment))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	bad := bytes.Clone(whole)
	bad[len(p.Data)+5] ^= 1 // in the second record
	require.NoError(t, os.WriteFile(path, bad, 0o644))
	for range 2 { // once it may be a write that is under way
		p, err = c.Next(1<<20, 0)
	}
	require.ErrorIs(t, err, ErrCorrupt)
	require.Empty(t, p.Data)
	require.NoError(t, os.WriteFile(path, whole, 0o644))
}

// A segment that is gone before its end was read is damage, not the end of the log.
func TestCopierNoticesThatASegmentIsGone(t *testing.T) {
	o := testOptions(t)
	o.MaxSegment = 1 << 10
	dir := filepath.Join(t.TempDir(), "audit-log")
	require.NoError(t, Create(dir, o))
	l := openLog(t, dir, o)
	for range 10 {
		_, err := l.AppendSync([]byte(`{"a":1}`))
		require.NoError(t, err)
	}
	require.NoError(t, l.Close())
	c := openReader(t, dir).Copier(nil)
	require.True(t, c.Quiet())
	p, err := c.Next(1, 0)
	require.NoError(t, err)
	c.Pass(p)
	require.False(t, c.Quiet())
	require.NoError(t, os.Remove(filepath.Join(dir, filepath.FromSlash(p.Segment))))
	_, err = c.Next(1, 0)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "gone before its end was read")
}
