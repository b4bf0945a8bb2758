package control

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// An Event is a record of the governance log.
type Event struct {
	Index  uint64          `json:"index"`
	Kind   string          `json:"kind"` // such as "grant/v1"
	At     time.Time       `json:"at"`
	By     rbac.Subject    `json:"by,omitzero"`     // zero: the log itself
	Key    string          `json:"key,omitempty"`   // id of the key that signed; empty: the log's
	Role   rbac.Role       `json:"role,omitzero"`   // of By, as recorded
	Grant  *uint64         `json:"grant,omitempty"` // index of the grant that gave the role
	Reason string          `json:"reason,omitempty"`
	Body   json.RawMessage `json:"body"`           // depends on Kind; see docs/design/governance.md
	Flag   string          `json:"flag,omitempty"` // why the event has no effect; empty: it has
	Line   []byte          `json:"-"`              // the record, byte for byte
}

// Events yields the events of the log from index from on. A problem is yielded
// as an error and ends the iteration.
func (c *Control) Events(ctx context.Context, from uint64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) { yield(Event{}, errUnfinished) }
}

// Receipt proves that one record stands in the governance log; see vault.Receipt.
type Receipt = ledger.Receipt

// Receipt returns the proof that the record with that index stands in the log as
// it is now.
func (c *Control) Receipt(ctx context.Context, index uint64) (Receipt, error) {
	return Receipt{}, errUnfinished
}
