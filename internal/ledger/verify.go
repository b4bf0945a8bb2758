package ledger

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Report is what [Reader.Verify] found.
type Report struct {
	Head     Checkpoint
	Segments int
	Commits  int
	Bytes    int64 // of records and commit lines
	// Anchored says that the log holds, unchanged, all records of a checkpoint
	// that came from outside.
	Anchored bool
	// Unfinished counts bytes behind the last commit: a write that is under way,
	// or that its process did not live to finish. Nothing in them was
	// acknowledged.
	Unfinished int64
	// Notes are findings that take nothing from the records: a damaged file
	// that is derived, or one that does not belong here.
	Notes []string
}

// Verify reads the whole log and checks every byte of every segment: the
// records against the tree, each commit line against its canonical form, the one
// before it and the tree, the signature at the end of each segment, the
// checkpoint file against the end of the log. anchor, if not nil, is a signed
// checkpoint of this log that was kept elsewhere; the log must still begin with
// its records. visit, if not nil, is called with every record, in order; its error ends the
// verification.
//
// Damage is a [*CorruptionError]; the report then says how far the log is right.
func (r *Reader) Verify(ctx context.Context, anchor []byte, visit func(Record) error) (Report, error) {
	var rep Report
	var want Checkpoint
	if anchor != nil {
		var err error
		if want, err = ParseCheckpoint(anchor, r.verifier); err != nil {
			return rep, &CorruptionError{File: infoFile, Reason: "the anchor is not of this log or not signed by its key: " + err.Error()}
		}
	}
	v, err := look(r.fs, r.dir, r.verifier)
	if err != nil {
		return rep, err
	}
	for _, s := range v.strangers {
		rep.Notes = append(rep.Notes, s+" does not belong to the log")
	}
	if v.publishedErr != nil {
		rep.Notes = append(rep.Notes, fmt.Sprintf("%s is damaged (%v); it is derived, and the next writer replaces it", checkpointName, v.publishedErr))
	}
	c := newCursor(r.verifier)
	var stored []tlog.Hash
	c.stored = &stored
	tree := r.treeCheck()
	defer tree.close()
	rep.Head = Checkpoint{Origin: r.info.Origin, Root: c.front.root()}
	for i, s := range v.segs {
		if err := context.Cause(ctx); err != nil {
			return rep, err
		}
		if err := v.enter(c, i); err != nil {
			return rep, err
		}
		data, err := readSegment(r.fs, r.dir, s)
		if err != nil {
			return rep, err
		}
		var verr error
		first := c.front.size
		end, err := c.walk(data, 0, func(at commit) {
			rep.Commits++
			if want.Size == c.last.Size && anchor != nil {
				rep.Anchored = want.Root == c.last.Root
			}
			for j, sp := range at.records {
				if visit != nil && verr == nil {
					verr = visit(Record{at.first + uint64(j), data[sp.start:sp.end:sp.end], s.name(), int64(sp.start)})
				}
			}
		})
		if err := v.judge(c, i, data, end, err); err != nil {
			return rep, err
		}
		if verr != nil {
			return rep, verr
		}
		tree.compare(first, stored)
		stored = stored[:0]
		rep.Segments++
		rep.Bytes += int64(end)
		rep.Head = c.last
		rep.Unfinished = int64(len(bytes.TrimRight(data[end:], "\x00")))
	}
	if tree.damaged {
		rep.Notes = append(rep.Notes, treeName+" does not match the records; it is derived, and proofs are made without it")
	}
	if anchor != nil && !rep.Anchored {
		if want.Size == 0 {
			rep.Anchored = true
			return rep, nil
		}
		e := &CorruptionError{File: segmentsDir, Index: min(want.Size, rep.Head.Size)}
		if want.Size > rep.Head.Size {
			e.Reason = fmt.Sprintf("the log ends after %d records, but the anchor states %d: records were removed", rep.Head.Size, want.Size)
		} else {
			e.Reason = fmt.Sprintf("the first %d records are not those of the anchor: the log was rewritten", want.Size)
		}
		return rep, e
	}
	return rep, nil
}

// treeChecker compares the tree file with what the records say.
type treeChecker struct {
	file    durable.File
	damaged bool
}

func (r *Reader) treeCheck() *treeChecker {
	f, err := r.fs.OpenFile(filepath.Join(r.dir, treeName), 0, 0)
	if err != nil {
		return &treeChecker{}
	}
	return &treeChecker{file: f}
}

func (t *treeChecker) compare(first uint64, stored []tlog.Hash) {
	if t.file == nil || t.damaged || len(stored) == 0 {
		return
	}
	buf := make([]byte, len(stored)*tlog.HashSize)
	if _, err := t.file.ReadAt(buf, tlog.StoredHashIndex(0, int64(first))*tlog.HashSize); err != nil {
		t.damaged = true
		return
	}
	for i := range stored {
		if !bytes.Equal(stored[i][:], buf[i*tlog.HashSize:(i+1)*tlog.HashSize]) {
			t.damaged = true
			return
		}
	}
}

func (t *treeChecker) close() {
	if t.file != nil {
		_ = t.file.Close()
	}
}
