package control

import (
	"context"
	"fmt"

	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/rbac"
)

// A Chain is the authority behind a deployment: its own event first, then the
// grant that allowed it, the one that allowed that, and so on up to the genesis.
type Chain struct {
	Deployment Deployment `json:"deployment"`
	Links      []Link     `json:"links"`
	// Fingerprint is that of the genesis at the end of the chain. Whoever is to believe
	// the chain must know it from elsewhere.
	Fingerprint string `json:"fingerprint"`
	// PublicKey is the log's, with which the receipts are checked.
	PublicKey string `json:"public_key"`
}

// A Link is an event of a [Chain] and what proves it.
type Link struct {
	Event   Event    `json:"event"`
	Key     rbac.Key `json:"key"`     // that signed, as the log has it now
	Receipt []byte   `json:"receipt"` // text of the proof that the event stands in the log; see vault.CheckReceipt
}

// Explain returns the authority behind a deployment. An id that is of no
// deployment in the log is an error that wraps [ErrNotFound].
func (c *Control) Explain(ctx context.Context, deploymentID string) (Chain, error) {
	flags := map[uint64]string{}
	var chain Chain
	var policy *rbac.Policy
	err := c.read(ctx, func(s *state) {
		policy, chain.Fingerprint = s.policy, s.fingerprint
		for _, f := range s.flags {
			flags[f.Index] = f.Reason
		}
	})
	if err != nil {
		return Chain{}, err
	}
	r, err := c.ledgerReader()
	if err != nil {
		return Chain{}, err
	}
	chain.PublicKey = r.Info().PublicKey
	head, err := r.Head()
	if err != nil {
		return Chain{}, err
	}
	lines, err := c.wanted(ctx, r, deploymentID, flags, &chain)
	if err != nil {
		return Chain{}, err
	}
	if chain.Deployment.ID == "" {
		return Chain{}, fmt.Errorf("%w: no deployment %q in %s", ErrNotFound, deploymentID, c.log)
	}
	for index := chain.Deployment.Index; ; {
		rec, ok := lines[index]
		if !ok {
			return Chain{}, fmt.Errorf("%w: record %d, on which the deployment %s rests, is no grant that counts", ErrCorrupt, index, deploymentID)
		}
		receipt, err := r.Receipt(index, head)
		if err != nil {
			return Chain{}, err
		}
		link := Link{Event: eventOf(rec, flags[index]), Receipt: receipt.Text()}
		link.Key, _ = policy.Key(link.Event.Key)
		chain.Links = append(chain.Links, link)
		if link.Event.Kind == kindGenesis {
			return chain, nil
		}
		if *link.Event.Grant >= index {
			return Chain{}, fmt.Errorf("%w: record %d rests on record %d, which came later", ErrCorrupt, index, *link.Event.Grant)
		}
		index = *link.Event.Grant
	}
}

// wanted returns the records that a chain may consist of, by their index: all that
// give a role, and the deployment, which it sets in chain.
func (c *Control) wanted(ctx context.Context, r *ledger.Reader, id string, flags map[uint64]string, chain *Chain) (map[uint64]ledger.Record, error) {
	lines := map[uint64]ledger.Record{}
	for rec, err := range r.Records(ctx, 0, false) {
		if err != nil {
			return nil, err
		}
		if _, flagged := flags[rec.Index]; flagged {
			continue
		}
		e, err := parseEvent(rec.Line)
		if err != nil {
			continue // flagged since the flags were looked up
		}
		switch e.Kind {
		case kindGenesis, kindGrant:
			lines[rec.Index] = rec
		case kindDeploy, kindRollback:
			if chain.Deployment.ID != "" || e.id(deploymentPrefix) != id || e.Grant == nil {
				continue
			}
			if chain.Deployment, err = e.deployed(); err != nil {
				return nil, err
			}
			lines[rec.Index] = rec
		}
	}
	return lines, nil
}
