package audit

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The names of what a recorder measures.
const (
	recordsMetric  = "flexor.records"
	bytesMetric    = "flexor.record.bytes"
	commitMetric   = "flexor.commit.duration"
	failuresMetric = "flexor.commit.failures"

	kindKey = attribute.Key("flexor.record.kind")
	syncKey = attribute.Key("flexor.commit.sync")
)

// commitBuckets are the bounds of commit durations, in seconds: from a write into
// the page cache to a disk that stalls.
var commitBuckets = []float64{10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// instruments measure what a recorder stores.
type instruments struct {
	records, bytes, failures metric.Int64Counter
	duration                 metric.Float64Histogram
	kinds                    map[Kind]metric.MeasurementOption
	sync                     map[bool]metric.MeasurementOption
}

// newInstruments returns those of a provider.
func newInstruments(p metric.MeterProvider) (*instruments, error) {
	m := p.Meter(scopeName)
	var errs [4]error
	i := &instruments{kinds: map[Kind]metric.MeasurementOption{}, sync: map[bool]metric.MeasurementOption{}}
	i.records, errs[0] = m.Int64Counter(recordsMetric, metric.WithUnit("{record}"),
		metric.WithDescription("Records that the sink holds."))
	i.bytes, errs[1] = m.Int64Counter(bytesMetric, metric.WithUnit("By"),
		metric.WithDescription("Bytes of the records that the sink holds, as the recorder wrote them."))
	i.duration, errs[2] = m.Float64Histogram(commitMetric, metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(commitBuckets...),
		metric.WithDescription("How long it took until the sink held records; with flexor.commit.sync, for good."))
	i.failures, errs[3] = m.Int64Counter(failuresMetric, metric.WithUnit("{failure}"),
		metric.WithDescription("Appends of records that failed."))
	// What is measured often is made once.
	for _, kind := range []Kind{KindStart, KindTask, KindDecision, KindOutput, KindAccess, KindError, KindKill, KindRefused, KindRun} {
		i.kinds[kind] = attributes(kindKey.String(string(kind)))
	}
	for _, sync := range []bool{false, true} {
		i.sync[sync] = attributes(syncKey.Bool(sync))
	}
	return i, errors.Join(errs[:]...)
}

func attributes(kv ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(kv...))
}

// appended measures what became of a batch.
func (i *instruments) appended(ctx context.Context, b Batch, took time.Duration, err error) {
	if err != nil {
		i.failures.Add(ctx, 1)
		return
	}
	i.duration.Record(ctx, took.Seconds(), i.sync[b.Sync])
	for _, r := range b.Records {
		i.records.Add(ctx, 1, i.kinds[r.Kind])
		i.bytes.Add(ctx, int64(len(r.JSON)), i.kinds[r.Kind])
	}
}
