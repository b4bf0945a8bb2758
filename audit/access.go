package audit

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/internal/recorduri"
)

// Op says what an access did to a data record.
type Op string

// What an access can do.
const (
	OpRead   Op = "read"
	OpWrite  Op = "write"  // replaced the record, or made it
	OpAppend Op = "append" // added to the record
	OpDelete Op = "delete"
)

// Access is one access of a run to one data record, and the log's record of it.
// Package lineage makes and reads them.
type Access struct {
	// Op, Record (a URI) and Source (such as the name of a database or a catalogue,
	// which may be empty) are what the caller states, and so are the others up to Rows.
	// What the log holds of Record, and of From, is [RecordURI].
	Op     Op     `json:"op"`
	Record string `json:"record,omitempty"` // absent if the access was dropped
	Source string `json:"source,omitempty"`

	// From are the records that a write or append was made from. Nil: not stated;
	// empty: from no record at all.
	From []string `json:"from,omitzero"`

	Version string `json:"version,omitempty"` // of the record, as its source names it
	Digest  string `json:"digest,omitempty"`  // of its content, such as sha256:…
	Rows    int64  `json:"rows,omitempty"`    // read or written; 0: not stated

	// What follows is set by the recorder.

	RunID string    `json:"run_id"`
	Seq   int       `json:"seq"`
	At    time.Time `json:"at"`             // UTC
	Task  int       `json:"task,omitempty"` // [TaskResult.Seq] of the task it happened in; 0: outside any
	Skill string    `json:"skill,omitempty"`

	// Repeats is how often the run has made the same read again since its record
	// before this one. The record of a first read has none. Repeats are recorded
	// before the run writes the next time, and at its end.
	Repeats int `json:"repeats,omitempty"`

	// Dropped is how many accesses of the run are not in the log so far, and Reason
	// why this one is not.
	Dropped int    `json:"dropped,omitempty"`
	Reason  string `json:"reason,omitempty"`

	Redactions []Redaction `json:"redactions,omitempty"`
	Late       bool        `json:"late,omitempty"` // it came after the end of the run
}

// Accesses counts the accesses of a run.
type Accesses struct {
	Reads   int `json:"reads,omitempty"` // repeats included
	Writes  int `json:"writes,omitempty"`
	Appends int `json:"appends,omitempty"`
	Deletes int `json:"deletes,omitempty"`
	// Dropped accesses are not in the log, and not among the others: there were more
	// than [Config.MaxAccesses], or what they named is no record URI. Of an
	// interrupted run there were at least so many.
	Dropped int `json:"dropped,omitempty"`
}

const (
	maxAccesses = 100_000 // records of accesses in one run
	maxFrom     = 128     // records that one write says it was made from; more become appends
)

// accessLine is the record of an access.
type accessLine struct {
	Kind Kind `json:"kind"`
	// RunID stands second in every record; it hides that of Access.
	RunID string `json:"run_id"`
	*Access
}

// RecordURI returns what a log holds of the URI of a data record: the URI in its
// normal form by RFC 3986, without user info, secret parameters, and what r
// removes from it, percent-encoded again. r may be nil. The path of a file on
// Windows becomes a file URI. A URI that ends in "/" is a collection.
//
// Queries for a record apply the same function, with the redactor the log was
// written with, and so find what was recorded. An error wraps [ErrInvalid] and says
// why s is refused, without repeating it.
func RecordURI(s string, r Redactor) (string, error) {
	uri, _, err := (&Recorder{cfg: Config{Redactor: r}}).recordURI(s, nil)
	return uri, err
}

// recordURI is [RecordURI], and adds what was redacted to found.
func (r *Recorder) recordURI(s string, found []Redaction) (string, []Redaction, error) {
	uri, err := recorduri.Normalise(s)
	if err != nil {
		return "", found, fmt.Errorf("%w: record URI: %w", ErrInvalid, err)
	}
	redacted, more := r.string("accesses.record", uri)
	if len(more) == 0 && redacted == uri {
		return uri, found, nil
	}
	if uri, err = recorduri.Normalise(redacted); err != nil {
		return "", found, fmt.Errorf("%w: record URI: what is left of it after redaction is none: %w", ErrInvalid, err)
	}
	return uri, merge(found, more), nil
}

// Access records an access. What is no record URI is refused: that is an error of
// the run, and a record that counts the access as dropped. If one of From is refused,
// that is so too, but the write is recorded, without From. Package lineage is the usual
// way in.
func (run *Run) Access(a Access) {
	if run != nil && run.s.live {
		run.s.access(run, a)
	}
}

// Access records an access made inside the task; see [Run.Access].
func (t *Task) Access(a Access) { t.handle().Access(a) }

// access records one access.
func (s *state) access(run *Run, a Access) {
	a.RunID, a.At = s.id(), stamp(s.rec.now())
	a.Task, a.Skill = run.place()
	a.Repeats, a.Dropped, a.Reason, a.Redactions = 0, 0, "", nil
	err := s.rec.completeAccess(&a)
	if err != nil {
		run.Error(fmt.Errorf("audit: %s: %w", a.Op, err))
		s.drop(&a, err.Error())
	}
	if a.Record == "" {
		return
	}
	if a.Op == OpRead {
		s.read(&a)
		return
	}
	// What the run read again before it wrote may be what it wrote from.
	s.flushRepeats()
	from := a.From
	for first := true; first || len(from) > 0; first = false {
		part := a
		if from != nil {
			part.From = from[:min(len(from), maxFrom)]
			from = from[len(part.From):]
		}
		if !first {
			part.Op, part.Rows, part.Redactions = OpAppend, 0, nil
		}
		s.putAccess(&part)
	}
}

