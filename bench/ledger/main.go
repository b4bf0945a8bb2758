// Command ledger measures how fast entries of 1.5 kB become durable: in a
// vault's log, in what people would use in its place, and on the raw disk. All
// are measured in turn, round by round, so that what else the machine does hits
// them alike; what is printed are medians over the rounds, and medians of the
// ratios within a round.
//
//	go run ./ledger                           everything, some minutes
//	go run ./ledger -writers 64 -processes 1 -peers flexor,raw
//
// Each measurement runs in processes of its own and in a directory of its own,
// which is removed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/bench/internal/peer"
)

// settings are the flags.
type settings struct {
	writers, processes []int
	rounds             int
	warmup, duration   time.Duration
	dir                string
	profiles           string
	kinds              []peer.Kind
}

func main() { load.Main("ledger", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	var j job
	if child, err := load.IsChild(&j); child {
		return errors.Join(err, j.do(ctx))
	}
	s, err := parse(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.dir, "flexor-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t, err := measure(ctx, s, dir)
	if err != nil {
		return err
	}
	return t.print(out)
}

// parse reads the flags.
func parse(args []string) (settings, error) {
	var s settings
	f := flag.NewFlagSet("ledger", flag.ContinueOnError)
	writers := f.String("writers", "1,16,64,256", "how many writers in each process, with commas")
	processes := f.String("processes", "1,4", "how many processes, with commas")
	peers := f.String("peers", "", "measure only peers whose name contains one of these, with commas; empty: all")
	f.IntVar(&s.rounds, "rounds", 5, "how often each is measured")
	f.DurationVar(&s.duration, "duration", time.Second, "how long each measurement counts")
	f.DurationVar(&s.warmup, "warmup", 200*time.Millisecond, "how long each runs before it counts")
	f.StringVar(&s.dir, "dir", "", "measure the disk of this directory; empty: that of temporary files")
	f.StringVar(&s.profiles, "profiles", "", "write CPU, mutex and block profiles of the ledger into this directory; they slow it down")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	var err1, err2 error
	s.writers, err1 = numbers(*writers)
	s.processes, err2 = numbers(*processes)
	for _, k := range peer.Kinds() {
		if named(k.Name, *peers) {
			s.kinds = append(s.kinds, k)
		}
	}
	if len(s.kinds) == 0 {
		return s, fmt.Errorf("no peer is named like %q", *peers)
	}
	return s, errors.Join(err1, err2)
}

// named reports whether name contains one of the words, or there are none.
func named(name, words string) bool {
	for word := range strings.SplitSeq(words, ",") {
		if strings.Contains(strings.ToLower(name), strings.ToLower(word)) {
			return true
		}
	}
	return false
}

// numbers reads positive numbers with commas between them.
func numbers(list string) (out []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a list of numbers", list)
		}
		out = append(out, n)
	}
	return out, nil
}
