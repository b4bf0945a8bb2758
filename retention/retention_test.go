package retention

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

var ctx = context.Background()

// house is a vault whose log has a run on each of ten days, from 1 April on, and
// whose clock then stands at noon of 11 April.
type house struct {
	dir    string
	now    time.Time
	log    *vault.Log
	owner  *control.Control
	policy Policy
}

func april(day int) time.Time { return time.Date(2026, 4, day, 0, 0, 0, 0, time.UTC) }

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{dir: t.TempDir(), now: april(1).Add(12 * time.Hour)}
	clock := func() time.Time { return h.now }
	var err error
	h.owner, _, err = control.Init(ctx, h.dir, control.Genesis{Vault: "company", Tier: rbac.L2, Owner: rbac.User("alice@fund.com")}, &control.Config{Now: clock})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.owner.Close()) })
	h.log, err = vault.Open(ctx, filepath.Join(h.dir, "audit-log"), &vault.Config{Origin: "flexor/company/audit-log", Now: clock})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.log.Close()) })
	rec, err := audit.New(h.log, &audit.Config{Vault: "company", Environment: "sandbox", Writer: h.log.Writer(), Now: clock})
	require.NoError(t, err)
	for range 10 {
		require.NoError(t, rec.Do(ctx, fmt.Sprintf("agent-%02d", h.now.Day()), audit.Trigger{Type: audit.Manual}, func(context.Context, *audit.Run) error { return nil }))
		h.now = h.now.AddDate(0, 0, 1)
	}
	h.policy = Policy{Days: 5, LogName: "audit-log", Now: clock}
	return h
}

// days returns the days of April of which something is left.
func (h *house) days(t testing.TB) (out []int) {
	t.Helper()
	for e, err := range h.log.Entries(ctx, audit.Filter{}) {
		require.NoError(t, err)
		out = append(out, e.StartedAt.Day())
	}
	return out
}

func TestApply(t *testing.T) {
	h := newHouse(t)
	dry, err := Apply(ctx, h.log, h.owner, h.policy, true)
	require.NoError(t, err)
	require.Equal(t, 5, dry.Segments)
	require.False(t, dry.Recorded)
	require.Len(t, h.days(t), 10)

	res, err := Apply(ctx, h.log, h.owner, h.policy, false)
	require.NoError(t, err)
	require.Equal(t, dry.Purged, res.Purged)
	require.True(t, res.Recorded)
	require.Equal(t, []int{6, 7, 8, 9, 10}, h.days(t), "five whole days are kept")
	p, err := h.owner.Purged(ctx, "audit-log")
	require.NoError(t, err)
	require.Equal(t, control.Purge{Log: "audit-log", To: res.To, Root: res.Root.String()}, p)

	head := h.owner.Head()
	_, err = Apply(ctx, h.log, h.owner, h.policy, false)
	require.NoError(t, err)
	require.Equal(t, head, h.owner.Head(), "nothing more to record")

	h.now = h.now.AddDate(0, 0, 100)
	_, err = Apply(ctx, h.log, h.owner, h.policy, false)
	require.NoError(t, err)
	require.Empty(t, h.days(t))
	_, err = h.log.Verify(ctx, nil)
	require.NoError(t, err)
	require.Empty(t, h.owner.Flags())
}

func TestHoldsWin(t *testing.T) {
	h := newHouse(t)
	hold, _, err := h.owner.Hold(ctx, april(3), april(4), "case 12")
	require.NoError(t, err)
	_, err = Apply(ctx, h.log, h.owner, h.policy, false)
	require.NoError(t, err)
	require.Equal(t, []int{3, 4, 5, 6, 7, 8, 9, 10}, h.days(t), "and what comes behind them, because only the oldest can go")
	_, err = h.owner.Release(ctx, hold.Index, "over")
	require.NoError(t, err)
	_, err = Apply(ctx, h.log, h.owner, h.policy, false)
	require.NoError(t, err)
	require.Equal(t, []int{6, 7, 8, 9, 10}, h.days(t))
}