// completeAccess checks an access and brings it into the form it is written in. With
// an error, what has a Record is still written.
func (r *Recorder) completeAccess(a *Access) (err error) {
	switch a.Op {
	case OpRead, OpDelete:
		a.From = nil
	case OpWrite, OpAppend:
	default:
		a.Op, a.Record = Op(ident.Text(string(a.Op), maxName)), ""
		return fmt.Errorf("%w: there is no such operation", ErrInvalid)
	}
	var found []Redaction
	if a.Record, found, err = r.recordURI(a.Record, found); err != nil {
		return err
	}
	if a.From != nil {
		a.From, found, err = r.fromURIs(a.From, found)
	}
	a.Source, found = r.text("accesses.source", a.Source, maxName, found)
	a.Version, found = r.text("accesses.version", a.Version, maxName, found)
	a.Digest, found = r.text("accesses.digest", a.Digest, maxName, found)
	a.Rows = max(a.Rows, 0)
	a.Redactions = found
	return err
}

// fromURIs is [RecordURI] for what a write was made from. If one is refused it returns
// nil: what is written is then taken to be made from all that the run has read.
func (r *Recorder) fromURIs(from []string, found []Redaction) (out []string, _ []Redaction, err error) {
	out = make([]string, len(from))
	for i, f := range from {
		if out[i], found, err = r.recordURI(f, found); err != nil {
			return nil, found, fmt.Errorf("from: %w", err)
		}
	}
	return out, found, nil
}

// repeats are the reads of a run, to recognise one that is made again.
type repeats struct {
	reads   map[readKey]*repeated
	pending []*repeated // with repeats that no record has, in the order of the first
	written int         // records of accesses
	dropped int         // accesses that have none
}

// readKey is what makes two reads of a run the same.
type readKey struct {
	record, source, version, digest string
	rows                            int64
	task                            int
}

// repeated is a read, with its repeats since its last record.
type repeated struct{ again Access }

// read records a read, or counts it as a repeat. A repeat may see another version
// of the record than the read before it, so that it is recorded before it can
// matter: see flushRepeats.
func (s *state) read(a *Access) {
	key := readKey{a.Record, a.Source, a.Version, a.Digest, a.Rows, a.Task}
	s.mu.Lock()
	if s.repeats.reads == nil {
		s.repeats.reads = map[readKey]*repeated{}
	}
	r := s.repeats.reads[key]
	if r != nil && !s.ended {
		if r.again.Repeats++; r.again.Repeats == 1 {
			s.repeats.pending = append(s.repeats.pending, r)
		}
		r.again.At = a.At
		s.mu.Unlock()
		return
	}
	if r == nil && len(s.repeats.reads) < s.rec.cfg.MaxAccesses {
		again := *a
		again.Redactions = nil
		s.repeats.reads[key] = &repeated{again}
	}
	s.mu.Unlock()
	s.putAccess(a)
}

// flushRepeats writes a record for each read that was repeated since its last one.
func (s *state) flushRepeats() {
	s.mu.Lock()
	pending := make([]Access, len(s.repeats.pending))
	for i, r := range s.repeats.pending {
		pending[i] = r.again
		r.again.Repeats = 0
	}
	s.repeats.pending = s.repeats.pending[:0]
	s.mu.Unlock()
	for i := range pending {
		s.putAccess(&pending[i])
	}
}

// putAccess writes the record of an access, if the run may write one more.
func (s *state) putAccess(a *Access) {
	s.mu.Lock()
	full := s.repeats.written >= s.rec.cfg.MaxAccesses
	if !full {
		s.repeats.written++
	}
	s.mu.Unlock()
	if full {
		s.drop(a, fmt.Sprintf("the run has made more than %d accesses", s.rec.cfg.MaxAccesses))
		return
	}
	s.enterAccess(a)
}

// drop counts an access that is not recorded. That there are some is in the log
// at once, and how many again whenever their number has doubled.
func (s *state) drop(a *Access, reason string) {
	gone := Access{RunID: a.RunID, At: a.At, Task: a.Task, Skill: a.Skill, Op: a.Op, Reason: reason}
	s.mu.Lock()
	before := s.repeats.dropped
	s.repeats.dropped += max(1, a.Repeats)
	gone.Dropped = s.repeats.dropped
	said := bits.Len(uint(before)) == bits.Len(uint(gone.Dropped))
	if said && !s.ended {
		s.draft.accessed(&gone)
	}
	s.mu.Unlock()
	if !said {
		s.enterAccess(&gone)
	}
}

// enterAccess numbers, counts and writes the record of an access.
func (s *state) enterAccess(a *Access) {
	late := s.enter(func(seq int, late bool) {
		a.Seq, a.Late = seq, late
		if !late {
			s.draft.accessed(a)
			s.draft.redacted(a.Redactions)
		}
	})
	s.write(KindAccess, &accessLine{KindAccess, a.RunID, a}, late)
}

// counts returns the counts of the entry in the making.
func (d *draft) counts() *Accesses {
	if d.entry.Accesses == nil {
		d.entry.Accesses = &Accesses{}
	}
	return d.entry.Accesses
}

// accessed counts the access of a record.
func (d *draft) accessed(a *Access) {
	c := d.counts()
	switch n := max(1, a.Repeats); {
	case a.Dropped > 0:
		c.Dropped = max(c.Dropped, a.Dropped)
	case a.Op == OpRead:
		c.Reads += n
	case a.Op == OpWrite:
		c.Writes++
	case a.Op == OpAppend:
		c.Appends++
	case a.Op == OpDelete:
		c.Deletes++
	}
}
