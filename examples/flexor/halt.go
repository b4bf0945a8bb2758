package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// pauseCommand keeps an agent from being triggered.
func (c *cli) pauseCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "pause",
		Short: "Keep an agent from being triggered",
		Long: `Keeps an agent from being triggered in an environment, from now on and until
somebody resumes it; its runs are refused, and that is recorded. What is
deployed stays as it is. Runs that have begun go on: see flexor agents kill.

Outside sandbox the record says why. The reason is that of --reason, else that
in the variable FLEXOR_REASON, else it is asked for on a terminal. To stop
something must not fail for want of words: without any, the record says that no
reason was given.

A pause holds even if the governance log is damaged, the disk is full, or
vault.json is wrong.`,
		Example: examples(
			"flexor agents pause --agent feed-monitor --env production",
			"flexor agents pause --agent recon-summary --env production --reason drift",
		),
		Args: noArgs,
	}
	cmd.Flags().StringVar(&name, "agent", "", "the agent `NAME`")
	c.completeAgents(cmd)
	env := addEnvironment(cmd, "where")
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := needed(cmd, "agent", "env"); err != nil {
			return err
		}
		c.stops = true
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			where := rbac.Environment(env.value)
			if a.noKey != nil {
				return a.keyless()
			}
			out, err := a.Pause(cmd.Context(), name, where, c.reasonToStop(cmd.Context(), *reason, where))
			if err != nil && !unrecorded(err) || errors.Is(err, control.ErrNotTold) { // it ends with this process
				return err
			}
			o := a.ordered(out, rbac.Pause)
			o.Agent = name
			defer c.elsewhere(a, where)
			defer c.unheard(cmd.Context(), a, name)
			return errors.Join(c.report(format.value, o, "%s is paused in %s", name, where), a.held(err))
		})
	}
	return cmd
}

// unrecorded reports whether an order to stop something holds, although it could not be
// recorded.
func unrecorded(err error) bool {
	return errors.Is(err, control.ErrNotRecorded)
}

// held is the failure of such an order; nil: it was recorded.
func (a *actor) held(err error) error {
	if err == nil {
		return nil
	}
	return fail(exitPartly, "flexor verify --access and flexor doctor say what is wrong with the log of "+a.cfg.Dir, "%w", forPeople{err})
}

// resumeCommand lets an agent be triggered again.
func (c *cli) resumeCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "Let a paused agent be triggered again",
		Long: `Ends the pause of an agent in an environment. It takes who may deploy there: an
operator in sandbox, else an admin.`,
		Example: examples("flexor agents resume --agent feed-monitor --env production"),
		Args:    noArgs,
	}
	cmd.Flags().StringVar(&name, "agent", "", "the agent `NAME`")
	c.completeAgents(cmd)
	env := addEnvironment(cmd, "where")
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := needed(cmd, "agent", "env"); err != nil {
			return err
		}
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			where := rbac.Environment(env.value)
			out, err := a.Resume(cmd.Context(), name, where, c.reason(*reason))
			if err != nil {
				return err
			}
			o := a.ordered(out, rbac.Resume)
			o.Agent = name
			if out.Repeated {
				o.Event = nil // nothing paused it
			}
			defer c.elsewhere(a, where)
			return c.report(format.value, o, "%s is not paused in %s", name, where)
		})
	}
	return cmd
}
