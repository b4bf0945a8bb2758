// Command openverify builds a log of a million entries of 1.5 kB and measures how
// long it takes to open it after a crash, and to verify all of it.
//
//	go run ./openverify
//
// The log is built in commits of 64 entries, as 64 writers make them. Each crash is
// a process that appends to it and then kills itself, so that nothing is closed and
// padding stands behind the last commit: a process that has written since the log
// was empty, or one that had just opened it. What is read is in the page cache.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"

	"github.com/flexorhq/flexor-go/bench/internal/load"
)

func main() { load.Main("openverify", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	var c crash
	if child, err := load.IsChild(&c); child {
		return errors.Join(err, c.do(ctx))
	}
	f := flag.NewFlagSet("openverify", flag.ContinueOnError)
	m := measurement{}
	f.IntVar(&m.entries, "entries", 1_000_000, "how many entries the log holds")
	f.IntVar(&m.rounds, "rounds", 5, "how often each is measured")
	f.StringVar(&m.profiles, "profiles", "", "write a CPU profile of each kind of measurement into this directory")
	parent := f.String("dir", "", "measure the disk of this directory; empty: that of temporary files")
	if err := f.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(*parent, "flexor-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m.dir = filepath.Join(dir, "audit-log")
	if err := m.run(ctx); err != nil {
		return err
	}
	return m.print(out)
}
