package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// authority is who stands behind a run: the events of the governance log from its
// deployment up to the genesis, each with its proof.
type authority struct {
	Deployment  control.Deployment `json:"deployment"`
	Events      []authorised       `json:"events"`      // the deployment first, the genesis last
	Fingerprint string             `json:"fingerprint"` // of the genesis
	PublicKey   string             `json:"public_key"`  // of the governance log
	Checkpoint  head               `json:"checkpoint"`  // that the proofs lead to
	Verified    bool               `json:"verified"`    // every proof holds
}

// authorised is an event, and what proves it.
type authorised struct {
	control.Event
	About    string    `json:"about"` // in words
	Signer   keyStatus `json:"signer"`
	LeafHash string    `json:"leaf_hash"` // RFC 6962, of Line
	Receipt  string    `json:"receipt"`   // C2SP tlog-proof
	Line     string    `json:"line"`      // of the log, byte for byte, without its newline
}

// behind returns the authority behind a run, and nil for one that names no deployment.
func (c *cli) behind(ctx context.Context, p *place, s *story) (*authority, error) {
	id := s.run.Deployment
	if id == "" {
		return nil, nil
	}
	ctl, err := control.Open(ctx, p.cfg.Dir, nil)
	if err != nil {
		return nil, err
	}
	a, err := c.chain(ctx, ctl, id)
	if errors.Is(err, control.ErrNotFound) {
		err = fail(exitIntegrity, "flexor verify --access", "%s names the deployment %s, which the governance log does not have", s.run.RunID, id)
	}
	return a, errors.Join(err, ctl.Close())
}

// chain returns the authority behind a deployment, after it has checked every proof as
// anybody else would.
func (c *cli) chain(ctx context.Context, ctl *control.Control, id string) (*authority, error) {
	chain, err := ctl.Explain(ctx, id)
	if err != nil {
		return nil, err
	}
	a := &authority{Deployment: chain.Deployment, Fingerprint: chain.Fingerprint, PublicKey: chain.PublicKey}
	for _, l := range chain.Links {
		if err := vault.CheckReceipt(chain.PublicKey, l.Receipt, l.Event.Line); err != nil {
			return nil, fmt.Errorf("event %d of the governance log: %w", l.Event.Index, err)
		}
		h := happeningOf(l.Event)
		a.Events = append(a.Events, authorised{
			Event: l.Event, About: h.detail(), Signer: keyStatus{l.Key, stateOf(&l.Key, c.now())},
			LeafHash: tlog.RecordHash(l.Event.Line).String(), Receipt: string(l.Receipt), Line: string(l.Event.Line),
		})
	}
	r, err := ctl.Receipt(ctx, chain.Deployment.Index)
	if err != nil {
		return nil, err
	}
	a.Checkpoint, a.Verified = headOf(r.Checkpoint), true
	return a, nil
}

// authority tells who stands behind the run.
func (n *narrator) authority(a *authority) error {
	if err := n.section("Who authorised it"); err != nil {
		return err
	}
	var root node
	at := &root
	for _, e := range a.Events {
		next := &node{text: e.told()}
		at.children = []*node{next}
		at = next
	}
	if err := writeTree(n.w, root.children, "  "); err != nil {
		return err
	}
	var f facts
	f.add("fingerprint", "%s, of the genesis: whoever is to believe this must know it from elsewhere", printable(a.Fingerprint))
	f.add("checkpoint", "%s, %d records, root %s", printable(a.Checkpoint.Origin), a.Checkpoint.Size, a.Checkpoint.Root)
	f.add("verified", "each of these %s stands in the signed log", count(len(a.Events), "event"))
	return f.write(n.w, "  ")
}

// told tells one event of the chain: what was ordered, by whom, in which role, by which
// key, when and why.
func (e *authorised) told() string {
	text := fmt.Sprintf("%s by %s, %s, at %s UTC\nevent %d, signed with %s, leaf hash %s",
		e.deed(), printable(e.By.String()), e.role(), clock(e.At), e.Index, printable(e.Key), e.LeafHash)
	if e.Reason != "" {
		text += "\nbecause " + printable(e.Reason)
	}
	return text
}

// deed is what was ordered.
func (e *authorised) deed() string {
	h := happeningOf(e.Event)
	b := &h.about
	switch h.what() {
	case "genesis":
		return "genesis of the vault " + printable(b.Vault)
	case "grant":
		return printable(b.Subject) + " made " + printable(b.Role)
	case "rollback":
		return fmt.Sprintf("%s rolled back to %s in %s", printable(b.Agent), printable(b.Version), printable(b.Environment))
	}
	return fmt.Sprintf("%s %s deployed to %s", printable(b.Agent), printable(b.Version), printable(b.Environment))
}

// role is the role in which it was ordered, and where that is from.
func (e *authorised) role() string {
	if e.Grant == nil {
		return "its first " + rbac.Owner.String()
	}
	return fmt.Sprintf("%s by event %d", e.Role, *e.Grant)
}
