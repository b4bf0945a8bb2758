package flexor

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/flexorhq/flexor-go/archive"
)

// What is said of each measurement of a secondary destination.
const (
	destinationKey = attribute.Key("flexor.destination")
	logKey         = attribute.Key("flexor.log")
)

// measureLag lets a provider ask, whenever it collects, how far the secondary
// destinations are with the logs: all that processes of this vault know of them.
func (v *Vault) measureLag(p metric.MeterProvider) error {
	m := p.Meter(module)
	lag, err1 := m.Int64ObservableGauge("flexor.sink.lag", metric.WithUnit("{record}"),
		metric.WithDescription("Records that a secondary destination lacks."))
	age, err2 := m.Float64ObservableGauge("flexor.sink.lag.duration", metric.WithUnit("s"),
		metric.WithDescription("How long the oldest record that a secondary destination lacks has been waiting."))
	failing, err3 := m.Int64ObservableGauge("flexor.sink.failing", metric.WithUnit("1"),
		metric.WithDescription("Whether the last attempt to send to a secondary destination failed: 1 or 0."))
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	now := v.now
	if now == nil {
		now = time.Now
	}
	var err error
	v.lag, err = m.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		copies, err := archive.Status(ctx, v.Config.Dir)
		for _, c := range copies {
			at := metric.WithAttributeSet(attribute.NewSet(destinationKey.String(c.Destination), logKey.String(c.Log)))
			o.ObserveInt64(lag, int64(c.Behind), at)
			waiting, fails := 0.0, int64(0)
			if !c.Since.IsZero() {
				waiting = max(0, now().Sub(c.Since).Seconds())
			}
			if c.Error != "" {
				fails = 1
			}
			o.ObserveFloat64(age, waiting, at)
			o.ObserveInt64(failing, fails, at)
		}
		return err
	}, lag, age, failing)
	return err
}
