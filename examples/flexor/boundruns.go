package main

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
)

// boundRuns is what the finished runs of the audit log say of the governance log, held
// against it. Each of them pins what the governance log was when it started, so that
// neither can be exchanged or cut short alone.
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
	lived map[string][]uint64           // by agent and environment: indexes of deployments, ascending
	known map[string]control.Deployment // by id, as looked up
}

// bindRuns holds the runs of a vault against its governance log.
func bindRuns(ctx context.Context, p *place) (*boundRuns, error) {
	ctl, err := control.Open(ctx, p.cfg.Dir, nil)
	if err != nil {
		return nil, err
	}
	defer ctl.Close() // nothing was ordered, so nothing is to be lost
	b := &binding{ctl: ctl, lived: map[string][]uint64{}, known: map[string]control.Deployment{}}
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
		why, err := b.against(ctx, &e)
		if err != nil {
			return nil, err
		}
		if why != "" {
			out.Contradictions = append(out.Contradictions, e.RunID+" "+why)
		}
	}
	return out, nil
}

// read reads the governance log: its roots, and which deployments were current when.
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
		if h := happeningOf(e); e.Flag == "" && (h.what() == "deploy" || h.what() == "rollback") {
			where := h.about.Agent + " " + h.about.Environment
			b.lived[where] = append(b.lived[where], e.Index)
		}
	}
	return nil
}

// against says what in a run contradicts the governance log; nothing, if nothing does.
func (b *binding) against(ctx context.Context, e *audit.Entry) (string, error) {
	g := e.Governance
	if g.Size >= uint64(len(b.roots)) {
		return fmt.Sprintf("started when the governance log had %d events, and it has %d: events were removed", g.Size, len(b.roots)-1), nil
	}
	if root := b.roots[g.Size].String(); root != g.Root {
		return fmt.Sprintf("started when the first %d events of the governance log had the root %s, and they have %s: it is another log", g.Size, g.Root, root), nil
	}
	if e.Deployment == "" {
		return "", nil
	}
	d, err := b.deployment(ctx, e.Deployment)
	switch {
	case errors.Is(err, control.ErrNotFound):
		return fmt.Sprintf("names the deployment %s, which the governance log does not have", e.Deployment), nil
	case err != nil:
		return "", err
	case d.Agent != e.AgentName || string(d.Environment) != e.Environment || e.AgentVersion != "" && d.Version != e.AgentVersion:
		return fmt.Sprintf("names the deployment %s, which is of %s@%s in %s", d.ID, d.Agent, d.Version, d.Environment), nil
	}
	lived := b.lived[d.Agent+" "+string(d.Environment)]
	n := sort.Search(len(lived), func(i int) bool { return lived[i] >= g.Size })
	if n == 0 || lived[n-1] != d.Index {
		return fmt.Sprintf("names the deployment %s, which was not the current one when it started", d.ID), nil
	}
	return "", nil
}

// deployment looks a deployment up by its id.
func (b *binding) deployment(ctx context.Context, id string) (control.Deployment, error) {
	if d, ok := b.known[id]; ok {
		return d, nil
	}
	chain, err := b.ctl.Explain(ctx, id)
	if err == nil {
		b.known[id] = chain.Deployment
	}
	return chain.Deployment, err
}
