package main

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/bench/internal/peer"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// grouped is how many entries are in a commit.
const grouped = 64

// crash is a process that appends to a log and dies.
type crash struct {
	Dir     string
	Entries int
}

// do opens the log, waits, appends and dies. It returns only if it fails.
func (c *crash) do(ctx context.Context) error {
	entries, err := load.Entries(16 * grouped)
	if err != nil {
		return err
	}
	log, err := vault.Open(ctx, c.Dir, &vault.Config{Origin: peer.Origin})
	if err != nil {
		return err
	}
	if err := load.Ready(); err != nil {
		return err
	}
	for done := 0; done < c.Entries; {
		n := min(grouped, c.Entries-done)
		at := done % (len(entries) - grouped + 1)
		done += n
		if err := log.Append(ctx, peer.Batch(entries[at:at+n], done == c.Entries)); err != nil {
			return err
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return err
	}
	<-ctx.Done() // not reached
	return fmt.Errorf("still alive: %w", ctx.Err())
}
