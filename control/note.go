package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// note takes an event that the log's own key signed. It can change nothing.
func (s *state) note(e *event) error {
	if e.By != (rbac.Subject{}) || !e.isLogs(s.verifier) {
		return errors.New("the log's key did not sign it")
	}
	switch e.Kind {
	case kindDenied:
		return s.denied(e, "")
	case kindRepeats:
		return s.repeats(e)
	case kindPurge:
		return s.purge(e)
	}
	return fmt.Errorf("events of kind %q are not known to this version, or need the key of a person", e.Kind)
}

func decodeBody(e *event, body any) error {
	if err := decode(e.Body, body); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

// note records an event in the name of nobody. It is signed by the log's key, and
// gives nobody a right.
func (c *Control) note(ctx context.Context, kind string, body any) error {
	return c.noteOf(ctx, kind, func(*state) any { return body })
}

// noteOf is note of what body makes of the state; of nil nothing is recorded.
func (c *Control) noteOf(ctx context.Context, kind string, body func(*state) any) error {
	l, err := c.open(ctx)
	if err != nil {
		return err
	}
	_, err = l.AppendIf(ctx, func(size uint64) ([][]byte, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if err := c.catchUpTo(size); err != nil {
			return nil, err
		}
		b := body(c.state)
		if b == nil {
			return nil, nil
		}
		v := visit{c: c}
		return c.announced(v.write(c.state.place(c.cfg.Now().UTC().Truncate(time.Microsecond)), kind, b))
	})
	return err
}