func TestOthersMustHaveIt(t *testing.T) {
	h := newHouse(t)
	segments, err := h.log.Segments()
	require.NoError(t, err)
	confirmed, lost := segments[2].First, errors.New("lost")
	h.policy.Confirmed = func(context.Context) (uint64, error) { return confirmed, lost }
	_, err = Apply(ctx, h.log, h.owner, h.policy, false)
	require.ErrorIs(t, err, lost)
	require.Len(t, h.days(t), 10)
	lost = nil
	_, err = Apply(ctx, h.log, h.owner, h.policy, false)
	require.NoError(t, err)
	require.Equal(t, []int{3, 4, 5, 6, 7, 8, 9, 10}, h.days(t))
}

// TestRecordedLater applies the retention where the governance log cannot be
// written, and again when it can.
func TestRecordedLater(t *testing.T) {
	h := newHouse(t)
	sick := failing{h.owner, errors.New("no room")}
	res, err := Apply(ctx, h.log, sick, h.policy, false)
	require.ErrorIs(t, err, sick.err)
	require.False(t, res.Recorded)
	require.Equal(t, 5, res.Segments)
	res, err = Apply(ctx, h.log, h.owner, h.policy, false)
	require.NoError(t, err)
	require.True(t, res.Recorded)
	require.Zero(t, res.Segments)
	p, err := h.owner.Purged(ctx, "audit-log")
	require.NoError(t, err)
	require.Equal(t, res.To, p.To)
}

type failing struct {
	Governance
	err error
}

func (f failing) RecordPurge(context.Context, string, uint64, string) error { return f.err }

// TestNobodyKnows removes nothing when the governance log is damaged.
func TestNobodyKnows(t *testing.T) {
	h := newHouse(t)
	files, err := filepath.Glob(filepath.Join(h.dir, control.LogName, "segments", "*", "*.jsonl"))
	require.NoError(t, err)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	data[20] ^= 1
	require.NoError(t, os.WriteFile(files[0], data, 0o600))
	c, err := control.Open(ctx, h.dir, nil)
	require.NoError(t, err)
	defer c.Close()
	_, err = Apply(ctx, h.log, c, h.policy, false)
	require.ErrorIs(t, err, control.ErrCorrupt)
	require.Len(t, h.days(t), 10)
}

func TestWithoutGovernance(t *testing.T) {
	h := newHouse(t)
	c, err := control.Open(ctx, t.TempDir(), nil)
	require.NoError(t, err)
	defer c.Close()
	res, err := Apply(ctx, h.log, c, h.policy, false)
	require.NoError(t, err)
	require.False(t, res.Recorded)
	require.Len(t, h.days(t), 5)
	_, err = Apply(ctx, h.log, c, Policy{}, false)
	require.ErrorIs(t, err, ErrPolicy)
}

func TestPlan(t *testing.T) {
	h := newHouse(t)
	hold, _, err := h.owner.Hold(ctx, april(3), april(3), "case 12")
	require.NoError(t, err)
	segments, err := h.log.Segments()
	require.NoError(t, err)
	h.policy.Confirmed = func(context.Context) (uint64, error) { return segments[8].End, nil }
	p, err := Make(ctx, h.log.Reader, h.owner, h.policy)
	require.NoError(t, err)
	require.Len(t, p.Items, 10)
	var bytes int64
	for i, it := range p.Items {
		require.Equal(t, april(i+1), it.Day)
		require.Equal(t, april(i+1).AddDate(0, 0, 6), it.Goes)
		require.Equal(t, segments[i].First, it.First)
		require.Equal(t, segments[i].End, it.End)
		require.Equal(t, i == 2, it.Hold != nil)
		require.Equal(t, i == 9, it.Waits)
		bytes += it.Bytes
	}
	require.Equal(t, hold, *p.Items[2].Hold)
	require.Equal(t, bytes, p.Bytes)
	require.Equal(t, bytes/10, p.PerDay)
	require.Equal(t, 6*(bytes/10), p.Forecast)
	records, due := p.Due(h.policy)
	require.Equal(t, segments[1].End, records)
	require.Equal(t, segments[0].Bytes+segments[1].Bytes, due)

	res, err := Apply(ctx, h.log, h.owner, h.policy, false)
	require.NoError(t, err)
	require.Equal(t, due, res.Bytes, "what is due goes")
	p, err = Make(ctx, h.log.Reader, h.owner, h.policy)
	require.NoError(t, err)
	require.Equal(t, res.To, p.First)
}
