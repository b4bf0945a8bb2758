package lineage

import (
	"context"
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/logindex"
)

// Direction says where to look from a record.
type Direction uint8

// The directions.
const (
	Downstream Direction = iota // who read it, and what was made from it
	Upstream                    // who wrote it, and what it was made from
	Both
)

// Query asks for the lineage of a record. All but Record may be zero.
type Query struct {
	Record    string // a URI; one that ends in "/" asks for all that begins so
	Direction Direction

	// Depth is how many steps to go from the record, each from one record to what
	// was made from it. Zero: all.
	Depth int
	// AsOf leaves out what happened after it. Zero: nothing.
	AsOf time.Time
	// From and To bound the first step: it goes only by accesses of the record in question
	// from From on and before To. Zero: they do not bound.
	From, To time.Time
	// At asks for the answer that the log gave when it had that size and root, as a
	// checkpoint states them or the Head of another answer. Zero: as it is.
	At audit.Head
	// Cursor continues an answer that was cut by MaxVersions: it is its Next, and the rest
	// of the query is the same. Empty: it begins.
	Cursor string
	// Explicit goes only from a record to what was stated to be made from it, by
	// [From]. ExcludeFailed takes failed runs for having done nothing but replace
	// what they wrote to.
	Explicit, ExcludeFailed bool

	// Agents, Runs, Sources and Ops select from the answer, each if it is not empty.
	// They do not change what is followed.
	Agents, Runs, Sources []string
	Ops                   []audit.Op

	// MaxVersions bounds how many versions of records are followed in each direction: as
	// many more with every Cursor. Zero: 100,000.
	MaxVersions int
	// MaxEdges bounds the edges of the answer; the first in the order of the log are told.
	// They are not told later: it is there to bound memory. Zero: 1,000,000.
	MaxEdges int
	// NoEdges leaves the edges out of the answer, which then counts as no less complete, and
	// takes about half the time.
	NoEdges bool `json:",omitempty"`
	// Redactor is that of the recorder, such as flexor.Vault.Redactor, so that the query
	// looks for what was recorded. Zero: none, and a URI in which something was replaced
	// is not found.
	Redactor audit.Redactor

	goroutines int // in tests, how many share whatever can be shared; 0: see [newAhead] and [newHands]
}

// Role says what a run has to do with a record.
type Role string

// The roles of runs.
const (
	WrittenBy  Role = "written_by"  // wrote it, added to it or deleted it
	ReadBy     Role = "read_by"     // read it, and wrote nothing that was made from it
	IncludedIn Role = "included_in" // wrote a record that was made from it
	UsedBy     Role = "used_by"     // read a record that was made from it, and wrote nothing after that
)

// Touch is what one run has to do with the record in question, shown by its first
// access of that kind.
type Touch struct {
	Role         Role         `json:"role"`
	RunID        string       `json:"run_id"`
	AgentName    string       `json:"agent_name"`
	AgentVersion string       `json:"agent_version,omitempty"`
	Status       audit.Status `json:"status,omitempty"` // empty: the run has not ended
	At           time.Time    `json:"at"`
	Op           audit.Op     `json:"op"`
	Record       string       `json:"record"` // that was accessed
	Source       string       `json:"source,omitempty"`
	Skill        string       `json:"skill,omitempty"`
	Steps        int          `json:"steps"`                // from the record in question; 0: it wrote that
	Explicit     bool         `json:"explicit,omitempty"`   // stated with [From]
	Collection   bool         `json:"collection,omitempty"` // the record accessed is a collection with the one in question in it
	Accesses     int          `json:"accesses"`             // how many of the kind the run made, repeats included
	Position     uint64       `json:"position"`             // of the access in the log
}

// RecordVersion is a version of a record that was made from the one in question, or from
// which that was made.
type RecordVersion struct {
	Direction string       `json:"direction"` // "downstream" or "upstream"
	Record    string       `json:"record"`
	Op        audit.Op     `json:"op,omitempty"` // what made it; empty: it is from before the log, or from outside
	RunID     string       `json:"run_id,omitempty"`
	AgentName string       `json:"agent_name,omitempty"`
	Status    audit.Status `json:"status,omitempty"`
	At        time.Time    `json:"at,omitzero"`
	Version   string       `json:"version,omitempty"`
	Source    string       `json:"source,omitempty"`
	Steps     int          `json:"steps"`
	Explicit  bool         `json:"explicit,omitempty"`
	Position  uint64       `json:"position,omitempty"` // of what made it in the log
}

