// Command authorize measures what it costs to decide whether somebody may do
// something in a vault, with the reason: with rbac.Policy, with control.Control,
// which looks at the governance log each time, and with casbin, cedar-go, OPA
// and OpenFGA, which hold the same grants.
//
//	go run ./authorize               (in bench/: go run -C authorize .)
//	go run . -rounds 3 -large 0 -peers rbac,cedar
//
// It also measures opening a vault with that many grants, and how many bytes each
// adds to a program.
//
// All are measured in turn, round by round, so that what else the machine does hits
// them alike; what is printed are medians over the rounds, and medians of the ratios
// within a round. Times are processor time. Before anything is measured, all must
// decide alike. It is a module of its own because OPA and OpenFGA bring a hundred.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

type settings struct {
	grants   int
	large    int
	rounds   int
	duration time.Duration
	dir      string
	only     []string
	weigh    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := start(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "authorize:", err)
		stop()
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string, out io.Writer) error {
	var s settings
	f := flag.NewFlagSet("authorize", flag.ContinueOnError)
	f.IntVar(&s.grants, "grants", 10_000, "how many grants there are; the governance log is made of so many signed orders, each of which waits for the disk")
	f.IntVar(&s.large, "large", 1_000_000, "how many grants there are in a second measurement, without a log; 0: there is none")
	f.IntVar(&s.rounds, "rounds", 5, "how often each is measured")
	f.DurationVar(&s.duration, "duration", 300*time.Millisecond, "how long each measurement lasts")
	f.StringVar(&s.dir, "dir", os.TempDir(), "the governance log is made in a new directory in there, on a disk, and removed in the end")
	only := f.String("peers", "", "measure only peers whose name contains one of these, with commas; empty: all")
	f.BoolVar(&s.weigh, "weigh", true, "build programs to see how large they are")
	if err := f.Parse(args); err != nil {
		return err
	}
	// A small log would be read from its beginning although there is a snapshot.
	if s.grants < 300 || s.large < 0 || s.rounds < 1 || s.duration <= 0 {
		return errors.New("-grants must be at least 300, -rounds and -duration positive, and -large not negative")
	}
	if *only != "" {
		s.only = strings.Split(*only, ",")
	}
	t, err := measure(ctx, s)
	if err != nil {
		return err
	}
	return t.print(out)
}
