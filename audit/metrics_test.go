package audit_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/flexorhq/flexor-go/audit"
)

// metrics collects what was measured: counters and numbers of measurements, by name
// and the attribute key.
func metrics(t *testing.T, reader sdkmetric.Reader, key attribute.Key) map[string]map[string]int64 {
	t.Helper()
	var got metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &got))
	out := map[string]map[string]int64{}
	add := func(name string, set attribute.Set, n int64) {
		value, _ := set.Value(key)
		if out[name] == nil {
			out[name] = map[string]int64{}
		}
		out[name][value.String()] += n
	}
	for _, scope := range got.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, p.Value)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, int64(p.Count))
				}
			}
		}
	}
	return out
}

func TestMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	rec := newRecorder(t, func(c *audit.Config) { c.MeterProvider = mp })
	require.NoError(t, rec.Do(t.Context(), "feed", manual, func(ctx context.Context, run *audit.Run) error {
		run.If("feed is stale", true)
		run.If("feed is fresh", false)
		run.Output("n", 1)
		return run.Task(ctx, "fetch", func(context.Context, *audit.Task) error { return nil })
	}))
	got := metrics(t, reader, "flexor.record.kind")
	assert.Equal(t, map[string]int64{"start": 1, "decision": 2, "output": 1, "task": 2, "run": 1}, got["flexor.records"])
	want := map[string]int64{}
	for _, r := range rec.Records() {
		want[string(r.Kind)] += int64(len(r.JSON))
	}
	assert.Equal(t, want, got["flexor.record.bytes"])
	assert.NotContains(t, got, "flexor.commit.failures")
	got = metrics(t, reader, "flexor.commit.sync")
	assert.Equal(t, map[string]int64{"false": 6, "true": 1}, got["flexor.commit.duration"], "only the entry waits for the disk")
}

// slowSink needs a second for each batch, by the clock of its test.
type slowSink struct{ now time.Time }

func (s *slowSink) Append(context.Context, audit.Batch) error {
	s.now = s.now.Add(time.Second)
	return nil
}
func (s *slowSink) Close() error { return nil }

func TestCommitDuration(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	sink := &slowSink{now: time.Unix(1, 0)}
	rec, err := audit.New(sink, &audit.Config{
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		Now:           func() time.Time { return sink.now },
	})
	require.NoError(t, err)
	require.NoError(t, rec.Do(t.Context(), "feed", manual, func(context.Context, *audit.Run) error { return nil }))
	require.NoError(t, rec.Close())
	var got metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &got))
	sum := 0.0
	for _, m := range got.ScopeMetrics[0].Metrics {
		if data, ok := m.Data.(metricdata.Histogram[float64]); ok {
			for _, p := range data.DataPoints {
				sum += p.Sum
			}
		}
	}
	assert.Equal(t, 2.0, sum, "seconds, of a start and an entry")
}

// fullSink stores nothing.
type fullSink struct{}

func (fullSink) Append(context.Context, audit.Batch) error { return audit.ErrNotStored }
func (fullSink) Close() error                              { return nil }

func TestFailuresAreMeasured(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	rec, err := audit.New(fullSink{}, &audit.Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
	require.NoError(t, err)
	err = rec.Do(t.Context(), "feed", manual, func(context.Context, *audit.Run) error { return nil })
	require.ErrorIs(t, err, audit.ErrNotRecorded)
	got := metrics(t, reader, "flexor.record.kind")
	assert.Equal(t, map[string]map[string]int64{"flexor.commit.failures": {"": 1}}, got, "nothing was stored, and the run did not begin")
}
