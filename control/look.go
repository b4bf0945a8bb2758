package control

import (
	"context"
	"errors"
	"time"

	"github.com/flexorhq/flexor-go/internal/ledger"
)

// lookEvery is for how long at most it is not noticed that a file of the log was
// replaced or removed. What was appended is noticed at once.
const lookEvery = 100 * time.Millisecond

// refresh takes into account what the log says by now. It is cheap if nothing was
// added. An error is of reading; damage wraps [ErrCorrupt], and the state then
// stays as it was.
func (c *Control) refresh(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	c.mu.RLock()
	fresh := c.fresh()
	c.mu.RUnlock()
	if fresh {
		return nil
	}
	return c.lookAgain()
}

// rlockFresh is refresh, and holds mu for reading when it returns, whatever it
// returns.
func (c *Control) rlockFresh(ctx context.Context) error {
	c.mu.RLock()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case c.fresh():
		return nil
	}
	c.mu.RUnlock()
	defer c.mu.RLock()
	return c.lookAgain()
}

// fresh reports whether the state takes into account all that the log says. It is
// called by who holds mu.
func (c *Control) fresh() bool {
	return c.damage == nil && c.tail != nil && !c.closed && time.Since(c.looked) < lookEvery &&
		(c.horizon.reached(c.state.tree.Size()) || c.tail.Quiet())
}

// lookAgain reads what was added to the log, and looks closely at its files.
func (c *Control) lookAgain() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.glanced() {
		return nil
	}
	return c.lookClosely(time.Now())
}

// lookClosely is lookAgain at that time, whatever a glance would say.
func (c *Control) lookClosely(now time.Time) error {
	before := c.glanceAt(now)
	err := c.catchUp()
	heard := c.state == nil || c.closed || c.readSpool()
	if err == nil && heard {
		c.glance = before
	}
	return err
}

// catchUp is refresh for who holds mu.
func (c *Control) catchUp() error {
	switch {
	case c.closed:
		return ErrClosed
	case c.damage != nil:
		return c.damage
	}
	err := c.readOn()
	if errors.Is(err, ErrCorrupt) {
		c.setDamage(err)
	}
	return err
}

// readOn reads what was appended.
func (c *Control) readOn() error {
	if c.tail == nil {
		if err := c.begin(); err != nil || c.tail == nil {
			return err
		}
	}
	var err error
	for more := true; more; {
		var recs []ledger.Record
		if recs, more, err = c.tail.Some(); len(recs) > 0 {
			c.state.takeAll(recs)
		}
	}
	c.looked = time.Now()
	c.horizon.look(c.log)
	c.proven = c.keyID(c.state) != ""
	if err == nil {
		err = c.state.isKnown(c.cfg.Fingerprint)
	}
	c.whole = c.whole || err == nil
	return err
}

// begin opens the log, if there is one.
func (c *Control) begin() error {
	r, err := ledger.OpenReader(c.cfg.fs, c.log)
	if errors.Is(err, ledger.ErrNotFound) {
		return c.missing()
	}
	if err != nil {
		return err
	}
	snap, err := c.loadSnapshot(r.Info().PublicKey)
	if err != nil {
		return err
	}
	s := newState(r.Verifier())
	tail, err := s.resumeAt(r, snap)
	if err != nil {
		return err
	}
	if err := s.expect(c.cfg.Known); err != nil {
		tail.Close()
		return err
	}
	if snap != nil {
		c.saved = snap.policy.Head.Size
	}
	s.tell = c.tell
	c.reader, c.tail, c.state = r, tail, s
	return nil
}
