package flexor_test

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// gauges collects what a meter says of a secondary destination of the audit log, by name.
func gauges(t *testing.T, reader sdkmetric.Reader, destination string) map[string]float64 {
	t.Helper()
	var got metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &got))
	out := map[string]float64{}
	note := func(name string, set attribute.Set, n float64) {
		log, _ := set.Value("flexor.log")
		to, _ := set.Value("flexor.destination")
		if log.AsString() == "flexor/test/audit-log" && to.AsString() == destination {
			out[name] = n
		}
	}
	for _, scope := range got.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					note(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					note(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					note(m.Name, p.Attributes, p.Value)
				}
			}
		}
	}
	return out
}

func TestLagIsMeasured(t *testing.T) {
	ctx := context.Background()
	up, down, share := make(chan struct{}), errors.New("no route"), t.TempDir()
	var clock atomic.Pointer[time.Time]
	recorded := time.Date(2026, 4, 30, 6, 0, 0, 0, time.UTC)
	clock.Store(&recorded)
	reader := sdkmetric.NewManualReader()
	const bucket = "s3://bucket/"
	lines := fileURL(filepath.Join(t.TempDir(), "lines.jsonl"))
	v, err := flexor.Open(ctx, copiedVault(t, bucket), &flexor.Options{
		Sinks: flexor.Sinks{"s3": func(context.Context, *url.URL, *vaultcfg.Config) (archive.Store, error) {
			select {
			case <-up:
				return archive.OpenDir(share)
			default:
				return nil, down
			}
		}},
		Secondaries:   []string{lines},
		Pace:          archive.Pace{Poll: time.Millisecond, MinBackoff: time.Millisecond, MaxBackoff: time.Millisecond},
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		Now:           func() time.Time { return *clock.Load() },
	})
	require.NoError(t, err)
	require.NoError(t, v.Audit.Do(ctx, "feed-monitor", audit.Trigger{}, func(context.Context, *audit.Run) error { return nil }))
	require.Eventually(t, func() bool { return gauges(t, reader, bucket)["flexor.sink.failing"] == 1 }, time.Minute, time.Millisecond)
	later := recorded.Add(90 * time.Second)
	clock.Store(&later)
	require.Equal(t, map[string]float64{"flexor.sink.lag": 2, "flexor.sink.lag.duration": 90, "flexor.sink.failing": 1}, gauges(t, reader, bucket))
	close(up)
	require.NoError(t, v.Flush(ctx))
	caughtUp := map[string]float64{"flexor.sink.lag": 0, "flexor.sink.lag.duration": 0, "flexor.sink.failing": 0}
	require.Equal(t, caughtUp, gauges(t, reader, bucket))
	caughtUp["flexor.sink.refused"] = 0
	// A feed writes its position down once a second.
	require.Eventually(t, func() bool { return maps.Equal(caughtUp, gauges(t, reader, lines)) }, time.Minute, time.Millisecond)
	require.NoError(t, v.Close())
	require.Empty(t, gauges(t, reader, bucket), "nothing is measured of a vault that is closed")
}
