package load_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/bench/internal/load"
)

func TestEntries(t *testing.T) {
	entries, err := load.Entries(100)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, e := range entries {
		assert.Len(t, e.JSON, load.EntrySize)
		decoded, err := audit.DecodeEntry(e.JSON)
		require.NoError(t, err)
		assert.Equal(t, e.RunID, decoded.RunID)
		seen[e.RunID] = true
	}
	assert.Len(t, seen, 100, "entries must differ")
	again, err := load.Entries(100)
	require.NoError(t, err)
	assert.Equal(t, entries, again, "every process must store the same")
}

// slow is a peer that takes a while.
type slow struct {
	takes time.Duration
	calls atomic.Int64
	fails error
}

func (s *slow) Append(context.Context, []load.Entry) error {
	time.Sleep(s.takes)
	s.calls.Add(1)
	return s.fails
}

func (*slow) Close() error { return nil }

func TestDriveCountsWhatWasAcknowledgedInTime(t *testing.T) {
	entries, err := load.Entries(64)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		p := &slow{takes: 5 * time.Millisecond}
		res, err := load.Drive(t.Context(), p, load.Plan{Writers: 3, Batch: 4, Warmup: 52 * time.Millisecond, Duration: 100 * time.Millisecond}, entries)
		require.NoError(t, err)
		assert.Equal(t, []int{80, 80, 80}, res.Stored, "20 batches of 4 end in the time that counts")
		require.Len(t, res.Latencies, 60)
		for _, l := range res.Latencies {
			assert.Equal(t, p.takes, l)
		}
	})
}

func TestDriveReportsAFailure(t *testing.T) {
	entries, err := load.Entries(8)
	require.NoError(t, err)
	full := errors.New("disk full")
	_, err = load.Drive(t.Context(), &slow{fails: full}, load.Plan{Writers: 1, Batch: 1, Duration: 10 * time.Millisecond}, entries)
	assert.ErrorIs(t, err, full)
}

func TestStatistics(t *testing.T) {
	assert.InDelta(t, 1.0, load.Jain([]float64{7, 7, 7, 7}), 1e-9)
	assert.InDelta(t, 0.25, load.Jain([]float64{7, 0, 0, 0}), 1e-9)
	assert.Zero(t, load.Jain(nil))
	assert.InDelta(t, 3.0, load.Median([]float64{9, 1, 3}), 0)
	assert.InDelta(t, 3.0, load.Median([]float64{9, 1, 3, 4}), 0)
	assert.Zero(t, load.Median([]time.Duration(nil)))
	sorted := make([]time.Duration, 1000)
	for i := range sorted {
		sorted[i] = time.Duration(i)
	}
	assert.EqualValues(t, 500, load.Quantile(sorted, 0.5))
	assert.EqualValues(t, 999, load.Quantile(sorted, 0.999))

	s := load.Summarise([]load.Result{
		{Elapsed: time.Second, Stored: []int{10, 10}, Latencies: sorted, CPU: time.Millisecond},
		{Elapsed: time.Second, Stored: []int{10, 10}, CPU: time.Millisecond},
	})
	assert.InDelta(t, 40, s.Rate, 1e-9)
	assert.InDelta(t, 1, s.JainOfWriters, 1e-9)
	assert.Equal(t, 50*time.Microsecond, s.CPUPerEntry)
	assert.EqualValues(t, 990, s.P99)
}
