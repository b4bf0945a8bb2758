package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/rbac"
)

// retentionForgetCommand ends the waiting for a place that is not used any more.
func (c *cli) retentionForgetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "forget DESTINATION",
		Short: "Wait no longer for a place that nothing is sent to any more",
		Long: `Makes the vault forget a secondary destination that was taken out of vault.json,
or out of the program that named it, by the name that flexor status shows:
retention does not wait for what it lacks, and status does not show it. What it
holds stays there. It takes an owner; in vault.json, take it out first.`,
		Example: examples("flexor retention forget file://$PWD/old-archive"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("flexor retention forget DESTINATION", "forget takes one destination, but got %d", len(args))
			}
			return nil
		},
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.overLog(func(ctx context.Context, a *actor, p *place) error { return c.forget(ctx, a, p, args[0]) })(cmd, args)
	}
	return cmd
}

// forget makes a vault forget a place.
func (c *cli) forget(ctx context.Context, a *actor, p *place, name string) error {
	if a.Vault() != "" {
		if d := a.Authorize(ctx, rbac.Request{Action: rbac.EditRetention}); !d.Allowed {
			return &control.DeniedError{Decision: d}
		}
	}
	err := flexor.Forget(p.cfg, wired(), name)
	switch {
	case errors.Is(err, archive.ErrInUse), errors.Is(err, feed.ErrInUse):
		return fail(exitFailed, "end the programs that send there, and try again", "retention forget: %s", cause(err))
	case errors.Is(err, flexor.ErrDestination):
		return fail(exitNotFound, "flexor status shows the places that the vault knows of", "retention forget: %s", cause(err))
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(c.out, "forgotten: %s\n", printable(name))
	return err
}
