package lineage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/internal/logindex"
)

// Log is an audit log to trace in. The Reader of sinks/vault is one: it answers
// with the log's newest checkpoint, and with its records from an index on, oldest
// first. Damage is an error of the iterator.
type Log interface {
	Head() (ledger.Checkpoint, error)
	Records(ctx context.Context, from uint64) iter.Seq2[ledger.Record, error]
}

// Indexed is a [Log] that need not be read to be traced in, because it keeps an index of
// its accesses. The Reader of sinks/vault is one. A nil snapshot says that the log
// must be read.
type Indexed interface {
	Log
	Accesses(ctx context.Context) (*logindex.Snapshot, error)
}

// ErrForeign is wrapped when a line of the log is no audit record.
var ErrForeign = errors.New("lineage: a line that is no audit record")

// maxTries is how often a trace begins anew because an index that it read was damaged, or
// replaced by another process.
const maxTries = 3

// withSnapshot calls answer with the log as it is now. It does so again if an index
// turned out to be damaged.
func withSnapshot(ctx context.Context, log Log, answer func(*logindex.Snapshot) error) error {
	if x, ok := log.(Indexed); ok {
		for range maxTries {
			s, err := x.Accesses(ctx)
			if err != nil {
				return foreign(err)
			}
			if s == nil {
				break
			}
			err = answer(s)
			if s.Err() == nil {
				return err
			}
		}
	}
	s, err := readAll(ctx, log)
	if err != nil {
		return err
	}
	return answer(s)
}

// records yields the first size records of a log: what was written since is not among
// them. A problem is yielded as an error and ends the iteration.
func records(ctx context.Context, log Log, size uint64) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for rec, err := range log.Records(ctx, 0) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && rec.Index >= size {
				return
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

// readAll reads a log, and indexes it in memory.
func readAll(ctx context.Context, log Log) (*logindex.Snapshot, error) {
	head, err := log.Head()
	if err != nil {
		return nil, err
	}
	first := head.Size
	var b *logindex.Builder
	for rec, err := range records(ctx, log, head.Size) {
		if err != nil {
			return nil, err
		}
		if b == nil {
			first, b = rec.Index, logindex.NewBuilder(rec.Index)
		}
		if err := b.Add(rec.Index, rec.Line); err != nil {
			return nil, foreign(&logindex.LineError{Index: rec.Index, Err: err})
		}
	}
	var parts []*logindex.Part
	if b != nil {
		image, err := b.Image(head.Root)
		if err != nil {
			return nil, err
		}
		part, err := logindex.NewPart(image)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return logindex.NewSnapshot(first, head.Size, head.Root, parts), nil
}

// foreign returns an error that wraps [ErrForeign] if it is of a line.
func foreign(err error) error {
	var line *logindex.LineError
	if errors.As(err, &line) {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	return err
}

// kindPrefix is how every record of a recorder begins.
const kindPrefix = `{"kind":"`

// kindOf returns the kind of a record. A line that does not begin as a recorder
// writes it is decoded.
func kindOf(line []byte) (audit.Kind, error) {
	if rest, ok := bytes.CutPrefix(line, []byte(kindPrefix)); ok {
		if kind, _, ok := bytes.Cut(rest, []byte{'"'}); ok {
			return audit.Kind(kind), nil
		}
	}
	l, err := audit.DecodeLine(line)
	return l.Kind, err
}
