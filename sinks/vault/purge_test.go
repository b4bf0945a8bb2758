package vault

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
)

func TestPurge(t *testing.T) {
	ctx := context.Background()
	day := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	cfg := &Config{Origin: "flexor/test/audit-log", Now: func() time.Time { return day }}
	old := func(d time.Time) bool { return d.Before(day.Truncate(24 * time.Hour)) }
	dir := logDir(t)
	l, err := Open(ctx, dir, cfg)
	require.NoError(t, err)
	defer l.Close()
	other, err := Open(ctx, dir, cfg)
	require.NoError(t, err)
	defer other.Close()
	r := recorder(t, l)
	for _, agent := range []string{"one", "two", "three"} {
		run(t, r, agent, nil)
		day = day.AddDate(0, 0, 1)
	}
	_, long, err := r.Start(ctx, "long", audit.Trigger{Type: audit.Manual})
	require.NoError(t, err)
	day = day.AddDate(0, 0, 10)
	run(t, r, "four", nil)

	p, err := l.Purge(ctx, old, 1000, false)
	require.NoError(t, err)
	require.Zero(t, p.Segments, "the other process has not looked at the log since")
	p, err = other.Purge(ctx, old, 1000, true)
	require.NoError(t, err)
	require.Equal(t, 3, p.Segments, "a run that began on the fourth day has no entry")
	require.Equal(t, []string{"one", "two", "three", "four"}, agents(entries(t, l, audit.Filter{})))
	q, err := other.Purge(ctx, old, 1000, false)
	require.NoError(t, err)
	require.Equal(t, p, q)
	require.Equal(t, []string{"four"}, agents(entries(t, l, audit.Filter{})))

	require.NoError(t, long.End(nil))
	require.NoError(t, l.Flush(ctx))
	p, err = l.Purge(ctx, old, 1000, false)
	require.NoError(t, err)
	require.Equal(t, 1, p.Segments)
	require.Equal(t, []string{"four", "long"}, agents(entries(t, l, audit.Filter{})))
	rep, err := l.Verify(ctx, nil)
	require.NoError(t, err)
	require.Equal(t, p.To, rep.Purged.Size)

	canceled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = l.Purge(canceled, old, 1000, false)
	require.ErrorIs(t, err, context.Canceled)
}
