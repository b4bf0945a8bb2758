package control

import "context"

// A Chain is the authority behind a deployment: its own event first, then the
// grant that allowed it, the one that allowed that, and so on up to the genesis.
type Chain struct {
	Deployment Deployment `json:"deployment"`
	Links      []Link     `json:"links"`
}

// A Link is an event of a [Chain] and its proof.
type Link struct {
	Event   Event   `json:"event"`
	Receipt Receipt `json:"-"`
}

// Explain returns the authority behind a deployment. An id that is of no
// deployment in the log is an error that wraps [ErrNotFound].
func (c *Control) Explain(ctx context.Context, deploymentID string) (Chain, error) {
	return Chain{}, errUnfinished
}
