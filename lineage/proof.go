package lineage

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ledger"
)

// The files of a proof.
const (
	answerFile     = "answer.json"
	checkpointFile = "checkpoint"
	recordsFile    = "records.jsonl"
	proofsFile     = "proofs.jsonl"
)

// ErrProof is wrapped by the errors for proofs that do not hold.
var ErrProof = ledger.ErrProof

// Provable is a [Log] that proves that it holds a record. The Reader of sinks/vault is one.
type Provable interface {
	Log
	ReceiptAt(ctx context.Context, index uint64, cp ledger.Checkpoint) (ledger.Receipt, error)
}

// Cites returns the indexes of the records of the log that the answer rests on: every
// access that it names, and the entries of their runs; each once, and in order.
func (r *Result) Cites() []uint64 {
	at := slices.Clone(r.entries)
	for _, t := range r.Touches {
		at = append(at, t.Position)
	}
	for _, v := range r.Versions {
		if v.RunID != "" {
			at = append(at, v.Position)
		}
	}
	for _, e := range r.Edges {
		at = append(at, e.Position)
		if e.Version != nil {
			at = append(at, *e.Version)
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// inclusion is a line of proofs.jsonl: where a record stands, and its RFC 6962 inclusion
// proof.
type inclusion struct {
	Index  uint64   `json:"index"`
	Hashes [][]byte `json:"hashes"`
}

// Prove is [Trace] at the log's newest checkpoint, and writes into dir, which must be empty
// or not be there, what proves the answer without the log: the answer, the checkpoint, the
// records that the answer rests on, byte for byte and one a line, and for each of these
// the proof that it stands in the log of the checkpoint. [CheckProof] checks it.
func Prove(ctx context.Context, log Provable, q Query, dir string) (*Result, error) {
	cp, err := log.Head()
	if err != nil {
		return nil, fmt.Errorf("lineage: prove: %w", err)
	}
	if cp.Note == nil {
		return nil, errors.New("lineage: prove: the log is empty, and has no checkpoint")
	}
	q.At = audit.Head{Size: cp.Size, Root: cp.Root.String()}
	res, err := Trace(ctx, log, q)
	if err != nil {
		return nil, err
	}
	if err := writeProof(ctx, log, res, cp, dir); err != nil {
		return nil, fmt.Errorf("lineage: prove: %w", err)
	}
	return res, nil
}

// writeProof writes the files of a proof.
func writeProof(ctx context.Context, log Provable, res *Result, cp ledger.Checkpoint, dir string) error {
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		return &fs.PathError{Op: "write", Path: dir, Err: errors.New("the directory is not empty")}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	answer, err := json.MarshalIndent(res, "", "  ")
	if err != nil {
		return err
	}
	var records, proofs bytes.Buffer
	for rec, err := range cited(ctx, log, res.Cites()) {
		if err != nil {
			return err
		}
		receipt, err := log.ReceiptAt(ctx, rec.Index, cp)
		if err != nil {
			return err
		}
		p := inclusion{Index: rec.Index, Hashes: [][]byte{}}
		for _, h := range receipt.Proof {
			p.Hashes = append(p.Hashes, h[:])
		}
		line, err := json.Marshal(p)
		if err != nil {
			return err
		}
		records.Write(append(slices.Clip(rec.Line), '\n'))
		proofs.Write(append(line, '\n'))
	}
	// The checkpoint comes last: without it the others are no proof.
	for _, f := range []struct {
		name string
		data []byte
	}{{answerFile, append(answer, '\n')}, {recordsFile, records.Bytes()}, {proofsFile, proofs.Bytes()}, {checkpointFile, cp.Note}} {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// far is how many records may be read in vain before the log is looked into anew.
const far = 100_000

// cited yields the records with these indexes.
func cited(ctx context.Context, log Log, at []uint64) func(func(ledger.Record, error) bool) {
	return func(yield func(ledger.Record, error) bool) {
		for len(at) > 0 {
			for rec, err := range log.Records(ctx, at[0]) {
				if err != nil {
					yield(rec, err)
					return
				}
				if rec.Index < at[0] {
					continue
				}
				if rec.Index > at[0] {
					yield(rec, fmt.Errorf("record %d is gone since it was found", at[0]))
					return
				}
				if !yield(rec, nil) {
					return
				}
				at = at[1:]
				if len(at) == 0 || at[0] > rec.Index+far {
					break
				}
			}
		}
	}
}

// Proved is what a proof shows.
type Proved struct {
	Result  *Result
	Records int // that the answer rests on, all of which stand in the log of the checkpoint
	// Unended are runs without an entry in the log then: what agent they are of is not
	// proved.
	Unended int
}

// CheckProof checks offline what [Prove] wrote, with nothing but the public key of the log,
// which must come from somewhere the log's keeper cannot change. It shows that every access,
// run and edge in the answer is as records say that stand in the log of the checkpoint, at
// the places that the answer names. It does not show that nothing is missing: that takes
// the log. The error wraps [ErrProof], or is of the file system.
func CheckProof(dir fs.FS, publicKey string) (*Proved, error) {
	v, err := note.NewVerifier(publicKey)
	if err != nil {
		return nil, fmt.Errorf("%w: public key: %w", ErrProof, err)
	}
	signed, err := fs.ReadFile(dir, checkpointFile)
	if err != nil {
		return nil, err
	}
	cp, err := ledger.ParseCheckpoint(signed, v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	answer, err := fs.ReadFile(dir, answerFile)
	if err != nil {
		return nil, err
	}
	e := &evidence{accesses: map[uint64]*audit.Access{}, entries: map[string]*audit.Entry{}}
	out := &Proved{Result: &Result{}}
	if err := json.Unmarshal(answer, out.Result); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrProof, answerFile, err)
	}
	if h := out.Result.Head; h.Size != cp.Size || h.Root != cp.Root.String() {
		return nil, fmt.Errorf("%w: the answer is of the log with %d records and the root %s, the checkpoint states %d and %s", ErrProof, h.Size, h.Root, cp.Size, cp.Root)
	}
	if out.Records, err = e.read(dir, cp); err != nil {
		return nil, err
	}
	if out.Unended, err = e.check(out.Result); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return out, nil
}

// evidence is what the records of a proof say.
type evidence struct {
	accesses map[uint64]*audit.Access
	entries  map[string]*audit.Entry // by run
}

// read reads the records, each of which must stand in the log of the checkpoint.
func (e *evidence) read(dir fs.FS, cp ledger.Checkpoint) (n int, err error) {
	var files [2]*bufio.Reader
	for i, name := range []string{recordsFile, proofsFile} {
		f, err := dir.Open(name)
		if err != nil {
			return 0, err
		}
		defer f.Close() //nolint:errcheck // opened for reading: nothing to lose
		files[i] = bufio.NewReader(f)
	}
	for ; ; n++ {
		line, errLine := files[0].ReadBytes('\n')
		proof, errProof := files[1].ReadBytes('\n')
		if errLine == io.EOF && errProof == io.EOF && len(line)+len(proof) == 0 {
			return n, nil
		}
		if err := errors.Join(errLine, errProof); err != nil {
			return n, fmt.Errorf("%w: line %d of %s and %s: %w", ErrProof, n+1, recordsFile, proofsFile, err)
		}
		if err := e.add(line[:len(line)-1], proof, cp); err != nil {
			return n, fmt.Errorf("%w: line %d of %s: %w", ErrProof, n+1, recordsFile, err)
		}
	}
}

// add adds a record.
func (e *evidence) add(line, proof []byte, cp ledger.Checkpoint) error {
	var p inclusion
	if err := json.Unmarshal(proof, &p); err != nil {
		return err
	}
	hashes := make(tlog.RecordProof, 0, len(p.Hashes))
	for _, h := range p.Hashes {
		if len(h) != tlog.HashSize {
			return errors.New("a hash of another length")
		}
		hashes = append(hashes, tlog.Hash(h))
	}
	if p.Index >= cp.Size {
		return fmt.Errorf("record %d is not among the %d of the checkpoint", p.Index, cp.Size)
	}
	if err := tlog.CheckRecord(hashes, int64(cp.Size), cp.Root, int64(p.Index), tlog.RecordHash(line)); err != nil {
		return err
	}
	kind, err := kindOf(line)
	if err != nil {
		return err
	}
	switch kind {
	case audit.KindAccess:
		a := &audit.Access{}
		err = json.Unmarshal(line, a)
		e.accesses[p.Index] = a
	case audit.KindRun:
		var entry audit.Entry
		entry, err = audit.DecodeEntry(line)
		e.entries[entry.RunID] = &entry
	}
	return err
}

// check checks an answer against the records, and returns how many of its runs have no
// entry among them.
func (e *evidence) check(r *Result) (unended int, err error) {
	open := map[string]bool{}
	run := func(id, agent string, status audit.Status) bool {
		entry := e.entries[id]
		if entry == nil {
			open[id] = true
			return status == ""
		}
		return entry.AgentName == agent && (status == "" || entry.Status == status)
	}
	for _, t := range r.Touches {
		a := e.accesses[t.Position]
		writes := t.Role == WrittenBy || t.Role == IncludedIn
		if (t.Role == WrittenBy || t.Role == ReadBy) && !related(t.Record, r.Record) {
			return 0, fmt.Errorf("an access of %s is none of %s", t.Record, r.Record)
		}
		if a == nil || !same(a, t.RunID, t.Op, t.Record, t.Source, t.At) || a.Skill != t.Skill || writes == (a.Op == audit.OpRead) || !run(t.RunID, t.AgentName, t.Status) {
			return 0, fmt.Errorf("record %d does not say that %s was %s %s", t.Position, t.Record, t.Role, t.RunID)
		}
	}
	for _, v := range r.Versions {
		if v.RunID == "" {
			continue // from outside the log; its reading is among the edges
		}
		a := e.accesses[v.Position]
		if a == nil || !same(a, v.RunID, v.Op, v.Record, v.Source, v.At) || a.Op == audit.OpRead || a.Version != v.Version || (a.From != nil) != v.Explicit || !run(v.RunID, v.AgentName, v.Status) {
			return 0, fmt.Errorf("record %d does not say that %s made a version of %s", v.Position, v.RunID, v.Record)
		}
	}
	for _, edge := range r.Edges {
		if !e.edge(&edge) || !run(edge.RunID, edge.AgentName, "") {
			return 0, fmt.Errorf("record %d does not say that %s and %s are joined", edge.Position, edge.RunID, edge.Record)
		}
	}
	return len(open), nil
}

// same reports whether an access is what an answer says.
func same(a *audit.Access, run string, op audit.Op, record, source string, at time.Time) bool {
	return a.RunID == run && a.Op == op && a.Record == record && a.Source == source && a.At.Equal(at)
}

// edge reports whether the records say what an edge does.
func (e *evidence) edge(edge *Edge) bool {
	a := e.accesses[edge.Position]
	if a == nil || a.RunID != edge.RunID || !a.At.Equal(edge.At) {
		return false
	}
	if edge.Made {
		return a.Op != audit.OpRead && a.Record == edge.Record && edge.Version != nil && *edge.Version == edge.Position && (a.From != nil) == edge.Explicit
	}
	if edge.Version != nil {
		made := e.accesses[*edge.Version]
		if made == nil || made.Op == audit.OpRead || made.Record != edge.Record || *edge.Version >= edge.Position {
			return false
		}
	}
	if !edge.Explicit {
		return a.Op == audit.OpRead && related(a.Record, edge.Record)
	}
	return slices.ContainsFunc(a.From, func(f string) bool { return related(f, edge.Record) })
}

// related reports whether one record is the other, or stands in it.
func related(a, b string) bool {
	within := func(in, a string) bool { return strings.HasSuffix(in, "/") && strings.HasPrefix(a, in) }
	return a == b || within(a, b) || within(b, a)
}
