package main

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// boundRuns is what the finished runs of the audit log say of the governance log, held
// against it. Each of them pins what the governance log was when it started, so that
// neither can be exchanged or cut short alone; and that it was let start must follow from
// what the governance log was then.
type boundRuns struct {
	Finished       int      `json:"finished"`
	Governed       int      `json:"governed"` // that name the governance log
	Deployed       int      `json:"deployed"` // of these, that name a deployment
	Contradictions []string `json:"contradictions"`
}

// binding holds runs against the governance log.
type binding struct {
	ctl   *control.Control
	roots []tlog.Hash                   // of the log at each size
	moves map[string][]move             // by agent and environment, in the order of the log
	known map[string]control.Deployment // all, by id
}

// move is an event that changes whether an agent may run somewhere: deploy, rollback, pause
// or resume.
type move struct {
	index uint64
	what  string
}

// last returns the last move of some kinds before a size of the log.
func last(moves []move, size uint64, kinds ...string) (m move) {
	for _, next := range moves {
		if next.index >= size {
			break
		}
		if slices.Contains(kinds, next.what) {
			m = next
		}
	}
	return m
}

// bindRuns holds the runs of a vault against its governance log.
func bindRuns(ctx context.Context, p *place) (*boundRuns, error) {
	ctl, err := control.Open(ctx, p.cfg.Dir, nil)
	if err != nil {
		return nil, err
	}
	defer ctl.Close() // nothing was ordered, so nothing is to be lost
	b := &binding{ctl: ctl, moves: map[string][]move{}, known: map[string]control.Deployment{}}
	if err := b.read(ctx); err != nil {
		return nil, err
	}
	out := &boundRuns{Contradictions: []string{}}
	for e, err := range p.log.Entries(ctx, audit.Filter{}) {
		if err != nil {
			return nil, err
		}
		out.Finished++
		if e.Governance == nil {
			continue
		}
		out.Governed++
		if e.Deployment != "" {
			out.Deployed++
		}
		if why := b.against(&e); why != "" {
			out.Contradictions = append(out.Contradictions, e.RunID+" "+why)
		}
	}
	return out, nil
}

// governedBefore says of a vault without a governance log that it is gone, if a run started
// under one.
func governedBefore(ctx context.Context, p *place) error {
	if p.log == nil {
		return nil
	}
	for e, err := range p.log.Entries(ctx, audit.Filter{}) {
		if err != nil {
			return err
		}
		if e.Governance != nil {
			return fmt.Errorf("%w: the governance log is gone, but %s started when it had %d events", vault.ErrCorrupt, e.RunID, e.Governance.Size)
		}
	}
	return nil
}

// read reads the governance log: its roots, and what was deployed and paused when.
func (b *binding) read(ctx context.Context) error {
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			out[i] = hashes[at]
		}
		return out, nil
	})
	addRoot := func(size int64) error {
		root, err := tlog.TreeHash(size, reader)
		b.roots = append(b.roots, root)
		return err
	}
	if err := addRoot(0); err != nil {
		return err
	}
	for e, err := range b.ctl.Events(ctx, 0) {
		if err != nil {
			return err
		}
		more, err := tlog.StoredHashes(int64(e.Index), e.Line, reader)
		if err != nil {
			return err
		}
		hashes = append(hashes, more...)
		if err := addRoot(int64(e.Index) + 1); err != nil {
			return err
		}
		if d, ok := e.Deployment(); ok {
			b.known[d.ID] = d
		}
		h := happeningOf(e)
		switch what := h.what(); what {
		case "deploy", "rollback", "pause", "resume":
			if where := h.about.Agent + " " + h.about.Environment; e.Flag == "" {
				b.moves[where] = append(b.moves[where], move{e.Index, what})
			}
		}
	}
	return nil
}

// against says what in a run contradicts the governance log; nothing, if nothing does.
func (b *binding) against(e *audit.Entry) string {
	g := e.Governance
	if g.Size >= uint64(len(b.roots)) {
		return fmt.Sprintf("started when the governance log had %d events, and it has %d: events were removed", g.Size, len(b.roots)-1)
	}
	if root := b.roots[g.Size].String(); root != g.Root {
		return fmt.Sprintf("started when the first %d events of the governance log had the root %s, and they have %s: it is another log", g.Size, g.Root, root)
	}
	moves := b.moves[e.AgentName+" "+e.Environment]
	if m := last(moves, g.Size, "pause", "resume"); m.what == "pause" {
		return fmt.Sprintf("started although event %d paused its agent", m.index)
	}
	if e.Deployment == "" {
		if e.Environment == string(rbac.Production) {
			return "started in production without a deployment"
		}
		return ""
	}
	d, ok := b.known[e.Deployment]
	switch {
	case !ok:
		return fmt.Sprintf("names the deployment %s, which the governance log does not have", e.Deployment)
	case d.Agent != e.AgentName || string(d.Environment) != e.Environment || e.AgentVersion != "" && d.Version != e.AgentVersion:
		return fmt.Sprintf("names the deployment %s, which is of %s@%s in %s", d.ID, d.Agent, d.Version, d.Environment)
	}
	if m := last(moves, g.Size, "deploy", "rollback"); m.index != d.Index {
		return fmt.Sprintf("names the deployment %s, which was not the current one when it started", d.ID)
	}
	return ""
}
