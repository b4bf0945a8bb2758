package control

import (
	"crypto/sha256"
	"encoding/base64"
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

// sum is the same for two denials that are: of the same order, by the same key, and
// for the same reason. key is the id of the key that signed; empty: the log's.
func (b *deniedBody) sum(key string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s %s %s", key, b.Claimed, b.Code, b.Order, b.Asked))
	return base64.RawStdEncoding.EncodeToString(sum[:16])
}

// denied decides anew on an order that was denied. key is the id of the key that
// signed; empty: the log's.
func (s *state) denied(e *event, key string) error {
	var b deniedBody
	if err := decodeBody(e, &b); err != nil {
		return err
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
	s.remember(pastDenial{Index: e.Size, At: e.At, By: e.By, Sum: b.sum(key)})
	return nil
}

const (
	// foldFor is for how long a denial that is repeated is only counted.
	foldFor = time.Minute
	// foldAfter is how many different denials of one actor are recorded in that time;
	// more are only counted, or whoever asks for something else each time would fill
	// the disk.
	foldAfter = 16
)

// pastDenial is what the state keeps of a denial, so that it is known, in whatever
// process, when it is repeated.
type pastDenial struct {
	Index uint64       `json:"index"`
	At    time.Time    `json:"at"`
	By    rbac.Subject `json:"by,omitzero"` // zero: all whose key is not known
	Sum   string       `json:"sum"`         // as of [deniedBody.sum]

	// Repeats is when it was last recorded how often it was repeated, and Others the
	// same of what was denied after it; zero: never.
	Repeats time.Time `json:"repeats,omitzero"`
	Others  time.Time `json:"others,omitzero"`
}

// remember keeps a denial, as many as matter for each actor.
func (s *state) remember(d pastDenial) {
	kept := append(s.denials[d.By], d)
	s.denials[d.By] = kept[max(0, len(kept)-foldAfter):]
}

// repeated reports whether a denial is only counted, and as what: as one more of a
// denial, or as another one after it. Nobody's clock but their own is behind what an
// actor did; of those whose key is not known, one whose clock is far ahead must not hide
// what all others are denied.
func (s *state) repeated(by rbac.Subject, sum string, at time.Time) (r repeatsBody, ok bool) {
	recent := 0
	for _, d := range s.denials[by] {
		if !at.Before(d.At.Add(foldFor)) || by == (rbac.Subject{}) && !d.At.Before(at.Add(foldFor)) {
			continue
		}
		recent++
		if r.Of = d.Index; d.Sum == sum {
			return repeatsBody{Of: d.Index, Count: 1, Until: at}, true
		}
	}
	return repeatsBody{Of: r.Of, Count: 1, Until: at, Other: true}, recent >= foldAfter
}

// pastDenial returns the denial that was recorded as that event, nil if it is not kept.
func (s *state) pastDenial(index uint64) *pastDenial {
	for _, kept := range s.denials {
		for i := range kept {
			if kept[i].Index == index {
				return &kept[i]
			}
		}
	}
	return nil
}
