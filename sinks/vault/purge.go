package vault

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// Purged says what [Log.Purge] removed: the records from From on and before To, in
// Segments files of Bytes in all; Root is the root hash of the log when it had To
// records. Left names files that somebody had open; the next purge tries again.
type Purged = ledger.Purged

// PurgedError is returned when records are asked for that were purged. Its First is
// the index of the first record that is left.
type PurgedError = ledger.PurgedError

// Segment is one file of a log: Name (a path below the log's directory), Day (in UTC,
// on which its records were written), First and End (its records are those from First
// on and before End), and Bytes.
type Segment = ledger.Segment

// Segments returns the files whose records are left, the oldest first.
func (r *Reader) Segments() ([]Segment, error) { return r.ledger.Segments() }

// First returns the index of the first record that is left: 0 unless older ones were
// purged.
func (r *Reader) First() (uint64, error) { return r.ledger.First() }

// Purge removes what was recorded on the oldest days, in UTC, up to the first that is
// not expired: whole segments only, no record from index keep on, and nothing that
// belongs to a run without an entry or that a process which has the log open may still
// need. Each segment is verified before it is removed, and what is left of the
// log stays provable. With dry it only says what would be removed.
//
// It is durable when it returns. ctx ends it only before it begins. Damage is a
// [*CorruptionError]; nothing is removed then. Whether records may be removed at all is
// the caller's to know: package retention asks.
func (l *Log) Purge(ctx context.Context, expired func(day time.Time) bool, keep uint64, dry bool) (Purged, error) {
	if err := ctx.Err(); err != nil {
		return Purged{}, context.Cause(ctx)
	}
	// Most days nothing is due, and this finds that out without reading the log.
	p, err := l.ledger.Purge(expired, keep, true)
	if err == nil && (p.Segments > 0 || !dry) {
		var needed uint64 // nothing may go; files that are left of the last purge do
		if p.Segments > 0 {
			needed, err = l.needed()
		}
		if err == nil {
			p, err = l.ledger.Purge(expired, min(keep, needed), dry)
		}
	}
	if err != nil {
		return p, fmt.Errorf("vault: purge %s: %w", l.dir, err)
	}
	return p, nil
}

// needed returns the index behind which a writer of the log, live or dead, may have a
// run without an entry. Of this one it is looked at now, of the others as they last said.
func (l *Log) needed() (uint64, error) {
	head, err := l.Head()
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	l.advance(head.Size, 1)
	l.mu.Unlock()
	live, dead, err := ledger.Writers(durable.Disk{}, l.dir, false)
	first := uint64(math.MaxUint64)
	for _, p := range append(live, dead...) {
		first = min(first, p.First)
	}
	return first, err
}
