package flexor

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/feed"
)

// What is said of each measurement of a secondary destination.
const (
	destinationKey = attribute.Key("flexor.destination")
	logKey         = attribute.Key("flexor.log")
)

// measureLag lets a provider ask, whenever it collects, how far the secondary
// destinations are with the logs, by all that processes of this vault know of them. One that
// is not in use any more would only seem to fall behind.
func (v *Vault) measureLag(p metric.MeterProvider, to plan) error {
	m := p.Meter(module)
	lag, err1 := m.Int64ObservableGauge("flexor.sink.lag", metric.WithUnit("{record}"),
		metric.WithDescription("Records that a secondary destination lacks."))
	age, err2 := m.Float64ObservableGauge("flexor.sink.lag.duration", metric.WithUnit("s"),
		metric.WithDescription("How long the oldest record that a secondary destination lacks has been waiting."))
	failing, err3 := m.Int64ObservableGauge("flexor.sink.failing", metric.WithUnit("1"),
		metric.WithDescription("Whether the last attempt to send to a secondary destination failed: 1 or 0."))
	refused, err4 := m.Int64ObservableCounter("flexor.sink.refused", metric.WithUnit("{record}"),
		metric.WithDescription("Records that a secondary destination refused for what they are, and that were left out."))
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	now := v.now
	if now == nil {
		now = time.Now
	}
	of := func(destination, log string) metric.ObserveOption {
		return metric.WithAttributeSet(attribute.NewSet(destinationKey.String(destination), logKey.String(log)))
	}
	observe := func(o metric.Observer, at metric.ObserveOption, behind uint64, since time.Time, failure string) {
		waiting, fails := 0.0, int64(0)
		if !since.IsZero() {
			waiting = max(0, now().Sub(since).Seconds())
		}
		if failure != "" {
			fails = 1
		}
		o.ObserveInt64(lag, int64(behind), at)
		o.ObserveFloat64(age, waiting, at)
		o.ObserveInt64(failing, fails, at)
	}
	var err error
	v.lag, err = m.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		copies, err1 := archive.Status(ctx, v.Config.Dir)
		for _, c := range copies {
			if !c.Program && !to.names[c.Destination] {
				continue
			}
			observe(o, of(c.Destination, c.Log), c.Behind, c.Since, c.Error)
		}
		feeds, err2 := v.feedStatus(ctx)
		for _, f := range feeds {
			if !to.names[f.Name] {
				continue
			}
			at := of(f.Name, f.Log)
			observe(o, at, f.Behind, f.Since, f.Error)
			o.ObserveInt64(refused, int64(f.Refused), at)
		}
		return errors.Join(err1, err2)
	}, lag, age, failing, refused)
	return err
}

// feedStatus returns how far the feeds are.
func (v *Vault) feedStatus(ctx context.Context) ([]feed.Position, error) {
	dir := filepath.Join(v.Config.Dir, feed.Folder)
	out, err := feed.Status(ctx, v.Log, dir)
	if err != nil || v.sending.events == nil {
		return out, err
	}
	events, err := feed.Status(ctx, v.sending.events, dir)
	return append(out, events...), err
}
