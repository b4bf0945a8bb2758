package ledger

import (
	"errors"
	"fmt"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Errors that callers branch on.
var (
	// ErrClosed is returned by calls on a closed [Log].
	ErrClosed = errors.New("ledger: closed")
	// ErrCorrupt is wrapped by every [CorruptionError].
	ErrCorrupt = errors.New("ledger: corrupt")
	// ErrNotFound is returned when a directory holds no ledger.
	ErrNotFound = errors.New("ledger: no log here")
	// ErrInvalidRecord is wrapped by Append when a record is not one JSON object on
	// one line, is longer than [MaxLine] allows, or looks like a checkpoint line.
	ErrInvalidRecord = errors.New("ledger: invalid record")
)

// CorruptionError says where a ledger does not match its own signed history.
type CorruptionError struct {
	File   string // path below the ledger's directory
	Offset int64  // in the file, of the first byte that cannot be vouched for
	Index  uint64 // of the first record that cannot be vouched for
	Reason string
}

// Error names the file, the offset and the record.
func (e *CorruptionError) Error() string {
	return fmt.Sprintf("ledger: corrupt: %s at offset %d (record %d): %s", e.File, e.Offset, e.Index, e.Reason)
}

// Unwrap returns [ErrCorrupt].
func (e *CorruptionError) Unwrap() error { return ErrCorrupt }

// Outcome is what became of records whose append failed.
type Outcome int

// The outcomes of a failed append.
const (
	// Unknown: the records may turn up in the log or not.
	Unknown Outcome = iota
	// Absent: the records are not in the log and never will be.
	Absent
)

// AppendError is a failed append or sync.
type AppendError struct {
	Outcome Outcome
	Dir     string // the ledger's directory
	Err     error
}

// Error says what became of the records and, for a full disk, what to do.
func (e *AppendError) Error() string {
	what := "it is unknown whether the records were stored"
	if e.Outcome == Absent {
		what = "nothing was stored"
	}
	hint := ""
	if durable.IsFull(e.Err) {
		hint = "; free space on the disk that holds " + e.Dir + ", recording then resumes by itself"
	}
	return fmt.Sprintf("ledger: append to %s: %v (%s%s)", e.Dir, e.Err, what, hint)
}

// Unwrap returns the cause.
func (e *AppendError) Unwrap() error { return e.Err }
