package retention

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// A Plan says what of a log goes when.
type Plan struct {
	Days  int    `json:"days"`  // that a record is kept after the day on which it was written
	First uint64 `json:"first"` // index of the first record that is left
	Items []Item `json:"items"` // the days that the log has, the oldest first
	Bytes int64  `json:"bytes"` // of all of them
	// PerDay is how many bytes a day of the last [forecastDays] took, those included on
	// which nothing was written. Zero: the log has no whole day yet.
	PerDay int64 `json:"per_day"`
	// Forecast is how many bytes the log will have when it is as old as the retention, if
	// days go on to take PerDay.
	Forecast int64 `json:"forecast"`
}

// forecastDays is over how many whole days the growth of a log is measured at most.
const forecastDays = 30

// An Item is one day of a log.
type Item struct {
	Day      time.Time     `json:"day"`   // in UTC
	First    uint64        `json:"first"` // index of its first record
	End      uint64        `json:"end"`   // index behind its last one
	Segments int           `json:"segments"`
	Bytes    int64         `json:"bytes"`
	Goes     time.Time     `json:"goes"`           // when its time is over, if nothing else keeps it
	Hold     *control.Hold `json:"hold,omitempty"` // that keeps it; nil: none does
	// Waits says that not all other destinations have it, so that it stays.
	Waits bool `json:"waits,omitempty"`
}

// Make returns the plan for a log. It removes nothing, and needs no right to write.
func Make(ctx context.Context, log *vault.Reader, gov Governance, p Policy) (Plan, error) {
	plan := Plan{Days: p.Days}
	if p.Days <= 0 {
		return plan, fmt.Errorf("%w: %d days", ErrPolicy, p.Days)
	}
	segments, err := log.Segments()
	if err != nil {
		return plan, err
	}
	if plan.First, err = log.First(); err != nil {
		return plan, err
	}
	holds, err := gov.Holds(ctx)
	if err != nil {
		return plan, err
	}
	keep := uint64(math.MaxUint64)
	if p.Confirmed != nil {
		if keep, err = p.Confirmed(ctx); err != nil {
			return plan, err
		}
	}
	for _, s := range segments {
		last := len(plan.Items) - 1
		if last < 0 || !plan.Items[last].Day.Equal(s.Day) {
			plan.Items = append(plan.Items, Item{Day: s.Day, First: s.First, Goes: s.Day.AddDate(0, 0, p.Days+1), Hold: held(holds, s.Day)})
			last++
		}
		it := &plan.Items[last]
		it.End = s.End
		it.Segments++
		it.Bytes += s.Bytes
		it.Waits = it.End > keep
		plan.Bytes += s.Bytes
	}
	plan.forecast(p)
	return plan, nil
}

// forecast measures how fast the log grows.
func (p *Plan) forecast(policy Policy) {
	if len(p.Items) == 0 {
		return
	}
	today := policy.Cutoff().AddDate(0, 0, policy.Days)
	from := today.AddDate(0, 0, -forecastDays)
	if first := p.Items[0].Day; first.After(from) {
		from = first
	}
	days := int64(today.Sub(from) / (24 * time.Hour))
	if days <= 0 {
		return
	}
	var bytes int64
	for _, it := range p.Items {
		if !it.Day.Before(from) && it.Day.Before(today) {
			bytes += it.Bytes
		}
	}
	p.PerDay = bytes / days
	p.Forecast = p.PerDay * int64(policy.Days+1)
}

// Due returns how many bytes and records are due to go now: those of the oldest days
// whose time is over, up to the first that something keeps.
func (p *Plan) Due(policy Policy) (records uint64, bytes int64) {
	cutoff := policy.Cutoff()
	for _, it := range p.Items {
		if !it.Day.Before(cutoff) || it.Hold != nil || it.Waits {
			break
		}
		records += it.End - it.First
		bytes += it.Bytes
	}
	return records, bytes
}
