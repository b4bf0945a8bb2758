package control

import (
	"context"
	"fmt"
)

// A Purge says that records of a log were removed because their time was over.
type Purge struct {
	Log  string `json:"log"`  // such as "audit-log"
	From uint64 `json:"from"` // index of the first record that was removed
	To   uint64 `json:"to"`   // index of the first one that was not
	Root string `json:"root"` // of the log when it had To records, in base64
}

// RecordPurge records that the records of a log before to were removed, and that the
// log had this root then. It is an act of nobody's: the log's key signs it. It goes on
// from the purge that was recorded last, and if that was of as many records or more,
// nothing is recorded. Errors wrap [ErrNotRecorded].
func (c *Control) RecordPurge(ctx context.Context, log string, to uint64, root string) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	ctx, cancel := c.cfg.patient(ctx)
	defer cancel()
	err := c.noteOf(ctx, kindPurge, func(s *state) any {
		p := Purge{log, s.purged[log].To, to, root}
		if p.To <= p.From {
			return nil
		}
		return p
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotRecorded, err)
	}
	return nil
}

// Purged returns what was purged of a log by now, according to the governance log:
// all before To. Its From is 0; the zero Purge says that nothing was.
func (c *Control) Purged(ctx context.Context, log string) (p Purge, err error) {
	err = c.read(ctx, func(s *state) { p = s.purged[log] })
	return p, err
}

// purge takes a purge into account.
func (s *state) purge(e *event) error {
	var p Purge
	if err := decodeBody(e, &p); err != nil {
		return err
	}
	before := s.purged[p.Log]
	if p.From != before.To || p.To <= p.From {
		return fmt.Errorf("it is of the records from %d to %d of %s, but those before %d were purged", p.From, p.To, p.Log, before.To)
	}
	p.From = 0
	s.purged[p.Log] = p
	return nil
}
