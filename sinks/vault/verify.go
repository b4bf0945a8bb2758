package vault

import (
	"context"
	"fmt"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// Verdict says how far the trust in a verified log goes.
type Verdict string

const (
	// SelfSigned: the log is what its own key signed. Somebody who holds that key and
	// can write the directory could have rewritten all of it.
	SelfSigned Verdict = "SELF-SIGNED"
	// Anchored: besides, the log holds unchanged what a checkpoint stated that
	// was kept elsewhere.
	Anchored Verdict = "ANCHORED"
)

// VerifyOptions is what [Reader.Verify] may be told.
type VerifyOptions struct {
	// Anchor is a checkpoint of this log that was kept elsewhere, a signed note.
	// Zero: the log is verified against itself only.
	Anchor []byte
	// PublicKey is the log's verifier key as known from elsewhere. Zero: that of the log.
	PublicKey string
}

// Report is what [Reader.Verify] found: Head, Purged (a checkpoint of the records that
// are gone), Segments, Commits, Bytes, Anchored, Unsigned (records behind Head that no
// signature covers yet, and of which nothing is said),
// Unfinished (bytes of a write that never finished) and Notes (findings that
// take nothing from the records) of the log, and what its records are.
type Report struct {
	ledger.Report
	Verdict Verdict
	Entries int                // finished runs
	Kinds   map[audit.Kind]int // records by kind
}

// Verify reads the whole log and checks every byte of it: see docs/design/ledger.md
// for what that proves and what it does not. Damage is a [*CorruptionError]; the
// report then says how far the log is right.
func (r *Reader) Verify(ctx context.Context, o *VerifyOptions) (Report, error) {
	if o == nil {
		o = &VerifyOptions{}
	}
	rep := Report{Verdict: SelfSigned, Kinds: map[audit.Kind]int{}}
	if o.PublicKey != "" && o.PublicKey != r.PublicKey() {
		return rep, &CorruptionError{File: "log.json", Reason: fmt.Sprintf("the log belongs to the key %s, not to %s", r.PublicKey(), o.PublicKey)}
	}
	var err error
	rep.Report, err = r.ledger.Verify(ctx, o.Anchor, func(rec Record) error {
		kind, _, err := lineOf(rec)
		rep.Kinds[kind]++
		return err
	})
	rep.Entries = rep.Kinds[audit.KindRun]
	if rep.Anchored {
		rep.Verdict = Anchored
	}
	return rep, err
}

// Tiles says what [Reader.WriteTiles] wrote: Checkpoint, Files, and Unbundled, the
// number of records that are too long for an entry of tlog-tiles.
type Tiles = ledger.Tiles

// WriteTiles verifies the log and writes it as C2SP tlog-tiles into dir, which
// must be empty or not be there, for clients and witnesses of transparency logs.
func (r *Reader) WriteTiles(ctx context.Context, dir string) (Tiles, error) {
	return r.ledger.WriteTiles(ctx, dir)
}
