// Package peer opens what the benchmarks put side by side: the vault's log, what
// people would use in its place, and the raw disk. All make the same promise:
// Append returns once the entries are on disk.
package peer

import (
	"context"

	"github.com/flexorhq/flexor-go/bench/internal/load"
)

// Kind is one way to store entries.
type Kind struct {
	Name string
	// Promise says what holds when Append returns, and how the peer was configured.
	Promise string
	// Alone says that only one process may have it open.
	Alone bool
	// Raw says that one goroutine writes what all writers have in one call: the
	// largest batches that so many writers can make, and so the limit.
	Raw bool
	// Open opens it in dir, for so many writers in this process.
	Open func(ctx context.Context, dir string, writers int) (load.Peer, error)
}

// The kinds that others are compared with.
const (
	Limit  = "raw, preallocated"
	Ledger = "flexor ledger"
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{
		{
			Name: Limit, Raw: true, Open: openRaw(preallocated),
			Promise: "one write and one fdatasync for a batch of one entry from each writer, into a file of zeros",
		},
		{
			Name: "raw, growing", Raw: true, Open: openRaw(0),
			Promise: "the same, into a file that grows",
		},
		{
			Name: Ledger, Open: openLedger,
			Promise: "`vault.Log.Append` with `Batch.Sync`, default settings: the lines and the signed checkpoint that covers them are synced (fdatasync)",
		},
		{
			Name: "SQLite", Open: openSQLite,
			Promise: "modernc.org/sqlite, WAL, synchronous=FULL; one goroutine of each process commits all that waits in one transaction (fsync)",
		},
		{
			Name: "bbolt", Open: openBolt, Alone: true,
			Promise: "`DB.Batch`, batch size = writers, without freelist sync; keys ascend, pages are filled up (fdatasync)",
		},
		{
			Name: "Tessera, integrated", Open: openTessera(false),
			Promise: "POSIX storage, batch size = writers; the index future resolves once entry bundle, tiles and tree state are synced; no signed checkpoint covers the entry yet",
		},
		{
			Name: "Tessera, published", Open: openTessera(true),
			Promise: "the same, and a signed checkpoint that covers the entry is published, at the shortest interval there is, 100 ms",
		},
	}
}

// Find returns the kind with that name.
func Find(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}
