package control

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// An Event is a record of the governance log.
type Event struct {
	Index  uint64          `json:"index"`
	Kind   string          `json:"kind"` // such as "grant/v1"; empty: the record is no event
	At     time.Time       `json:"at"`
	By     rbac.Subject    `json:"by,omitzero"`     // zero: nobody, the log itself
	Key    string          `json:"key,omitempty"`   // id of the key that signed; empty: the log's
	Role   rbac.Role       `json:"role,omitzero"`   // of By, as recorded
	Grant  *uint64         `json:"grant,omitempty"` // index of the grant that gave the role
	Reason string          `json:"reason,omitempty"`
	Body   json.RawMessage `json:"body"`           // depends on Kind; see docs/design/governance.md
	Flag   string          `json:"flag,omitempty"` // why it has no effect; empty: it has
	Line   []byte          `json:"-"`              // the record, byte for byte
}

// Deployment returns what was deployed by the event, and false if it is none that
// deploys something, or has no effect.
func (e *Event) Deployment() (Deployment, bool) {
	parsed, err := parseEvent(e.Line)
	if err != nil || e.Flag != "" || parsed.Kind != kindDeploy && parsed.Kind != kindRollback || parsed.Grant == nil {
		return Deployment{}, false
	}
	d, err := parsed.deployed()
	return d, err == nil
}

// Events yields the events of the log from index from on. A problem is yielded
// as an error and ends the iteration.
func (c *Control) Events(ctx context.Context, from uint64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		flags := map[uint64]string{}
		err := c.read(ctx, func(s *state) {
			for _, f := range s.flags {
				flags[f.Index] = f.Reason
			}
		})
		if err != nil {
			yield(Event{}, err)
			return
		}
		r, err := c.ledgerReader()
		if err != nil {
			yield(Event{}, err)
			return
		}
		for rec, err := range r.Records(ctx, from, false) {
			if err != nil {
				yield(Event{}, err)
				return
			}
			if !yield(eventOf(rec, flags[rec.Index]), nil) {
				return
			}
		}
	}
}

// eventOf returns a record as what it says it is.
func eventOf(rec ledger.Record, flag string) Event {
	out := Event{Index: rec.Index, Flag: flag, Line: rec.Line}
	e, err := parseEvent(rec.Line)
	if err != nil {
		return out
	}
	out.Kind, out.At, out.By, out.Key, out.Role = e.Kind, e.At, e.By, e.Key, e.Role
	out.Grant, out.Reason, out.Body = e.Grant, e.Reason, e.Body
	return out
}

// ledgerReader returns the reader of the log. Without a log the error wraps
// [ErrNotFound].
func (c *Control) ledgerReader() (*ledger.Reader, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.reader == nil {
		return nil, fmt.Errorf("%w: there is no governance log in %s: run flexor init --owner", ErrNotFound, c.dir)
	}
	return c.reader, nil
}

// Receipt proves that one record stands in the governance log; see vault.Receipt.
type Receipt = ledger.Receipt

// Receipt returns the proof that the record with that index stands in the log as
// it is now.
func (c *Control) Receipt(ctx context.Context, index uint64) (Receipt, error) {
	if err := ctx.Err(); err != nil {
		return Receipt{}, context.Cause(ctx)
	}
	r, err := c.ledgerReader()
	if err != nil {
		return Receipt{}, err
	}
	head, err := r.Head()
	if err != nil {
		return Receipt{}, err
	}
	return r.Receipt(index, head)
}

// PublicKey returns the log's verifier key, with which vault.CheckReceipt checks a
// receipt. Empty: there is no log.
func (c *Control) PublicKey() string {
	r, err := c.ledgerReader()
	if err != nil {
		return ""
	}
	return r.Info().PublicKey
}
