package control

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/internal/lock"
	"github.com/flexorhq/flexor-go/rbac"
)

// halting is an order to stop something.
type halting interface {
	order
	halt() Halt
}

// Somebody who was stopped in the middle of a write may hold the ledger's lock for
// ever. An order to stop must not wait for them, so it is laid down beside the log
// after haltGrace, which an append seldom takes. Who gives it waits longer for the log,
// for haltPatience, to say whether it is recorded.
const (
	haltGrace    = 25 * time.Millisecond
	haltPatience = 5 * time.Second
)

// recordHalt is record for an order that others must hear of, recorded or not.
func (v *visit) recordHalt(ctx context.Context) (Outcome, *event, error) {
	recorded := make(chan *visit, 1)
	go func(w visit) {
		w.record(context.Background())
		recorded <- &w
	}(*v)
	grace, patience := time.NewTimer(haltGrace), time.NewTimer(haltPatience)
	defer grace.Stop()
	defer patience.Stop()
	laid := false
	for {
		var err error
		select {
		case w := <-recorded:
			if laid && !errors.Is(w.err, ErrNotRecorded) {
				v.c.unspool(v.order)
			}
			return w.out, w.event, w.err
		case <-grace.C:
			laid = v.c.spoolAtOnce(*v.halt, v.order) == nil // if not, layDown says so
			continue
		case <-patience.C:
			err = fmt.Errorf("the log was busy for %s%s; if it still is when this program ends, the order is not recorded until it is given again", haltPatience, v.c.holder())
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		v.c.leave(recorded)
		return v.out, nil, v.layDown(err)
	}
}

// holder says who holds the log's lock, if the system tells.
func (c *Control) holder() string {
	if pid := lock.Holder(filepath.Join(c.log, "lock")); pid > 0 {
		return fmt.Sprintf(", and process %d holds its lock", pid)
	}
	return ""
}

// leave goes on without a halt that is being recorded. [Control.Close] does not wait for
// it either.
func (c *Control) leave(recorded <-chan *visit) {
	count := func(n int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.left += n
	}
	count(1)
	go func() {
		<-recorded
		count(-1)
	}()
}

// act makes a halt hold in this process. It is called by who holds mu.
func (v *visit) act(d *rbac.Decision) {
	s := v.c.state
	if _, ok := v.order.stands(s, d); ok {
		return
	}
	v.halt = &payload{At: v.at, By: d.Subject, Key: v.c.cfg.Key.ID(), Role: d.Role, Reason: v.reason}
	if s.vault != "" {
		h := s.head()
		v.halt.Log, v.halt.Size, v.halt.Root = s.verifier.Name(), h.Size, h.Root
	}
	h := (&event{payload: *v.halt}).halt(v.order.(halting).halt(), d)
	h.Index, h.Recorded = 0, false
	s.halt(h)
}

// layDown makes a halt that could not be recorded known to other processes, and
// returns the error to report.
func (v *visit) layDown(err error) error {
	if serr := v.c.spool(*v.halt, v.order); serr != nil {
		return fmt.Errorf("%w: %w; and it could not be laid down for others: %w", ErrNotTold, err, serr)
	}
	return fmt.Errorf("%w: it holds, and other processes were told: %w", ErrNotRecorded, err)
}

// takeBack ends what act did, if the right to order it was lost in between. A run
// that was killed stays killed.
func (v *visit) takeBack() {
	h, ok := v.order.(halting)
	if v.halt == nil || !v.denied || !ok {
		return
	}
	v.c.mu.Lock()
	defer v.c.mu.Unlock()
	if p := h.halt(); p.Run == "" && !v.c.state.paused[place{p.Agent, p.Environment}].Recorded {
		v.c.state.resume(p)
	}
}
