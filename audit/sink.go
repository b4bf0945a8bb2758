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

// Batch is what a [Sink] stores in one call. The zero value stores nothing.
type Batch struct {
	Records []Record
	// Sync asks that the records, and everything appended before them, are
	// on disk (or wherever the sink keeps them for good) when Append returns.
	// Without it they must have left this process, so that they survive its
	// death by SIGKILL. A batch with Sync and no records waits for what was appended
	// before.
	Sync bool
}

// Sink stores records. The recorder of a vault writes to the vault's own log;
// other implementations send records elsewhere or keep them for a test. What
// follows is the contract; package sinks/sinktest tests an implementation against it.
//
// Durability. Append returns nil once the promise of [Batch.Sync] holds, not
// before. Who reads the place from then on finds the records, also from another
// process. What was stored stays: neither Close nor opening the place again takes
// anything away.
//
// Order. The records of one batch are stored contiguously and in order: nothing
// of another batch comes between them, also if several sinks share the place. A batch
// whose Append returned before another's was called is stored before that. Batches that
// are appended at the same time are stored in any order.
//
// Content. A record is stored byte for byte. A sink may add members of its own behind
// the last one, such as a salt, for which the recorder leaves it 128 bytes below
// [MaxRecord]. It may keep records of some kinds only, if it says so; then it keeps
// all of those.
//
// Concurrency. Append and Close are called from many goroutines at once. ctx carries
// values only: recording is never cut short by a run that is cancelled or
// killed, so a sink ignores that ctx is done, and has deadlines of its own if it waits
// for others.
//
// Ownership. The batch belongs to the caller, who uses its memory again: a sink must
// not change the slices of the batch, nor keep them after Append returned.
//
// Errors. An error says what became of the batch: one that wraps [ErrNotStored]
// promises that nothing of it was or will be stored; after any other error that is
// unknown. A batch is never stored in part, unless the error says that it is unknown. After an error
// the sink may store later batches, or refuse them; but it never reports success for
// a batch that it cannot vouch for. The text says what to do about it. Append does
// not try again what the caller could not tell from a hang.
//
// Close releases the sink's resources and is idempotent. It leaves nothing behind
// that Append acknowledged. An Append that runs at the same time is stored or fails;
// one that begins afterwards fails with an error that wraps [ErrClosed] and
// [ErrNotStored].
//
// A sink on a place that several processes share may have a method Writer() string,
// which names this one to the others; see [Config.Writer].
type Sink interface {
	Append(ctx context.Context, b Batch) error
	Close() error
}

// Reader answers questions about finished runs.
//
// Entries yields the entries that match f. A problem is yielded as an error
// and ends the iteration: damage is never a shorter answer, and neither is a filter that
// fails [Filter.Check]. The entry yielded
// with an error is the zero Entry. ctx cancels the reading. Several may read at once.
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
