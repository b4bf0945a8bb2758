package audittest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/flexorhq/flexor-go/audit"
)

var (
	_ audit.Sink   = (*Sink)(nil)
	_ audit.Reader = (*Sink)(nil)
)

// Sink keeps records in memory. The zero value is ready; it may be used from
// many goroutines, and must not be copied.
type Sink struct {
	// Fail, if it is set, is asked before each batch is stored, one batch at a
	// time. Its error is what Append returns; the batch is then not stored,
	// unless the error wraps [ErrStored]. It must be set before the first use.
	Fail func(b audit.Batch) error

	mu      sync.Mutex // guards what follows
	records []audit.Record
	synced  int // records that a batch with Sync covered
	closed  bool
}

// ErrStored is wrapped by an error of [Sink.Fail] to have the batch stored and
// still reported as failed: what a caller sees of a sink whose answer is lost.
var ErrStored = errors.New("audittest: stored, but reported as failed")

// Append stores a copy of the batch.
func (s *Sink) Append(_ context.Context, b audit.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("audittest: append: %w: %w", audit.ErrClosed, audit.ErrNotStored)
	}
	var failure error
	if s.Fail != nil {
		if failure = s.Fail(b); failure != nil && !errors.Is(failure, ErrStored) {
			return failure
		}
	}
	for _, r := range b.Records {
		r.JSON = bytes.Clone(r.JSON)
		s.records = append(s.records, r)
	}
	if b.Sync {
		s.synced = len(s.records)
	}
	return failure
}

// Close makes every later Append fail with [audit.ErrClosed]. What was stored
// can still be read. It is idempotent.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// Records returns what was stored, in order. The caller may keep it, and must
// not change the bytes of its records.
func (s *Sink) Records() []audit.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.records)
}

// Synced returns how many of the records a batch that asked for a sync covered:
// those that a durable sink would have on disk.
func (s *Sink) Synced() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.synced
}

// Entries yields the entries among the records that match f, as
// [audit.Reader] describes. Their positions count all records.
func (s *Sink) Entries(ctx context.Context, f audit.Filter) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) {
		if err := f.Check(); err != nil {
			yield(audit.Entry{}, err)
			return
		}
		records := s.Records()
		found := 0
		for i := range records {
			if f.Limit > 0 && found == f.Limit {
				return
			}
			if f.NewestFirst {
				i = len(records) - 1 - i
			}
			if err := ctx.Err(); err != nil {
				yield(audit.Entry{}, err)
				return
			}
			if records[i].Kind != audit.KindRun {
				continue
			}
			e, err := audit.DecodeEntry(records[i].JSON)
			if err != nil {
				yield(audit.Entry{}, fmt.Errorf("audittest: record %d: %w", i, err))
				return
			}
			e.Position = uint64(i)
			if !f.Match(&e) {
				continue
			}
			found++
			if !yield(e, nil) {
				return
			}
		}
	}
}
