package audit

import (
	"context"
	"errors"
	"iter"
)

// MaxRecord is the size in bytes that no record exceeds, whatever an agent
// hands in: larger values are replaced by a marker that states their length
// and SHA-256.
const MaxRecord = 1 << 20

// Record is one line for the log.
type Record struct {
	Kind  Kind
	RunID string
	JSON  []byte // one JSON object without a newline, at most [MaxRecord] bytes
}

// Batch is what a [Sink] stores in one call.
type Batch struct {
	Records []Record
	// Sync asks that the records, and everything appended before them, are
	// on disk (or wherever the sink keeps them for good) when Append returns.
	// Without it they must have left this process, so that they survive its
	// death by SIGKILL.
	Sync bool
}

// Sink stores records. The recorder of a vault writes to the vault's own log;
// other implementations send records elsewhere or keep them for a test.
//
// Append stores the records of one batch contiguously and in order, and
// returns once the promise of [Batch.Sync] holds. It is called from many
// goroutines at once. It must not keep or change the batch's slices after it
// returned. When it fails, its error says what became of the batch: an error
// that wraps [ErrNotStored] promises that nothing of it was or will be stored;
// after any other error that is unknown. ctx carries values only: recording
// is never cut short by a cancelled run.
//
// Close releases the sink's resources and is idempotent. Append after Close
// fails with an error that wraps [ErrClosed].
type Sink interface {
	Append(ctx context.Context, b Batch) error
	Close() error
}

// Reader answers questions about finished runs.
//
// Entries yields the entries that match f. A problem is yielded as an error
// and ends the iteration: damage is never a shorter answer. The entry yielded
// with an error is the zero Entry. ctx cancels the reading.
type Reader interface {
	Entries(ctx context.Context, f Filter) iter.Seq2[Entry, error]
}

// Errors that callers branch on.
var (
	// ErrClosed is returned by calls on a closed recorder or sink.
	ErrClosed = errors.New("audit: closed")
	// ErrNotStored is wrapped by a sink's error when nothing of the batch was stored.
	ErrNotStored = errors.New("audit: not stored")
	// ErrNotRecorded is wrapped by what Do, Start and End return when a record of
	// the run could not be stored. A run whose start could not be recorded
	// was not run.
	ErrNotRecorded = errors.New("audit: not recorded")
	// ErrDenied is wrapped by the error of a task that was not allowed to do
	// what it tried; the task's outcome is then [Denied].
	ErrDenied = errors.New("audit: denied")
	// ErrRefused is wrapped by what Do and Start return when the [Gate] did
	// not admit the run.
	ErrRefused = errors.New("audit: run refused")
	// ErrPaused is wrapped, beside ErrRefused, when nothing may trigger the agent
	// for now.
	ErrPaused = errors.New("audit: agent paused")
	// ErrNotDeployed is wrapped, beside ErrRefused, when the run needs a
	// deployment of its agent and there is none.
	ErrNotDeployed = errors.New("audit: agent not deployed")
	// ErrKilled is the cause of a killed run's context; see [KillError].
	ErrKilled = errors.New("audit: run killed")
	// ErrInvalid is wrapped by the errors for names and triggers that do not
	// follow their grammar.
	ErrInvalid = errors.New("audit: invalid")
)
