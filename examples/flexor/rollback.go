package main

import (
	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// rollbackCommand deploys what was deployed before.
func (c *cli) rollbackCommand() *cobra.Command {
	o := &control.RollbackOrder{}
	cmd := &cobra.Command{
		Use:   "rollback",
		Short: "Deploy again what was deployed before",
		Long: `Deploys again the version of an agent that was deployed to the environment
before the current one, with the digest that it had, or another that is kept:
the last three versions are (see flexor deployments). It takes who may deploy
there.`,
		Example: examples(
			"flexor rollback --agent feed-monitor --env production --dry-run",
			"flexor rollback --agent feed-monitor --env production",
			"flexor rollback --agent feed-monitor --env production --version 1.4.2",
		),
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.Agent, "agent", "", "the agent `NAME`")
	f.StringVar(&o.Version, "version", "", "the `VERSION` to go back to (default the one before the current)")
	f.BoolVar(&o.DryRun, "dry-run", false, "say what would be done, and do nothing")
	c.completeAgents(cmd)
	env := addEnvironment(cmd, "where")
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := needed(cmd, "agent", "env"); err != nil {
			return err
		}
		o.Environment, o.Reason = rbac.Environment(env.value), c.reason(*reason)
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			d, out, err := a.Rollback(cmd.Context(), *o)
			if err != nil {
				return err
			}
			return c.deployed(a, &deployment{format: format.value, dryRun: o.DryRun}, rbac.Rollback, d, out)
		})
	}
	return cmd
}
