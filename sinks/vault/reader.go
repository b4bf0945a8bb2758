package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/internal/logindex"
)

// Errors that callers branch on.
var (
	// ErrNotFound is wrapped when there is no log in a directory.
	ErrNotFound = ledger.ErrNotFound
	// ErrCorrupt is wrapped by every [CorruptionError].
	ErrCorrupt = ledger.ErrCorrupt
	// ErrForeign is wrapped when a line of the log is no record of a run.
	ErrForeign = errors.New("vault: a line that is no audit record")
)

// CorruptionError says where a log does not match its own signed history: File
// (a path below the log's directory), Offset (in bytes), Index (of the first
// record that cannot be vouched for) and Reason. It wraps [ErrCorrupt].
type CorruptionError = ledger.CorruptionError

// Record is one record of a log with its place: Index, Line (the JSON without its
// newline; not to be changed), File (the segment, a path below the log's
// directory) and Offset (of the line in File).
type Record = ledger.Record

// Checkpoint is a signed statement of a log's size and root hash: Origin, Size,
// Root, and Note, the C2SP signed note byte for byte.
type Checkpoint = ledger.Checkpoint

// Run is a run that has no entry yet.
type Run struct {
	RunID       string
	AgentName   string
	Environment string
	StartedAt   time.Time
	Position    uint64 // of its start in the log
	PID         int    // of its process, for people: it may be used again by another
	Dead        bool   // its process is gone; the next opener writes its entry
}

// Reader reads an audit log. It is safe for concurrent use, also while others
// write.
type Reader struct {
	dir    string
	ledger *ledger.Reader
	index  *logindex.Index
}

var _ audit.Reader = (*Reader)(nil)

// OpenReader opens the log in dir for reading. Errors wrap [ErrNotFound] or
// [ErrCorrupt], or are of the file system.
//
// No key is needed. Where the log's key file can be read all the same, the reader also
// shows records that were written and not signed yet, which are some milliseconds old,
// or the last ones of a process that died.
func OpenReader(dir string) (*Reader, error) {
	signer, err := ReadKey(KeyFile(dir))
	if err != nil {
		signer = nil
	}
	return openReader(dir, signer)
}

// openReader is OpenReader with the log's signer; nil: it is not held.
func openReader(dir string, signer Signer) (*Reader, error) {
	r, err := ledger.OpenReader(durable.Disk{}, dir)
	if err != nil {
		return nil, fmt.Errorf("vault: open %s: %w", dir, err)
	}
	if signer != nil {
		if keyed, err := r.WithKey(signer); err == nil {
			r = keyed
		}
	}
	return &Reader{dir, r, logindex.New(durable.Disk{}, dir, r)}, nil
}

// Dir returns the log's directory.
func (r *Reader) Dir() string { return r.dir }

// Origin returns the log's name in its checkpoints.
func (r *Reader) Origin() string { return r.ledger.Info().Origin }

// PublicKey returns the key that verifies the log's checkpoints, as a C2SP
// signed-note verifier key.
func (r *Reader) PublicKey() string { return r.ledger.Info().PublicKey }

// Head returns the newest checkpoint; of an empty log it is unsigned and has no
// Note. Its records are on disk.
func (r *Reader) Head() (Checkpoint, error) { return r.ledger.Head() }

// Entries implements [audit.Reader] by reading the log. [audit.Entry.Position]
// is the index of the entry's line.
func (r *Reader) Entries(ctx context.Context, f audit.Filter) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) {
		if err := f.Check(); err != nil {
			yield(audit.Entry{}, err)
			return
		}
		n := 0
		for rec, err := range r.ledger.Records(ctx, 0, f.NewestFirst) {
			if err != nil {
				yield(audit.Entry{}, err)
				return
			}
			e, ok, err := entryOf(rec)
			if err != nil {
				yield(audit.Entry{}, err)
				return
			}
			if !ok || !f.Match(&e) {
				continue
			}
			n++
			if !yield(e, nil) || n == f.Limit {
				return
			}
		}
	}
}

