package main

import (
	"github.com/spf13/cobra"
)

// agentsCommand is about agents, and stopping them.
func (c *cli) agentsCommand() *cobra.Command {
	cmd := c.group("agents", "List agents, pause and resume them, kill a run", `Lists the agents of a vault, keeps them from being triggered, lets them be
triggered again, and stops a run of theirs. Stopping takes less than starting:
operators pause and kill everywhere.`,
		"flexor agents list", "flexor agents pause --agent feed-monitor --env production", "flexor agents resume --agent feed-monitor --env production")
	cmd.AddCommand(c.agentListCommand(), c.pauseCommand(), c.resumeCommand(), c.killCommand(), c.drillCommand(), c.dummyCommand())
	return cmd
}
