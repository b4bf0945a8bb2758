package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// Target takes what a [Feed] sends. Its methods are called from one goroutine.
type Target interface {
	// Send hands over records of the log, in their order, and returns how many of them, from
	// the first on, the target has for good; fewer than all with an error that says why, what
	// to do about it, and nothing secret. What became of the others is then unknown, and
	// they are sent again. Send gives up when ctx ends, and does not wait without end
	// by itself. It does not change or keep the records.
	//
	// An error that wraps [ErrPermanent] says that trying again soon is of no use. One that
	// wraps a [Later] says when it may be. One that wraps [ErrRefused] asks to be handed the
	// records that come then, if the log has any, and is tried again if it has none. One that
	// is an [Aside] says which records were left out.
	Send(ctx context.Context, records []vault.Record) (int, error)
	// Close releases what the target holds. What it has it keeps.
	Close() error
}

// ErrPermanent is wrapped by errors of a [Target] that last until a person changes
// something: a refused key, a wrong address. The text says what.
var ErrPermanent = errors.New("feed: needs to be put right first")

// ErrRefused is wrapped by errors of a [Target] that will not take a record for what that is,
// and has taken none since: it cannot be told yet from one that takes nothing at all.
var ErrRefused = errors.New("feed: a record is refused")

// Aside is an error of a [Target] that refused records for what they are, and has taken later
// ones. They count among those that Send says the target has: a feed notes which, and goes on.
type Aside struct {
	Records []uint64 // their indexes in the log
	Why     error    // what the target has against the last of them
	Then    error    // why Send returned before the end nevertheless; nil: it did not
}

// Error implements error.
func (a *Aside) Error() string {
	return fmt.Sprintf("%d records are refused, and left out: %v", len(a.Records), a.Why)
}

// Unwrap returns what ended the call.
func (a *Aside) Unwrap() error { return a.Then }

// Later is an error of a [Target] that wants to be left in peace for some time. It is, for
// an hour at most.
type Later struct {
	After time.Duration // from now
	Err   error
}

// Error implements error.
func (l *Later) Error() string { return l.Err.Error() }

// Unwrap returns the error itself.
func (l *Later) Unwrap() error { return l.Err }

// Sink returns a sink as a [Target]: it gets the records as the recorder handed them in,
// with the salt that the log added.
func Sink(s audit.Sink) Target { return &sinkTarget{sink: s} }

type sinkTarget struct {
	sink    audit.Sink
	records []audit.Record // used again
}

// Send implements [Target].
func (t *sinkTarget) Send(ctx context.Context, records []vault.Record) (int, error) {
	t.records = t.records[:0]
	var foreign error
	for _, rec := range records {
		r, err := vault.RecordOf(rec)
		if err != nil {
			foreign = err
			break
		}
		t.records = append(t.records, r)
	}
	if len(t.records) > 0 {
		if err := t.sink.Append(ctx, audit.Batch{Records: t.records, Sync: true}); err != nil {
			return 0, err
		}
	}
	return len(t.records), foreign
}

// Close implements [Target].
func (t *sinkTarget) Close() error { return t.sink.Close() }