// The beginnings of the lines that a recorder writes, so that most of a log can
// be skipped without decoding it.
var (
	kindPrefix  = []byte(`{"kind":"`)
	runIDMember = []byte(`","run_id":"`)
	entryStart  = []byte(`{"kind":"run","schema":"` + audit.Schema + `","run_id":"`)
)

// lineOf returns the kind of a record and the id of its run. Lines that do not
// begin as a recorder writes them are decoded.
func lineOf(rec Record) (kind audit.Kind, runID string, err error) {
	if rest, ok := bytes.CutPrefix(rec.Line, entryStart); ok {
		if id, _, ok := bytes.Cut(rest, []byte{'"'}); ok {
			return audit.KindRun, string(id), nil
		}
	}
	if rest, ok := bytes.CutPrefix(rec.Line, kindPrefix); ok {
		k, rest, ok := bytes.Cut(rest, runIDMember)
		if id, _, end := bytes.Cut(rest, []byte{'"'}); ok && end && bytes.IndexByte(k, '"') < 0 {
			return audit.Kind(k), string(id), nil
		}
	}
	line, err := audit.DecodeLine(rec.Line)
	if err != nil {
		return "", "", fmt.Errorf("%w: record %d: %w", ErrForeign, rec.Index, err)
	}
	return line.Kind, line.RunID, nil
}

// RecordOf returns what a recorder handed in as rec, with the salt that the log added.
// The error wraps [ErrForeign] if rec is no record of a run.
func RecordOf(rec Record) (audit.Record, error) {
	kind, runID, err := lineOf(rec)
	return audit.Record{Kind: kind, RunID: runID, JSON: rec.Line}, err
}

// entryOf decodes rec if it is an entry.
func entryOf(rec Record) (e audit.Entry, ok bool, err error) {
	kind, _, err := lineOf(rec)
	if err != nil || kind != audit.KindRun {
		return e, false, err
	}
	if e, err = audit.DecodeEntry(rec.Line); err != nil {
		return e, false, fmt.Errorf("%w: record %d: %w", ErrForeign, rec.Index, err)
	}
	e.Position = rec.Index
	return e, true, nil
}

// Records yields the records from index from on, oldest first.
func (r *Reader) Records(ctx context.Context, from uint64) iter.Seq2[Record, error] {
	return r.ledger.Records(ctx, from, false)
}

// Accesses returns the log's accesses to data records as they are now, for package lineage.
// It reads what was recorded since it was called last, and at first the index files of
// the segments; those that are not there it writes beside them, or keeps in memory where
// that is not allowed. Nil without an error says that the log must be read.
func (r *Reader) Accesses(ctx context.Context) (*logindex.Snapshot, error) {
	return r.index.Snapshot(ctx)
}

// RunRecords yields all records of one run, oldest first: its start, its tasks,
// decisions, outputs and errors as they happened, its entry, and what came late.
func (r *Reader) RunRecords(ctx context.Context, runID string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for rec, err := range r.ledger.Records(ctx, 0, false) {
			if err != nil {
				yield(Record{}, err)
				return
			}
			_, id, err := lineOf(rec)
			if err != nil {
				yield(Record{}, err)
				return
			}
			if id == runID && !yield(rec, nil) {
				return
			}
		}
	}
}

// Tail yields the records from index from on, and then new ones as they reach
// the disk, until ctx is done; it then ends without an error.
func (r *Reader) Tail(ctx context.Context, from uint64) iter.Seq2[Record, error] {
	const interval = 50 * time.Millisecond
	return r.ledger.Follow(ctx, from, interval)
}

// Running returns the runs that have no entry, in the order of their starts.
func (r *Reader) Running(ctx context.Context) ([]Run, error) {
	live, dead, err := ledger.Writers(durable.Disk{}, r.dir, false)
	if err != nil {
		return nil, err
	}
	open, err := r.openRuns(ctx, append(live, dead...))
	if err != nil {
		return nil, err
	}
	runs := make([]Run, len(open))
	for i, o := range open {
		runs[i] = o.Run
		runs[i].Dead = slices.Contains(dead, o.writer)
	}
	return runs, nil
}
