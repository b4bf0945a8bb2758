package control

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/rbac"
)

func inApril(n int) time.Time { return time.Date(2026, 4, n, 23, 59, 0, 0, time.UTC) }

func TestHold(t *testing.T) {
	h := newHouse(t)
	admin := h.join(bob, rbac.Admin)
	_, out, err := admin.Hold(bg, inApril(1), inApril(10), "case 12")
	require.ErrorIs(t, err, ErrDenied)
	require.Equal(t, rbac.Owner, out.Decision.Needed)
	_, _, err = h.owner.Hold(bg, inApril(1), inApril(10), " ")
	require.ErrorIs(t, err, ErrInvalid)
	_, _, err = h.owner.Hold(bg, inApril(10), inApril(1), "case 12")
	require.ErrorIs(t, err, ErrInvalid)

	april, out, err := h.owner.Hold(bg, inApril(1), inApril(10), "case 12")
	require.NoError(t, err)
	require.True(t, out.Recorded)
	require.Equal(t, Hold{Index: out.Index, From: "2026-04-01", To: "2026-04-10", At: april.At, By: alice, Role: rbac.Owner, Reason: "case 12"}, april)
	same, out, err := h.owner.Hold(bg, inApril(1), inApril(10), "case 13")
	require.NoError(t, err)
	require.True(t, out.Repeated)
	require.Equal(t, april, same)
	all, _, err := h.owner.Hold(bg, time.Time{}, time.Time{}, "everything")
	require.NoError(t, err)

	for n, want := range map[int]bool{1: true, 10: true, 11: false} {
		require.Equal(t, want, april.Covers(inApril(n)), n)
		require.True(t, all.Covers(inApril(n)))
	}
	require.False(t, april.Covers(inApril(1).AddDate(0, 0, -1)))

	holds, err := h.as(rbac.APIKey{}).Holds(bg) // folded anew
	require.NoError(t, err)
	require.Equal(t, []Hold{april, all}, holds)

	_, err = admin.Release(bg, all.Index, "over")
	require.ErrorIs(t, err, ErrDenied)
	_, err = h.owner.Release(bg, all.Index, "over")
	require.NoError(t, err)
	_, err = h.owner.Release(bg, all.Index, "over")
	require.ErrorIs(t, err, ErrNotFound)
	holds, err = admin.Holds(bg)
	require.NoError(t, err)
	require.Equal(t, []Hold{april}, holds)
	require.Empty(t, h.owner.Flags())
}

func TestRecordPurge(t *testing.T) {
	h := newHouse(t)
	c := h.as(rbac.APIKey{}) // it takes nobody's right
	root := c.Head().Root
	require.NoError(t, c.RecordPurge(bg, "audit-log", 100, root))
	require.NoError(t, c.RecordPurge(bg, "audit-log", 100, root))
	require.NoError(t, c.RecordPurge(bg, "audit-log", 50, root))
	require.NoError(t, c.RecordPurge(bg, "audit-log", 150, root))
	p, err := h.owner.Purged(bg, "audit-log")
	require.NoError(t, err)
	require.Equal(t, Purge{Log: "audit-log", To: 150, Root: root}, p)
	p, err = h.owner.Purged(bg, "another-log")
	require.NoError(t, err)
	require.Zero(t, p)
	rep, err := VerifyAccess(bg, h.dir, nil)
	require.NoError(t, err)
	require.Equal(t, 2, rep.Kinds[kindPurge])

	// One that does not go on from the one before counts for nothing.
	require.NoError(t, c.note(bg, kindPurge, Purge{Log: "audit-log", From: 100, To: 200, Root: root}))
	p, err = h.owner.Purged(bg, "audit-log")
	require.NoError(t, err)
	require.EqualValues(t, 150, p.To)
	require.Len(t, h.owner.Flags(), 1)
}

// TestHoldsOutliveASnapshot opens a long log from a snapshot.
func TestHoldsOutliveASnapshot(t *testing.T) {
	h := newHouse(t)
	held, _, err := h.owner.Hold(bg, inApril(1), time.Time{}, "case 12")
	require.NoError(t, err)
	require.NoError(t, h.owner.RecordPurge(bg, "audit-log", 7, h.owner.Head().Root))
	h.populate(smallLog + 1)
	cfg := &Config{Snapshots: t.TempDir(), Now: h.clock.Now}
	for range 2 { // the second one opens from what the first one wrote
		c, err := Open(bg, h.dir, cfg)
		require.NoError(t, err)
		holds, err := c.Holds(bg)
		require.NoError(t, err)
		require.Equal(t, []Hold{held}, holds)
		p, err := c.Purged(bg, "audit-log")
		require.NoError(t, err)
		require.EqualValues(t, 7, p.To)
		require.NoError(t, c.Close())
	}
}
