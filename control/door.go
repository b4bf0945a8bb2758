package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// errSettled ends a visit to which nothing is to be recorded.
var errSettled = errors.New("control: nothing to record")

// give is the one door through which every order goes: it decides under the
// ledger's lock, as the log is there, and records the order or its denial in the
// same step. What cannot be recorded does not happen, except for a pause or a kill.
//
// The event is nil unless the order was recorded.
func (c *Control) give(ctx context.Context, o order, reason string) (Outcome, *event, error) {
	if err := ctx.Err(); err != nil {
		return Outcome{}, nil, context.Cause(ctx)
	}
	if err := o.check(); err != nil {
		return Outcome{}, nil, err
	}
	v := visit{c: c, order: o, reason: c.tidy(reason)}
	v.ahead(ctx)
	if v.done {
		return v.out, nil, v.err
	}
	if v.halt != nil {
		return v.recordHalt(ctx)
	}
	ctx, cancel := c.cfg.patient(ctx)
	defer cancel()
	v.record(ctx)
	return v.out, v.event, v.err
}

// try is give without recording or doing anything.
func (c *Control) try(ctx context.Context, o order, reason string) (Outcome, error) {
	if err := o.check(); err != nil {
		return Outcome{}, err
	}
	if err := c.refresh(ctx); err != nil {
		return Outcome{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	v := visit{c: c, order: o, reason: c.tidy(reason)}
	d, err := v.judge()
	out := Outcome{Decision: d}
	if !d.Allowed {
		return out, &DeniedError{Decision: d}
	}
	if err == nil {
		out.Index, out.Repeated = o.stands(c.state, &d)
	}
	return out, err
}

// visit is one passage through the door.
type visit struct {
	c      *Control
	order  order
	reason string

	at     time.Time
	event  *event   // that is to be recorded
	denied bool     // that event is the denial of the order
	halt   *payload // of a halt that holds in this process already; nil: it is none
	done   bool

	out Outcome
	err error
}

// judge decides on the order as the state is, and says what else is against it. It
// is called by who holds mu.
func (v *visit) judge() (rbac.Decision, error) {
	c, s := v.c, v.c.state
	v.at = c.cfg.Now().UTC().Truncate(time.Microsecond)
	if s == nil {
		r := rbac.Request{Key: c.cfg.Key.ID(), At: v.at, Reason: v.reason}
		v.order.ask(&r)
		return new(rbac.Policy).Authorize(r), nil
	}
	id := c.keyID(s)
	if key, ok := s.policy.Key(id); ok {
		if earliest := s.earliest(key.Subject); v.at.Before(earliest) {
			v.at = earliest // a clock that was set back
		}
	}
	r := s.request(v.order, id, v.at, v.reason)
	d := c.decide(s, r)
	if c.damage != nil && !stops(r.Action) {
		refuse(&d, LogCorrupt)
		return d, nil
	}
	if !d.Allowed {
		return d, nil
	}
	return d, v.order.fit(s)
}

// decide is [state.decide] for the actor, of whom it knows whether they gave a key.
func (c *Control) decide(s *state, r rbac.Request) rbac.Decision {
	d := s.decide(r)
	if d.Code == rbac.KeyInvalid && c.cfg.Key.ID() == "" {
		refuse(&d, KeyMissing)
	}
	return d
}

// ahead does what comes before the ledger's lock: it finds out what can only be
// denied and not recorded, and acts on a halt.
func (v *visit) ahead(ctx context.Context) {
	c := v.c
	unread := c.refresh(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	d, err := v.judge()
	v.out.Decision = d
	halts := stops(d.Request.Action)
	switch {
	case halts && c.lost() && d.Subject == (rbac.Subject{}):
		v.act(&d) // see [Control.believe]
	case unread != nil && !errors.Is(unread, ErrCorrupt) && !halts:
		v.done = true
		v.fail(unread)
	case c.state == nil || c.state.vault == "", d.Code == LogCorrupt:
		// There is nobody yet on whose behalf something could be recorded, or nothing
		// to record it in.
		v.done, v.err = true, &DeniedError{Decision: d, NotRecorded: unread}
	case d.Allowed && err == nil && halts:
		v.act(&d)
	case d.Allowed && err == nil && d.Request.Action == rbac.View:
		v.done = true
	}
}

// record appends the order, or its denial. It waits for the log until ctx ends.
func (v *visit) record(ctx context.Context) {
	c := v.c
	appender, err := c.open(ctx)
	if err == nil {
		var first uint64
		first, err = appender.AppendIf(ctx, v.decide)
		if err == nil {
			v.out.Index, v.out.Recorded = first, true
		}
	}
	if errors.Is(err, ErrCorrupt) {
		c.damaged(err)
	}
	switch {
	case errors.Is(err, errSettled):
		v.takeBack()
		return // v.err says what came of it
	case errors.Is(err, ErrCorrupt) && v.halt == nil:
		refuse(&v.out.Decision, LogCorrupt)
		v.err = &DeniedError{Decision: v.out.Decision, NotRecorded: err}
		return
	case err != nil && v.halt != nil && !v.denied:
		v.err = v.layDown(err)
		return
	case err != nil:
		v.fail(err)
		v.takeBack()
		return
	}
	if v.denied {
		v.err = &DeniedError{Decision: v.out.Decision}
		v.takeBack()
	}
	if v.halt != nil && !v.denied {
		c.unspool(v.order)
	}
	// The fold takes it as it stands in the log, like anybody else's.
	if err := c.refresh(context.Background()); err != nil {
		c.cfg.Logger.Warn("control: what was recorded could not be read back", "dir", c.log, "err", err)
	}
	if v.halt != nil {
		return // who gives it waits to hear that it is recorded
	}
	if err := c.recordRepeats(ctx, false); err != nil {
		c.cfg.Logger.Warn("control: the number of repeated denials could not be recorded", "dir", c.log, "err", err)
	}
}

// fail says that neither the order nor its denial could be recorded. What is denied
// stays denied.
func (v *visit) fail(err error) {
	if v.out.Decision.Allowed {
		v.err = fmt.Errorf("%w: %w", ErrNotRecorded, err)
		return
	}
	v.err = &DeniedError{Decision: v.out.Decision, NotRecorded: err}
}

// decide decides under the ledger's lock.
func (v *visit) decide(size uint64) ([][]byte, error) {
	c := v.c
	c.mu.Lock()
	defer c.mu.Unlock()
	v.event, v.denied = nil, false
	if err := c.catchUpTo(size); err != nil {
		return nil, err
	}
	return c.announced(v.settle())
}

// settle makes what is to be recorded, as the state is. It is called by who holds
// mu.
func (v *visit) settle() ([][]byte, error) {
	c := v.c
	d, err := v.judge()
	v.out.Decision = d
	switch {
	case err != nil:
		v.err = err
		return nil, errSettled
	case !d.Allowed:
		return v.deny(&d)
	}
	if index, ok := v.order.stands(c.state, &d); ok {
		v.out.Repeated, v.out.Index = true, index
		return nil, errSettled
	}
	if f, ok := v.order.(filling); ok {
		f.fill(&d.Request)
	}
	p := c.state.place(v.at)
	p.By, p.Key, p.Role, p.Grant = d.Subject, d.Request.Key, d.Role, &d.Grant.Index
	return v.write(p, v.order.kind(), v.order)
}

// filling is an order whose defaults are written down, because they may be others
// one day.
type filling interface{ fill(r *rbac.Request) }

// deny makes the event of a denial.
func (v *visit) deny(d *rbac.Decision) ([][]byte, error) {
	c := v.c
	asked, err := encode(v.order)
	if err != nil {
		return nil, err
	}
	body := deniedBody{Order: v.order.kind(), Asked: asked, Code: d.Code, Needed: d.Needed}
	if d.Code == KeyMissing {
		body.Code = rbac.KeyInvalid // which is what follows from the log
	}
	p := c.state.place(v.at)
	if d.Subject != (rbac.Subject{}) {
		p.By, p.Key, p.Role = d.Subject, d.Request.Key, d.Role
	} else {
		body.Claimed = c.cfg.Key.ID()
	}
	v.denied = true
	if r, ok := c.state.repeated(p.By, body.sum(p.Key), v.at); ok {
		c.tally.add(r)
		v.err = &DeniedError{Decision: *d}
		return nil, errSettled
	}
	return v.write(p, kindDenied, body)
}

// place returns an event that is to stand at the end of the log.
func (s *state) place(at time.Time) payload {
	h := s.head()
	return payload{Log: s.verifier.Name(), Size: h.Size, Root: h.Root, At: at}
}

// write makes the line of an event, signed by its actor or, if there is none, by
// the log's key.
func (v *visit) write(p payload, kind string, body any) ([][]byte, error) {
	data, err := encode(body)
	if err != nil {
		return nil, err
	}
	p.Kind, p.Reason, p.Body = kind, v.reason, data
	sign := by(v.c.cfg.Key)
	if p.Key == "" {
		sign = v.c.signer.Sign
	}
	line, e, err := p.seal(sign)
	if err != nil {
		return nil, err
	}
	v.event = e
	return [][]byte{line}, nil
}
