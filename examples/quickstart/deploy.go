package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// version is that of all agents.
const version = "1.0.0"

// deploy puts the agents to work: no run starts in production that nobody deployed. An
// operator may not, an admin may; both is in the governance log.
func deploy(ctx context.Context, v *flexor.Vault, all people, stdout io.Writer) error {
	fmt.Fprintln(stdout, "Who may put agents to work?")
	order := control.DeployOrder{Agent: "feed-monitor", Version: version, Environment: rbac.Production}
	_, _, err := all[operator].Deploy(ctx, order)
	var denied *control.DeniedError
	if !errors.As(err, &denied) {
		return errors.Join(errors.New("an operator deployed to production"), err)
	}
	fmt.Fprintf(stdout, "  denied    %s\n", denied.Decision.Reason())
	for _, agent := range []string{"feed-monitor", "weekly-nav-report", "recon-summary", "price-watch"} {
		order.Agent, order.Environment = agent, rbac.Environment(v.Config.Environment)
		d, _, err := all[admin].Deploy(ctx, order)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "  deployed  %s %s to %s by %s (%s)\n", d.Agent, d.Version, d.Environment, d.By, d.Role)
	}
	return nil
}
