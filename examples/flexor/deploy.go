package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// deployment is the command line of flexor deploy.
type deployment struct {
	agent, env, version, digest string
	dryRun                      bool
	reason                      string
	format                      string

	all    bool      // no agent is named
	orders []ordered // of all agents; as JSON they are one array
}

// deployCommand deploys agents.
func (c *cli) deployCommand() *cobra.Command {
	o := &deployment{}
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Deploy an agent to an environment, or all of them",
		Long: `Makes a version of an agent the one that runs in an environment: signed by who
deploys it, in the vault's governance log. A run in production needs it. To
sandbox it takes an operator, elsewhere an admin.

The agent's file, agents/<name>.yaml in the vault, states its version and the
environment that it is for; deploying it elsewhere is refused. The digest of the
file is recorded as that of what is deployed, unless --digest names another
artifact. An agent without a file needs --version.

Without --agent all agents are deployed that have a file for that environment.
If some are and some cannot be, the exit code is 6. With --dry-run nothing is
done or recorded.`,
		Example: examples(
			"flexor deploy --env production --agent feed-monitor --dry-run",
			"flexor deploy --env production --agent feed-monitor",
			"flexor deploy --env production",
			"flexor deploy --env sandbox --agent recon-summary --version 2.0.1",
		),
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.agent, "agent", "", "the agent `NAME` (default all that have a file for the environment)")
	f.StringVar(&o.version, "version", "", "the `VERSION` to deploy (default that in the agent's file)")
	f.StringVar(&o.digest, "digest", "", "the digest `sha256:HEX` of the artifact (default that of the agent's file)")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and do nothing")
	c.completeAgents(cmd)
	env := addEnvironment(cmd, "where to")
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := needed(cmd, "env"); err != nil {
			return err
		}
		if o.agent == "" && (o.version != "" || o.digest != "" || cmd.Flags().Changed("agent")) {
			return misuse("name the agent with --agent", "--version and --digest are of one agent, and none is named")
		}
		o.env, o.reason, o.format = env.value, c.reason(*reason), format.value
		return c.deploy(cmd.Context(), o)
	}
	return cmd
}

// deploy deploys one agent, or all.
func (c *cli) deploy(ctx context.Context, o *deployment) error {
	cfg, _, err := c.config()
	if err != nil {
		return err
	}
	files := agentFilesIn(cfg.Dir)
	a, err := c.actIn(ctx, cfg, control.Config{Manifest: files.lookup})
	if err != nil {
		return err
	}
	if o.agent != "" {
		err = a.failure(c.deployOne(ctx, a, files, o, o.agent))
	} else {
		err = c.deployAll(ctx, a, files, o)
	}
	return errors.Join(err, a.Close())
}

// deployOne deploys one agent.
func (c *cli) deployOne(ctx context.Context, a *actor, files *agentFiles, o *deployment, agent string) error {
	order := control.DeployOrder{
		Agent: agent, Version: o.version, Environment: rbac.Environment(o.env), Digest: o.digest, Reason: o.reason, DryRun: o.dryRun,
	}
	if f := files.file(agent); f != nil {
		if f.err != nil {
			return fmt.Errorf("%w of %s: %w", control.ErrManifest, agent, f.err)
		}
		order.Version, order.Digest = cmp.Or(order.Version, f.Version), cmp.Or(order.Digest, f.digest)
	}
	if order.Version == "" {
		return misuse(fmt.Sprintf("flexor deploy --env %s --agent %s --version VERSION", o.env, agent),
			"deploy: %s has no file in %s that states its version, and no --version was given", agent, files.dir)
	}
	d, out, err := a.Deploy(ctx, order)
	if err != nil {
		return err
	}
	return c.deployed(a, o, rbac.Deploy, d, out)
}

// deployed tells what is deployed now.
func (c *cli) deployed(a *actor, by *deployment, order rbac.Action, d control.Deployment, out control.Outcome) error {
	o := a.ordered(out, order)
	o.DryRun, o.Agent = by.dryRun, d.Agent
	if !by.dryRun {
		o.Deployment = &d
	}
	by.orders = append(by.orders, o)
	if !by.all || by.format != "json" {
		if err := c.report(by.format, o, "%s %s is deployed to %s", d.Agent, d.Version, o.Environment); err != nil {
			return err
		}
	}
	if !by.dryRun && !out.Repeated {
		c.note("%s, %s", d.ID, digestText(d.Digest))
	}
	c.elsewhere(a, o.Environment)
	return nil
}

func digestText(digest string) string {
	if digest == "" {
		return "of an artifact without a digest"
	}
	return "of " + digest
}

// deployAll deploys all agents that have a file for the environment. One that cannot be
// deployed does not stand in the way of the others.
func (c *cli) deployAll(ctx context.Context, a *actor, files *agentFiles, o *deployment) (err error) {
	names, err := files.names()
	if err != nil {
		return err
	}
	var done, elsewhere int
	var first error
	o.all = true
	if o.format == "json" {
		// What was done is told, whatever came after it.
		defer func() { err = errors.Join(err, writeJSON(c.out, orEmpty(o.orders), "  ")) }()
	}
	for _, agent := range names {
		f := files.file(agent)
		if f == nil {
			continue // removed meanwhile
		}
		if f.err == nil && f.Environment != rbac.Environment(o.env) {
			elsewhere++
			continue
		}
		err := a.failure(c.deployOne(ctx, a, files, o, agent))
		if err == nil {
			done++
			continue
		}
		if ctx.Err() != nil {
			return err
		}
		c.note("%s is not deployed: %s", agent, cause(err))
		if first == nil {
			first = err
		}
	}
	if elsewhere > 0 {
		c.note("note: %s for another environment", verb(elsewhere, "agent is", "agents are"))
	}
	switch {
	case first != nil && done > 0:
		return fail(exitPartly, judge(first).fix, "deploy: only %d of %d agents for %s could be deployed", done, len(names)-elsewhere, o.env)
	case first != nil:
		return first
	case done == 0:
		return fail(exitNotFound, fmt.Sprintf("flexor deploy --env %s --agent NAME --version VERSION", o.env), "deploy: no agent in %s is for %s", files.dir, o.env)
	}
	return nil
}
