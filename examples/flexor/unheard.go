package main

import (
	"context"
	"slices"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// unheard warns of an agent that was paused and of which nothing else is known: most
// likely its name is mistyped, and the one that was meant goes on.
func (c *cli) unheard(ctx context.Context, a *actor, agent string) {
	// That it is paused need not wait for this. An error sticks.
	_ = c.out.Flush()
	known, _ := agentFilesIn(a.cfg.Dir).names() // what cannot be read is not known
	deployed, _ := a.Deployments(ctx)
	for _, d := range deployed {
		known = append(known, d.Agent)
	}
	if slices.Contains(known, agent) || hasRun(ctx, a, agent) {
		return
	}
	meant := ""
	if name, ok := nearest(agent, known); ok {
		meant = "; did you mean " + name + "?"
	}
	c.note("note: nothing else is known of an agent %s: it has no file, was never deployed, and has not run%s", agent, meant)
}

// hasRun reports whether an agent has a run in the audit log, or may have one.
func hasRun(ctx context.Context, a *actor, agent string) bool {
	dir, err := flexor.LogDir(a.cfg)
	if err != nil {
		return true
	}
	log, err := vault.OpenReader(dir)
	if err != nil {
		return true
	}
	for range log.Entries(ctx, audit.Filter{Agents: []string{agent}, Limit: 1}) {
		return true // it has, or the log cannot be read
	}
	open, err := log.Running(ctx)
	for _, run := range open {
		if run.AgentName == agent {
			return true
		}
	}
	return err != nil
}
