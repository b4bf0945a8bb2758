package control

import "github.com/flexorhq/flexor-go/rbac"

// An Outcome is what became of an order.
type Outcome struct {
	// Decision says whether it was allowed, and why.
	Decision rbac.Decision
	// Index is where the event stands in the governance log that records the order
	// or, if it was denied, the denial; [Control.Receipt] proves it. Meaningful if
	// Recorded.
	Index uint64
	// Recorded says that this call recorded an event, which is on disk.
	Recorded bool
	// Repeated says that the order was allowed and asked for what is the case
	// already. Index is that of the order that made it so; for a resume of what is not
	// paused it is meaningless.
	Repeated bool
}
