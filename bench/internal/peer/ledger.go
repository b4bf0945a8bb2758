package peer

import (
	"context"
	"path/filepath"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/bench/internal/load"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// Origin names the logs that the benchmarks make.
const Origin = "flexor/bench/audit-log"

// ledger is the audit log of a vault.
type ledger struct{ log *vault.Log }

func openLedger(ctx context.Context, dir string, _ int) (load.Peer, error) {
	log, err := vault.Open(ctx, filepath.Join(dir, "audit-log"), &vault.Config{Origin: Origin})
	if err != nil {
		return nil, err
	}
	return ledger{log}, nil
}

// Append implements [load.Peer].
func (l ledger) Append(ctx context.Context, entries []load.Entry) error {
	return l.log.Append(ctx, Batch(entries, true))
}

// Close implements [load.Peer].
func (l ledger) Close() error { return l.log.Close() }

// Batch makes a batch for a log of entries.
func Batch(entries []load.Entry, sync bool) audit.Batch {
	b := audit.Batch{Records: make([]audit.Record, len(entries)), Sync: sync}
	for i, e := range entries {
		b.Records[i] = audit.Record{Kind: audit.KindRun, RunID: e.RunID, JSON: e.JSON}
	}
	return b
}
