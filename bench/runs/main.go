// Command runs measures whole runs: agents with 5 tasks, 10 decisions, 10
// accesses and 3 outputs go through audit.Do into a real vault log on disk, one after the other
// in 1, 16 and 64 goroutines. The same runs into a sink that throws records away
// show what recording and encoding alone take, and into no sink at all what the
// agent itself does. "Redacted" is with all built-in detectors.
//
//	go run ./runs
//
// They take turns, round by round, each in a process of its own; what is
// printed are medians over the rounds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/flexorhq/flexor-go/bench/internal/load"
)

func main() { load.Main("runs", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	var j job
	if child, err := load.IsChild(&j); child {
		return errors.Join(err, j.do(ctx))
	}
	f := flag.NewFlagSet("runs", flag.ContinueOnError)
	rounds := f.Int("rounds", 5, "how often each is measured")
	duration := f.Duration("duration", time.Second, "how long each measurement counts")
	warmup := f.Duration("warmup", 200*time.Millisecond, "how long each runs before it counts")
	parent := f.String("dir", "", "measure the disk of this directory; empty: that of temporary files")
	profile := f.String("profile", "", "write a CPU profile of each measurement into this directory")
	if err := f.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(*parent, "flexor-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	found := map[key][]found{}
	for round := range *rounds {
		for _, n := range concurrency {
			for i := range sinks {
				k := key{sinks[(i+round)%len(sinks)], n}
				one, err := measure(ctx, job{Sink: k.sink, Dir: dir, Concurrent: n, Warmup: *warmup, Duration: *duration, Profile: *profile})
				if err != nil {
					return fmt.Errorf("%s, %d at once: %w", k.sink, n, err)
				}
				found[k] = append(found[k], one)
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d done\n", round+1, *rounds)
	}
	return print(out, found)
}

// key is one thing that is measured in each round.
type key struct {
	sink       string
	concurrent int
}

// measure does a job in a process of its own.
func measure(ctx context.Context, j job) (one found, err error) {
	ctx, stop := context.WithTimeout(ctx, j.Warmup+j.Duration+time.Minute)
	defer stop()
	child, err := load.Start(ctx, j)
	if err != nil {
		return one, err
	}
	syscall.Sync() // what was written or removed before is not ours to pay for
	err = child.Go()
	return one, errors.Join(err, child.Wait(&one))
}
