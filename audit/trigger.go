package audit

import (
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/internal/ident"
)

// TriggerType says what kind of event started a run.
type TriggerType string

// The four kinds of trigger.
const (
	Schedule TriggerType = "schedule"
	Event    TriggerType = "event"
	Webhook  TriggerType = "webhook"
	Manual   TriggerType = "manual"
)

// Trigger says why a run starts. The zero value is a manual trigger, now.
type Trigger struct {
	Type TriggerType // zero: [Manual]
	At   time.Time   // when the trigger fired; zero: when the run starts

	// By is who or what fired it, such as "cron" or "alice@fund.com": at most 256
	// bytes that all print. It is evidence, and so never redacted. Zero: not stated.
	By string
}

// complete checks the trigger, and puts the defaults in.
func (t Trigger) complete(now time.Time) (Trigger, error) {
	switch t.Type {
	case "":
		t.Type = Manual
	case Schedule, Event, Webhook, Manual:
	default:
		return t, fmt.Errorf("%w: trigger type %q is not schedule, event, webhook or manual", ErrInvalid, ident.Text(string(t.Type), 128))
	}
	if t.At.IsZero() {
		t.At = now
	}
	if y := t.At.UTC().Year(); y < 1 || y > 9999 {
		return t, fmt.Errorf("%w: trigger time in the year %d cannot be written", ErrInvalid, y)
	}
	t.At = stamp(t.At)
	if t.By != "" {
		if err := ident.Principal(t.By); err != nil {
			return t, fmt.Errorf("%w: trigger by %w", ErrInvalid, err)
		}
	}
	return t, nil
}
