package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/audit"
)

// dummyName is the command that is the process of a drill. It is not for people.
const dummyName = "drill-run"

// dummyCommand has a run that does nothing but wait to be stopped.
func (c *cli) dummyCommand() *cobra.Command {
	return &cobra.Command{
		Use:     dummyName,
		Short:   "Have a run that waits to be stopped, for flexor agents drill",
		Example: examples("flexor agents drill"),
		Hidden:  true,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := c.vaultPath()
			if err != nil {
				return err
			}
			v, err := c.openToRecord(cmd.Context(), path)
			if err != nil {
				return err
			}
			err = v.Audit.Do(cmd.Context(), drillAgent+"@"+drillVersion, audit.Trigger{Type: audit.Manual, By: "flexor agents drill"}, c.waitToBeStopped)
			if errors.Is(err, audit.ErrKilled) {
				err = nil
			}
			return errors.Join(err, v.Close())
		},
	}
}

// waitToBeStopped says which run it is, and waits.
func (c *cli) waitToBeStopped(ctx context.Context, run *audit.Run) error {
	return run.Task(ctx, "wait-to-be-stopped", func(ctx context.Context, _ *audit.Task) error {
		fmt.Fprintln(c.out, run.ID())
		if err := c.out.Flush(); err != nil {
			return err
		}
		alone := make(chan struct{}) // the drill is over, or its process died
		go func() {
			_, _ = io.Copy(io.Discard, c.in)
			close(alone)
		}()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-alone:
			return errors.New("nobody stopped it")
		}
	})
}
