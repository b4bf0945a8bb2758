// Quickstart runs agents over real closing prices, and shows what a vault then
// knows of them: who allowed them to run, what they did, what they decided and
// why, that they can be stopped, and that nobody has changed the record since.
//
//	go run ./examples/quickstart              # in a new temporary vault
//	go run ./examples/quickstart -vault DIR   # in DIR, which may be a vault already
//
// To see how an agent is written, read feedmonitor.go first, then
// reconsummary.go, and navreport.go for a run inside a run. Who may do what is in
// people.go and deploy.go, and how agents are stopped in stop.go. How an agent is
// tested is in the files that end in _test.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error
	dir := flags.String("vault", "", "keep the vault in `DIR` (default: a new temporary directory)")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return nil
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}

	data, err := readData()
	if err != nil {
		return err
	}
	v, err := openVault(ctx, *dir)
	if err != nil {
		return err
	}
	if v.Log == nil {
		return errors.Join(fmt.Errorf("%s sets audit.enabled to false, so there would be nothing to show", v.Config.Path), v.Close())
	}
	return errors.Join(demonstrate(ctx, v, data, stdout), v.Close())
}

// openVault opens the vault in dir, and makes it a vault if it is none.
func openVault(ctx context.Context, dir string) (*flexor.Vault, error) {
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "flexor-quickstart-"); err != nil {
			return nil, err
		}
	}
	_, err := vaultcfg.Init(dir, "quickstart", vaultcfg.L4, vaultcfg.Production)
	if err != nil && !errors.Is(err, vaultcfg.ErrExists) {
		return nil, err
	}
	return flexor.Open(ctx, dir, nil)
}

// demonstrate runs the agents and shows what they left behind.
func demonstrate(ctx context.Context, v *flexor.Vault, data Data, stdout io.Writer) error {
	head, err := v.Log.Head()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Vault %s (%s)\n", v.Config.Dir, v.Config.Environment)
	all, err := appoint(ctx, v)
	if err == nil {
		err = live(ctx, v, all, data, stdout)
	}
	if err = errors.Join(err, all.leave()); err != nil {
		return err
	}
	return report(ctx, v, head.Size, stdout)
}

// live is some days of the fund.
func live(ctx context.Context, v *flexor.Vault, all people, data Data, stdout io.Writer) error {
	if err := deploy(ctx, v, all, stdout); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\nAgents look at closing prices up to %s.\n\n", today)
	if err := runAgents(ctx, v.Audit, data, stdout); err != nil {
		return err
	}
	return stop(ctx, v, all, data, stdout)
}