// Edge joins a run with a version of a record that it read, or made. A version that no
// run made, in the record in question or from outside the log, has no position.
type Edge struct {
	RunID     string    `json:"run_id"`
	AgentName string    `json:"agent_name"`
	Made      bool      `json:"made"` // the run made the version; else it read it
	Record    string    `json:"record"`
	Version   *uint64   `json:"version,omitempty"` // the position of what made it
	Explicit  bool      `json:"explicit"`          // stated with [From]
	At        time.Time `json:"at"`
	Position  uint64    `json:"position"` // of the access in the log
}

// Gap is a reason why an answer may lack something, and how much.
type Gap struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
	Text   string `json:"text"` // for people
}

// The reasons of gaps.
const (
	GapDepth       = "depth"       // versions at the greatest depth, which were not followed
	GapVersions    = "versions"    // versions beyond the greatest number, which were not followed
	GapEdges       = "edges"       // edges beyond the greatest number, which are not told
	GapDropped     = "dropped"     // accesses that are not in the log
	GapInterrupted = "interrupted" // runs without an end of their own that may have read again
	GapHorizon     = "horizon"     // records of the log that are gone
	GapUnknown     = "unknown"     // accesses that only a later version understands
)

// Result is the answer to a [Query]. If that has a cursor, Touches is what is known so far,
// Versions are what was not told before, and Edges what leads to them and on from them;
// an edge can be told again.
type Result struct {
	Record   string          `json:"record"` // as the log has it
	Touches  []Touch         `json:"touches"`
	Versions []RecordVersion `json:"versions"`
	Edges    []Edge          `json:"edges"`

	// Complete says that the answer lacks nothing that was recorded up to Head and
	// asked for; else Gaps are all the reasons.
	Complete bool       `json:"complete"`
	Gaps     []Gap      `json:"gaps"`
	Head     audit.Head `json:"head"` // the log when it was read

	// Next is the [Query.Cursor] that goes on where MaxVersions ended this answer, in the
	// log as it was. Empty: it was not.
	Next string `json:"next,omitempty"`

	related bool     // there is an access of the record
	entries []uint64 // positions of the entries of the runs in it
}

// Found reports whether the log has any access of the record in question, be it
// selected or not.
func (r *Result) Found() bool { return r.related }

// The bounds of queries that state none.
const (
	defaultVersions = 100_000
	defaultEdges    = 1_000_000
)

// Trace answers a query, by the index of the log if it is [Indexed], and else by reading it.
// The same log gives the same answer. A URI that is none, and a cursor or checkpoint of
// another query or log, is an error that wraps [audit.ErrInvalid]; damage of the log, and
// a line that is no record, are errors too, never a shorter answer. Of what is read from an
// index only its own checksums are checked: see [Prove].
func Trace(ctx context.Context, log Log, q Query) (*Result, error) {
	record, err := audit.RecordURI(q.Record, q.Redactor)
	if err != nil {
		return nil, fmt.Errorf("lineage: %w", err)
	}
	if q.MaxVersions <= 0 {
		q.MaxVersions = defaultVersions
	}
	if q.MaxEdges <= 0 {
		q.MaxEdges = defaultEdges
	}
	told, err := q.resume(record)
	if err != nil {
		return nil, fmt.Errorf("lineage: trace %s: %w", record, err)
	}
	var res *Result
	err = withSnapshot(ctx, log, func(s *logindex.Snapshot) error {
		t := &trace{ctx: ctx, q: &q, told: told, bound: told + q.MaxVersions, hands: newHands(q.goroutines), gaps: map[string]int{}}
		head := audit.Head{Size: s.Size, Root: s.Root.String()}
		if q.At.Size > head.Size || q.At.Size == head.Size && q.At.Root != "" && q.At.Root != head.Root {
			return fmt.Errorf("%w: the log has %d records and the root %s, and never was what the checkpoint states, %d and %s", audit.ErrInvalid, head.Size, head.Root, q.At.Size, q.At.Root)
		}
		if q.At != (audit.Head{}) {
			head = q.At
		}
		t.graph = graphOf(s, head.Size, q.AsOf)
		t.result = &Result{Record: record, Head: head}
		t.find()
		t.finish()
		t.leave()
		res = t.result
		return context.Cause(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("lineage: trace %s: %w", record, err)
	}
	return res, nil
}
