package ledger

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Report is what [Reader.Verify] found.
type Report struct {
	Head     Checkpoint
	Purged   Checkpoint // of the records that were purged; its Size is the index of the first that is left
	Segments int
	Commits  int
	Bytes    int64 // of records and commit lines
	// Anchored says that the log holds, unchanged, all records of a checkpoint
	// that came from outside.
	Anchored bool
	// Unsigned counts records behind those of Head that no signature covers yet: a
	// writer is about to sign them, or did not live to do so. They are chained to the
	// others, but only who holds the log's key can tell who wrote them; all else that
	// this report says is of the records before them.
	Unsigned uint64
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
// before it and the tree, the newest signature in each segment, the
// checkpoint file against the commit that it is of. anchor, if not nil, is a signed
// checkpoint of this log that was kept elsewhere; the log must still begin with
// its records. visit, if not nil, is called with every signed record, in order; its error ends the
// verification.
//
// Damage is a [*CorruptionError]; the report then says how far the log is right.
func (r *Reader) Verify(ctx context.Context, anchor []byte, visit func(Record) error) (Report, error) {
	var rep Report
	var want Checkpoint
	if anchor != nil {
		var err error
		if want, err = ParseCheckpoint(anchor, r.trust); err != nil {
			return rep, &CorruptionError{File: infoFile, Reason: "the anchor is not of this log or not signed by its key: " + err.Error()}
		}
	}
	v, err := look(r.fs, r.dir, r.trust.signatures())
	if err != nil {
		return rep, err
	}
	for _, s := range v.strangers {
		rep.Notes = append(rep.Notes, s+" does not belong to the log")
	}
	if v.publishedErr != nil {
		rep.Notes = append(rep.Notes, fmt.Sprintf("%s is damaged (%v); it is derived, and the next writer replaces it", checkpointName, v.publishedErr))
	}
	c := v.start.cursor(v.trust)
	if len(v.leftovers) > 0 {
		rep.Notes = append(rep.Notes, fmt.Sprintf("%d files of records that were purged are still there; the next purge removes them", len(v.leftovers)))
	}
	var stored []tlog.Hash
	c.stored = &stored
	tree := r.treeCheck(v.published.Size)
	defer tree.close()
	rep.Purged = Checkpoint{Origin: r.info.Origin, Size: v.start.cp.Size, Root: c.front.root(), Note: v.start.cp.Note}
	rep.Head = rep.Purged
	// Of a checkpoint that is older than the last purge, as a power cut may leave it,
	// nothing can be said.
	published := v.published.Size == 0 || v.published.Size < rep.Head.Size || v.published.Size == rep.Head.Size && v.published.Root == rep.Head.Root
	for i, s := range v.segs {
		if err := context.Cause(ctx); err != nil {
			return rep, err
		}
		var verr error
		roots := map[uint64]tlog.Hash{} // of the commits from the newest checkpoint in their lines on
		first := c.front.size
		p, err := v.pass(c, i, 0, func(data []byte, at commit) {
			rep.Commits++
			if at.size == v.published.Size && at.root == v.published.Root {
				published = true
			}
			if anchor != nil && want.Size == at.size {
				rep.Anchored = want.Root == at.root
			}
			roots[at.size] = at.root
			if at.signed.Note != nil {
				if root, ok := roots[at.signed.Size]; ok && root != at.signed.Root && verr == nil {
					verr = &CorruptionError{File: s.name(), Offset: int64(at.line.start), Index: at.signed.Size,
						Reason: fmt.Sprintf("the checkpoint of %d records in the commit line is not of the records that stand here", at.signed.Size)}
				}
				maps.DeleteFunc(roots, func(size uint64, _ tlog.Hash) bool { return size < at.signed.Size })
			}
			if visit == nil {
				return
			}
			for _, rec := range at.list(s, data) {
				if verr == nil {
					verr = visit(rec)
				}
			}
		})
		if err != nil {
			return rep, err
		}
		if verr != nil {
			return rep, verr
		}
		tree.compare(first, stored)
		stored = stored[:0]
		rep.Segments++
		rep.Bytes += int64(p.end)
		if p.signed.Size > rep.Head.Size {
			rep.Head = p.signed
		}
		rep.Unsigned = p.unsigned
		rep.Unfinished = int64(len(bytes.TrimRight(p.data[p.rest:], "\x00")))
	}
	if rep.Unsigned > 0 {
		rep.Notes = append(rep.Notes, fmt.Sprintf("the last %d records are not signed yet: only a holder of the log's key can tell whether they are genuine, and signs them when the log is next opened for appending", rep.Unsigned))
	}
	if !published {
		return rep, &CorruptionError{File: checkpointName, Index: v.published.Size,
			Reason: fmt.Sprintf("the signed checkpoint of %d records is not of the records that stand here: the log was rewritten", v.published.Size)}
	}
	if tree.damaged {
		rep.Notes = append(rep.Notes, treeName+" does not match the records; it is derived, and proofs are made without it; remove it and the next writer makes it anew")
	}
	if anchor == nil || rep.Anchored {
		return rep, nil
	}
	if want.Size <= rep.Purged.Size {
		rep.Anchored, err = r.purgedAnchor(want, rep.Purged)
		return rep, err
	}
	e := &CorruptionError{File: segmentsDir, Index: min(want.Size, rep.Head.Size)}
	if want.Size > rep.Head.Size {
		e.Reason = fmt.Sprintf("the log ends after %d records, but the anchor states %d: records were removed", rep.Head.Size, want.Size)
	} else {
		e.Reason = fmt.Sprintf("the first %d records are not those of the anchor: the log was rewritten", want.Size)
	}
	return rep, e
}

// purgedAnchor reports whether the records that were purged began with those of an
// anchor.
func (r *Reader) purgedAnchor(want, purged Checkpoint) (bool, error) {
	e := &CorruptionError{File: purgedName, Index: want.Size}
	switch {
	case want.Size == 0:
		return true, nil
	case want.Size == purged.Size && want.Root != purged.Root:
		e.Reason = fmt.Sprintf("the %d records that were purged are not those of the anchor: the log was rewritten", want.Size)
		return false, e
	case want.Size == purged.Size:
		return true, nil
	}
	if _, err := r.Consistency(want, purged); err != nil {
		e.Reason = fmt.Sprintf("that the records before %d, which were purged, began with the %d of the anchor can not be shown: %v; give a newer anchor", purged.Size, want.Size, err)
		return false, e
	}
	return true, nil
}

// treeChecker compares the tree file with what the records say, as far as they
// are known to be on disk: their hashes were written before.
type treeChecker struct {
	file    durable.File
	size    uint64 // how many records
	damaged bool
}

func (r *Reader) treeCheck(size uint64) *treeChecker {
	f, err := r.fs.OpenFile(filepath.Join(r.dir, treeName), os.O_RDONLY, 0)
	if err != nil {
		return &treeChecker{}
	}
	return &treeChecker{file: f, size: size}
}

// compare looks at the hashes stored for the records from index first on.
func (t *treeChecker) compare(first uint64, stored []tlog.Hash) {
	if t.file == nil || t.damaged || first >= t.size {
		return
	}
	begin := tlog.StoredHashIndex(0, int64(first))
	if known := tlog.StoredHashIndex(0, int64(t.size)) - begin; int64(len(stored)) > known {
		stored = stored[:known]
	}
	buf := make([]byte, len(stored)*tlog.HashSize)
	if _, err := t.file.ReadAt(buf, begin*tlog.HashSize); err != nil {
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
