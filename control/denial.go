package control

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/rbac"
)

// deniedBody is the body of the event that an order was denied. It is signed by
// whose key the log knows and, if the key is not known, or is not the one that is
// known under its id, by the log's.
type deniedBody struct {
	Order string          `json:"order"` // the kind of event that it would have been
	Asked json.RawMessage `json:"asked"` // its body
	Code  rbac.Code       `json:"code"`
	// Needed is the lowest role that may do this. Zero: it is not about the role.
	Needed rbac.Role `json:"needed,omitzero"`
	// Claimed is the id of the key that was shown, if the log's key signed.
	Claimed string `json:"claimed,omitempty"`
}

// repeatsBody is the body of the event that an order was denied again and again, or
// that so many different ones were denied that they were only counted.
type repeatsBody struct {
	Of    uint64    `json:"of"` // index of the event of the first denial
	Count int       `json:"count"`
	Until time.Time `json:"until"` // when the last of them was denied
	// Other says that they were other orders of the same actor, given after that one.
	Other bool `json:"other,omitempty"`
}

// denied decides anew on an order that was denied. key is the id of the key that
// signed; empty: the log's.
func (s *state) denied(e *event, key string) error {
	var b deniedBody
	if err := decode(e.Body, &b); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	o := newOrder(b.Order)
	if o == nil {
		return fmt.Errorf("the denial of an order of kind %q, which is not known to this version", b.Order)
	}
	if err := decode(b.Asked, o); err != nil {
		return fmt.Errorf("order: %w", err)
	}
	d := s.decide(s.request(o, key, e.At, e.Reason))
	if key != "" {
		s.pass(e, 0)
	}
	if d.Allowed || d.Code != b.Code || d.Needed != b.Needed || d.Role != e.Role {
		return fmt.Errorf("the decision recorded is not the one that follows from the log: %s", Reason(d))
	}
	s.decisions++
	return nil
}
