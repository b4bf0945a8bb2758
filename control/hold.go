package control

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// A Hold keeps what was recorded on some days from being removed, however old it is,
// until it is released: it wins over any retention.
type Hold struct {
	Index  uint64       `json:"index"` // of its event in the governance log: its name
	From   string       `json:"from"`  // first day, such as "2026-04-01", in UTC; empty: from the beginning
	To     string       `json:"to"`    // last day; empty: for ever
	At     time.Time    `json:"at"`    // when it was ordered
	By     rbac.Subject `json:"by"`
	Role   rbac.Role    `json:"role"`
	Reason string       `json:"reason,omitempty"`
}

// dayLayout is the form of a day.
const dayLayout = time.DateOnly

// Covers reports whether the hold keeps what was recorded on the UTC day of t.
func (h Hold) Covers(t time.Time) bool {
	day := t.UTC().Format(dayLayout)
	return h.From <= day && (h.To == "" || day <= h.To)
}

// Hold keeps what is recorded from one UTC day to another, both included, from being
// removed until [Control.Release]. A zero time leaves that end open. It takes who may
// change the retention, and asks for a reason.
func (c *Control) Hold(ctx context.Context, from, to time.Time, reason string) (Hold, Outcome, error) {
	o := &holdOrder{From: formatDay(from), To: formatDay(to)}
	if c.tidy(reason) == "" {
		return Hold{}, Outcome{}, fmt.Errorf("%w: a hold needs a reason: who will release it must know what for it was", ErrInvalid)
	}
	out, _, err := c.give(ctx, o, reason)
	if err != nil {
		return Hold{}, out, err
	}
	var h Hold
	c.known(func(s *state) { h = s.holds[out.Index] })
	return h, out, nil
}

// Release ends the hold whose [Hold.Index] is index. If there is none, the error
// wraps [ErrNotFound].
func (c *Control) Release(ctx context.Context, index uint64, reason string) (Outcome, error) {
	out, _, err := c.give(ctx, &releaseOrder{Hold: index}, reason)
	return out, err
}

// Holds returns the holds that were not released, the oldest first. With an error, as
// when the log is damaged, nobody can tell what is held, and so nothing may be
// removed.
func (c *Control) Holds(ctx context.Context) (all []Hold, err error) {
	tooNew := ""
	err = c.read(ctx, func(s *state) { all, tooNew = s.allHolds(), s.tooNew })
	if err == nil && tooNew != "" {
		err = fmt.Errorf("control: the governance log has an event of the kind %s, which a newer version wrote and which may be a hold: use that version", tooNew)
	}
	return all, err
}

func (s *state) allHolds() []Hold {
	all := make([]Hold, 0, len(s.holds))
	for _, h := range s.holds {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b Hold) int {
		if a.Index < b.Index {
			return -1
		}
		return 1
	})
	return all
}

func formatDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(dayLayout)
}

type holdOrder struct {
	plain
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

func (o *holdOrder) kind() string { return kindHold }
func (o *holdOrder) check() error {
	for _, day := range []string{o.From, o.To} {
		if day == "" {
			continue
		}
		if t, err := time.Parse(dayLayout, day); err != nil || t.Format(dayLayout) != day {
			return fmt.Errorf("%w: %q is not a day such as 2026-04-30", ErrInvalid, day)
		}
	}
	if o.To != "" && o.To < o.From {
		return fmt.Errorf("%w: the hold ends on %s, before it begins on %s", ErrInvalid, o.To, o.From)
	}
	return nil
}
func (o *holdOrder) ask(r *rbac.Request) { r.Action = rbac.EditRetention }
func (o *holdOrder) stands(s *state, _ *rbac.Decision) (uint64, bool) {
	for _, h := range s.allHolds() {
		if h.From == o.From && h.To == o.To {
			return h.Index, true
		}
	}
	return 0, false
}
func (o *holdOrder) carry(s *state, e *event, d *rbac.Decision) {
	s.holds[e.Size] = Hold{Index: e.Size, From: o.From, To: o.To, At: e.At, By: e.By, Role: d.Role, Reason: e.Reason}
}

type releaseOrder struct {
	plain
	Hold uint64 `json:"hold"`
}

func (o *releaseOrder) kind() string        { return kindRelease }
func (o *releaseOrder) ask(r *rbac.Request) { r.Action = rbac.EditRetention }
func (o *releaseOrder) fit(s *state) error {
	if _, ok := s.holds[o.Hold]; !ok {
		return fmt.Errorf("%w: there is no hold %d, or it was released", ErrNotFound, o.Hold)
	}
	return nil
}
func (o *releaseOrder) carry(s *state, _ *event, _ *rbac.Decision) { delete(s.holds, o.Hold) }
