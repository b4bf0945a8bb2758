package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// deploymentsCommand lists deployments.
func (c *cli) deploymentsCommand() *cobra.Command {
	var agents []string
	cmd := &cobra.Command{
		Use:   "deployments",
		Short: "List what is deployed where, by whom, and what is kept before it",
		Long: `Lists for each agent and environment the version that is deployed and the ones
before it that are kept, the current one first: when, by whom, in which role and
by which key. All that was ever deployed is in flexor access log --kind
deploy,rollback.`,
		Example: examples("flexor deployments", "flexor deployments --agent feed-monitor --env production --format json"),
		Args:    noArgs,
	}
	cmd.Flags().StringSliceVar(&agents, "agent", nil, "only deployments of the agent `NAME`; repeat it, or separate several with commas")
	c.completeAgents(cmd)
	env := addEnvironment(cmd, "only deployments there")
	format := addFormat(cmd)
	cmd.RunE = c.viewing(func(cmd *cobra.Command, a *actor) error {
		all, err := a.Deployments(cmd.Context())
		if err != nil {
			return err
		}
		var there []string
		for _, d := range all {
			there = withName(there, d.Agent+" in "+string(d.Environment))
		}
		list := slices.DeleteFunc(all, func(d control.Deployment) bool {
			return len(agents) > 0 && !slices.Contains(agents, d.Agent) || env.value != "" && d.Environment != rbac.Environment(env.value)
		})
		switch {
		case len(there) == 0:
			c.note("nothing is deployed")
		case len(list) == 0:
			c.note("no deployment matched; deployed are %s", few(there))
		}
		return deployments().write(c, format.value, list)
	})
	return cmd
}

// deployments is how deployments are shown.
func deployments() view[control.Deployment] {
	state := func(d control.Deployment) string {
		if d.Current {
			return "current"
		}
		return "kept"
	}
	return view[control.Deployment]{
		columns: left("DEPLOYMENT", "AGENT", "ENVIRONMENT", "VERSION", "STATE", "AT (UTC)", "BY", "ROLE"),
		heads:   []string{"id", "agent", "environment", "version", "state", "digest", "at", "by", "key", "role", "grant", "event", "rollback", "reason"},
		cells: func(d control.Deployment) []cell {
			return plain(d.ID, d.Agent, string(d.Environment), d.Version, state(d), clock(d.At), d.By.String(), d.Role.String())
		},
		fields: func(d control.Deployment) []field {
			return []field{word(d.ID), text(d.Agent), word(string(d.Environment)), text(d.Version), word(state(d)), word(d.Digest), when(d.At),
				text(d.By.String()), word(d.Key), word(d.Role.String()), number(int64(d.Grant)), number(int64(d.Index)), object(d.Rollback), text(d.Reason)}
		},
	}
}
