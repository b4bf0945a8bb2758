// Command lineage measures how fast it can be said what was made from a record: with this
// SDK, over an audit log and its index, and with the accesses in tables of SQLite and
// PostgreSQL, by a recursive query and by following version after version.
//
//	go run -C lineage .                      (in bench/) 200,000 accesses, a minute
//	go run -C lineage . -accesses 5000000 -peers flexor,sqlite
//
// The peers get the easier task: their tables hold numbers in place of URIs, no times,
// skills or sources, nothing that was stated or repeated, and they count versions, where
// this SDK tells them with what it knows of each, and the runs beside. What is held against
// them leaves out the edges, which they do not find. That all find the same versions is checked.
//
// PostgreSQL is that of Debian's package, on the loopback; it is left out, with a
// message, where initdb is not found. DuckDB has no driver for Go without cgo.
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
	accesses, records int
	points            int
	nodes             int
	limit             time.Duration
	peers             string
	dir               string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := start(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "lineage:", err)
		stop()
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string, out io.Writer) error {
	var s settings
	f := flag.NewFlagSet("lineage", flag.ContinueOnError)
	f.IntVar(&s.accesses, "accesses", 200_000, "how many accesses the log holds")
	f.IntVar(&s.records, "records", 100_000, "of how many records")
	f.IntVar(&s.points, "points", 200, "how many records are asked for")
	f.IntVar(&s.nodes, "closure", 16_000, "the size of the closure that is looked for, in versions")
	f.DurationVar(&s.limit, "limit", 20*time.Second, "how long a query of a peer may take")
	f.StringVar(&s.peers, "peers", "flexor,sqlite,postgresql", "what is measured")
	f.StringVar(&s.dir, "dir", "", "an empty directory on the disk to measure; empty: a temporary one")
	if err := f.Parse(args); err != nil {
		return err
	}
	if s.accesses < 100 || s.records < 10*layers || s.points < 1 || s.nodes < 1 || s.limit <= 0 {
		return errors.New("-accesses, -records, -points, -closure and -limit are too small")
	}
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "flexor-lineage-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
		s.dir = dir
	}
	return measure(ctx, s, out)
}

// wants reports whether a peer is to be measured.
func (s *settings) wants(peer string) bool { return strings.Contains(s.peers, peer) }
