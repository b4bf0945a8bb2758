// Command redact measures what it costs to look through entries of about 1.8 kB
// for personal data and secrets: with this SDK, with regular expressions in Go and
// in RE2, with gitleaks, and with a walker over values, beside copying the same
// bytes and encoding the same runs.
//
//	go run ./redact            (in bench/: go run -C redact .)
//	go run . -rounds 3 -peers flexor,copying
//
// All are measured in turn, round by round, so that what else the machine does hits
// them alike; what is printed are medians over the rounds, and medians of the ratios
// within a round. Times are processor time. It is a module of its own because gitleaks brings seventy.
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
	entries  int
	rounds   int
	duration time.Duration
	only     []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := start(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "redact:", err)
		stop()
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string, out io.Writer) error {
	var s settings
	f := flag.NewFlagSet("redact", flag.ContinueOnError)
	f.IntVar(&s.entries, "entries", 10_000, "how many entries a corpus holds")
	f.IntVar(&s.rounds, "rounds", 5, "how often each is measured")
	f.DurationVar(&s.duration, "duration", 300*time.Millisecond, "how long each measurement lasts at most; a fast peer goes over the corpus several times, a slow one over a part")
	only := f.String("peers", "", "measure only peers whose name contains one of these, with commas; empty: all")
	if err := f.Parse(args); err != nil {
		return err
	}
	if s.entries < 1 || s.rounds < 1 || s.duration <= 0 {
		return errors.New("-entries, -rounds and -duration must be positive")
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
