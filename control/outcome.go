package control

import "github.com/flexorhq/flexor-go/rbac"

// An Outcome is what became of an order. Every order returns one, which holds the
// decision in every case, and an error. That is nil if the order is carried out, recorded
// and on disk, or asked for what is the case already. It wraps [ErrDenied] if the order
// was not allowed, [ErrInvalid] if it is malformed, [ErrNotRecorded] if it was allowed and
// could not be recorded, and [ErrClosed] after [Control.Close].
type Outcome struct {
	// Decision says whether it was allowed, and why.
	Decision rbac.Decision `json:"decision"`
	// Index is where the event stands in the governance log that records the order
	// or, if it was denied, the denial; [Control.Receipt] proves it. Meaningful if
	// Recorded.
	Index uint64 `json:"index"`
	// Recorded says that this call recorded an event, which is on disk. A denial that
	// repeats one of the last minute is only counted.
	Recorded bool `json:"recorded"`
	// Repeated says that the order was allowed and asked for what is the case
	// already. Index is that of the order that made it so; for a resume of what is not
	// paused it is meaningless.
	Repeated bool `json:"repeated"`
}
