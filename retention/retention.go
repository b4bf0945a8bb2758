package retention

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// Log is a log that is purged: a [*vault.Log].
type Log interface {
	Purge(ctx context.Context, expired func(day time.Time) bool, keep uint64, dry bool) (vault.Purged, error)
}

// Governance knows what is held and records what was purged: a [*control.Control].
type Governance interface {
	Vault() string // empty: the vault has no governance; nothing can be held or recorded
	Holds(ctx context.Context) ([]control.Hold, error)
	RecordPurge(ctx context.Context, log string, to uint64, root string) error
}

// Policy says what is kept.
type Policy struct {
	// Days is how many days a record is kept after the UTC day on which it was
	// written. Zero or less is an error: forever is not a number of days.
	Days int
	// LogName names the log in the governance log, such as "audit-log". Required if
	// the vault has governance.
	LogName string
	// Confirmed returns how many of the log's first records all copies of it elsewhere
	// hold. Zero: there are none.
	Confirmed func(ctx context.Context) (uint64, error)
	// Now tells the time. Zero: time.Now.
	Now func() time.Time
}

// Cutoff returns the first UTC day that is kept for its age.
func (p Policy) Cutoff() time.Time {
	now := time.Now
	if p.Now != nil {
		now = p.Now
	}
	return now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -p.Days)
}

// expired returns what says of a day whether its time is over and nobody holds it.
func (p Policy) expired(holds []control.Hold) func(day time.Time) bool {
	cutoff := p.Cutoff()
	return func(day time.Time) bool { return day.Before(cutoff) && held(holds, day) == nil }
}

// held returns the first of the holds that covers a day; nil: none does.
func held(holds []control.Hold, day time.Time) *control.Hold {
	for i := range holds {
		if holds[i].Covers(day) {
			return &holds[i]
		}
	}
	return nil
}

// Result says what [Apply] did.
type Result struct {
	vault.Purged
	// Recorded says that the governance log has a record of all that is gone.
	Recorded bool
}

// ErrPolicy is wrapped when a policy makes no sense.
var ErrPolicy = errors.New("retention: policy")

// Apply removes what the policy no longer keeps, and records that in the governance
// log. With dry it only says what it would remove. A purge that a process did not
// live to record is recorded by the next Apply. Any number of processes may apply
// the retention of a log at once.
//
// If what is held, or what other destinations have, cannot be told, nothing is removed,
// and the error says so. An error that wraps [control.ErrNotRecorded] is of what was
// removed and could not be recorded: the next Apply will do that.
func Apply(ctx context.Context, log Log, gov Governance, p Policy, dry bool) (Result, error) {
	if p.Days <= 0 {
		return Result{}, fmt.Errorf("%w: %d days", ErrPolicy, p.Days)
	}
	holds, err := gov.Holds(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("retention: nothing is removed, because what is held cannot be told: %w", err)
	}
	keep := uint64(math.MaxUint64)
	if p.Confirmed != nil {
		if keep, err = p.Confirmed(ctx); err != nil {
			return Result{}, fmt.Errorf("retention: nothing is removed, because what the other destinations have cannot be told: %w", err)
		}
	}
	purged, err := log.Purge(ctx, p.expired(holds), keep, dry)
	res := Result{Purged: purged}
	if err != nil || dry || gov.Vault() == "" {
		return res, err
	}
	if purged.To > 0 {
		if err := gov.RecordPurge(ctx, p.LogName, purged.To, purged.Root.String()); err != nil {
			return res, fmt.Errorf("retention: what was removed is not recorded yet: %w", err)
		}
	}
	res.Recorded = true
	return res, nil
}
