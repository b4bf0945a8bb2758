package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// A Purge says that records of a log were removed because their time was over.
type Purge struct {
	Log  string `json:"log"`  // such as "audit-log"
	From uint64 `json:"from"` // index of the first record that was removed
	To   uint64 `json:"to"`   // index of the first one that was not
	Root string `json:"root"` // of the log when it had To records
}

// RecordPurge records a purge, which is an act of nobody's: the log's key signs it.
// The error wraps [ErrNotRecorded].
func (c *Control) RecordPurge(ctx context.Context, p Purge) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := c.note(kindPurge, p); err != nil {
		return fmt.Errorf("%w: %w", ErrNotRecorded, err)
	}
	return nil
}

// note takes an event that the log's own key signed. It can change nothing.
func (s *state) note(e *event) error {
	if e.By != (rbac.Subject{}) || !e.isLogs(s.verifier) {
		return errors.New("the log's key did not sign it")
	}
	switch e.Kind {
	case kindDenied:
		return s.denied(e, "")
	case kindRepeats:
		return decodeBody(e, new(repeatsBody))
	case kindPurge:
		return decodeBody(e, new(Purge))
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
// changes nothing.
func (c *Control) note(kind string, body any) error {
	l, err := c.open()
	if err != nil {
		return err
	}
	_, err = l.AppendIf(func(size uint64) ([][]byte, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if err := c.catchUpTo(size); err != nil {
			return nil, err
		}
		v := visit{c: c}
		return v.write(c.state.place(c.cfg.Now().UTC().Truncate(time.Microsecond)), kind, body)
	})
	return err
}
