package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// Reader reads a ledger. It needs no key but the public one, no lock, and no
// right to write: a copy on a read-only disk will do. It is safe for
// concurrent use, also while others write.
type Reader struct {
	fs     durable.FS
	dir    string
	info   Info
	trust  authority
	signer Signer // nil: the reader has no key, and needs none
}

// Record is one record of a ledger.
type Record struct {
	Index  uint64
	Line   []byte // without its newline; must not be changed
	File   string // the segment, as a path below the ledger's directory
	Offset int64  // of the line in File
}

// OpenReader opens the ledger in dir for reading. A nil fsys is the host's.
func OpenReader(fsys durable.FS, dir string) (*Reader, error) {
	if fsys == nil {
		fsys = durable.Disk{}
	}
	info, v, err := ReadInfo(fsys, dir)
	if err != nil {
		return nil, err
	}
	return &Reader{fs: fsys, dir: dir, info: info, trust: authority{Verifier: v, v1: info.Format == formatV1}}, nil
}

// WithKey returns a reader that can tell by the log's key who wrote what, signed or
// not: it also shows records that were written and not signed yet, once it has seen to
// it that they are on disk.
func (r *Reader) WithKey(s Signer) (*Reader, error) {
	if err := r.info.signedBy(s, r.trust, r.dir); err != nil || r.trust.v1 {
		return r, err
	}
	key, err := newMACKey(s)
	if err != nil {
		return nil, err
	}
	out := *r
	out.trust.key, out.signer = key, s
	return &out, nil
}

// Info returns the ledger's identity.
func (r *Reader) Info() Info { return r.info }

// Verifier returns the ledger's public key.
func (r *Reader) Verifier() note.Verifier { return r.trust.Verifier }

// Head returns the newest checkpoint; with the key it is of all records that were
// written. Its records are on disk.
func (r *Reader) Head() (Checkpoint, error) {
	v, err := look(r.fs, r.dir, r.trust)
	if err != nil {
		return Checkpoint{}, err
	}
	if len(v.segs) == 0 && v.start.cp.Size > 0 {
		return v.start.cp, nil
	}
	if len(v.segs) == 0 {
		return Checkpoint{Origin: r.info.Origin, Root: (&frontier{}).root()}, nil
	}
	i := len(v.segs) - 1
	c, err := v.cursorAt(i)
	if err != nil {
		return Checkpoint{}, err
	}
	head := c.last // the end of the segment before, or nothing
	p, err := r.pass(v, c, i, v.published.Size, nil)
	if err != nil {
		return Checkpoint{}, err
	}
	switch {
	case r.signer == nil && p.signed.Size > head.Size:
		head = p.signed
	case r.signer != nil && c.last.Size == v.published.Size && c.last.Root == v.published.Root:
		head = v.published
	case r.signer != nil && c.last.Size > head.Size:
		return signCheckpoint(r.info.Origin, c.last.Size, c.last.Root, r.signer)
	}
	if head.Size == 0 {
		head = Checkpoint{Origin: r.info.Origin, Root: (&frontier{}).root()}
	}
	return head, nil
}

// First returns the index of the first record that is left: 0 unless older ones
// were purged.
func (r *Reader) First() (uint64, error) {
	s, err := readStart(r.fs, r.dir, r.trust)
	return s.cp.Size, err
}

// Segment is one file of a ledger.
type Segment struct {
	Name       string    // a path below the ledger's directory
	Day        time.Time // the UTC day on which its records were written
	First, End uint64    // its records are those from First on and before End
	Bytes      int64     // its size, for the last one with the room that was made ahead
}

// Segments returns the files whose records are left, the oldest first.
func (r *Reader) Segments() ([]Segment, error) {
	v, err := look(r.fs, r.dir, r.trust)
	if err != nil {
		return nil, err
	}
	head, err := r.Head()
	if err != nil {
		return nil, err
	}
	var out []Segment
	for i, s := range v.segs {
		if s.first >= head.Size {
			break // empty, or written since
		}
		end := head.Size
		if i+1 < len(v.segs) {
			end = min(end, v.segs[i+1].first)
		}
		info, err := r.fs.Stat(s.path(r.dir))
		if errors.Is(err, fs.ErrNotExist) {
			err = v.purged(s)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Segment{s.name(), s.date(), s.first, end, info.Size})
	}
	return out, nil
}

// Records yields the records from index from on, or, newest first, from the
// last one down to from. Each was checked against the log's signed tree before
// it is yielded. It begins at [Reader.First] if that is behind from. A problem is
// yielded as an error and ends the iteration; the records before it stand.
//
// Records that were written and are not signed yet are waited for while a writer
// lives, see [Enter], because it is about to sign them; but not for long. Then they
// are left out.
func (r *Reader) Records(ctx context.Context, from uint64, newestFirst bool) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		v, err := look(r.fs, r.dir, r.trust)
		if err != nil {
			yield(Record{}, err)
			return
		}
		order := make([]int, 0, len(v.segs))
		for i := range v.segs {
			if i+1 == len(v.segs) || v.segs[i+1].first > from {
				order = append(order, i)
			}
		}
		if newestFirst {
			slices.Reverse(order)
		}
		for _, i := range order {
			if err := context.Cause(ctx); err != nil {
				yield(Record{}, err)
				return
			}
			recs, err := r.load(ctx, v, i, from)
			if newestFirst {
				if err != nil {
					yield(Record{}, err)
					return
				}
				slices.Reverse(recs)
			}
			for _, rec := range recs {
				if rec.Index >= from && !yield(rec, nil) {
					return
				}
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
		}
	}
}

// Record returns the record with that index.
func (r *Reader) Record(ctx context.Context, index uint64) (Record, error) {
	for rec, err := range r.Records(ctx, index, false) {
		if err == nil && rec.Index > index {
			return Record{}, &PurgedError{rec.Index}
		}
		return rec, err
	}
	return Record{}, fmt.Errorf("ledger: there is no record %d in %s", index, r.dir)
}

// load reads segment i of v and returns its records, checked, from a commit on
// that is not behind the record from. With an error it returns those that stand
// before the damage and that a signature vouches for.
func (r *Reader) load(ctx context.Context, v *view, i int, from uint64) ([]Record, error) {
	recs, unsigned, err := r.loadSigned(v, i, from)
	if err != nil || unsigned <= v.published.Size || !r.awaitSignature(ctx, unsigned) {
		return recs, err
	}
	if v, err = look(r.fs, r.dir, r.trust); err != nil {
		return nil, err
	}
	recs, _, err = r.loadSigned(v, i, from)
	return recs, err
}

// awaitSignature waits until the checkpoint file is of size records. It reports false
// if that does not happen soon, or no writer lives.
func (r *Reader) awaitSignature(ctx context.Context, size uint64) bool {
	const tries, pause = 1000, time.Millisecond
	if live, _, err := Writers(r.fs, r.dir, false); err != nil || len(live) == 0 {
		return false
	}
	for range tries {
		data, err := durable.ReadFile(r.fs, filepath.Join(r.dir, checkpointName), maxNote)
		if err == nil && statedSize(data) >= size {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
	return false
}

// loadSigned is load as far as the log is signed. It also returns how many records
// there are with those in whole commits that are not, or 0 if all are.
func (r *Reader) loadSigned(v *view, i int, from uint64) (_ []Record, unsigned uint64, err error) {
	c, err := v.cursorAt(i)
	if err != nil {
		return nil, 0, err
	}
	s := v.segs[i]
	var recs []Record
	var passed []commit
	p, err := r.pass(v, c, i, from, func(data []byte, at commit) {
		recs = append(recs, at.list(s, data)...)
		at.records, at.signed = nil, Checkpoint{}
		passed = append(passed, at)
	})
	if err == nil && p.unsigned > 0 {
		unsigned = c.front.size + p.unsigned
	}
	if err == nil {
		return recs, unsigned, nil
	}
	if v.trust.key != nil && c.authenticate() == nil || v.precedes(c.last, p.signed) {
		return recs, 0, err
	}
	signed := v.trust.newest(p.data[:p.end], Checkpoint{})
	for _, at := range passed {
		if at.size == signed.Size && at.root == signed.Root {
			return recs[:signed.Size-passed[0].first], 0, err
		}
	}
	return nil, 0, err
}

// pass is [view.pass] for somebody who shows what he passes: what a writer has
// signed, but is not known to have synced, is synced, so that what is shown stays.
func (r *Reader) pass(v *view, c *cursor, i int, from uint64, visit func(data []byte, at commit)) (passage, error) {
	p, err := v.pass(c, i, from, visit)
	if err == nil && i == len(v.segs)-1 && c.front.size > v.published.Size {
		err = r.settle(v.segs[i])
	}
	return p, err
}

// list returns the records of a commit that stands in data, the bytes of
// segment s.
func (c *commit) list(s segment, data []byte) []Record {
	out := make([]Record, len(c.records))
	name := s.name()
	for i, sp := range c.records {
		out[i] = Record{c.first + uint64(i), data[sp.start:sp.end:sp.end], name, int64(sp.start)}
	}
	return out
}

// settle syncs a segment that this reader did not write. Where that is not
// allowed, and the file system is not a read-only one, what is shown may be ahead
// of the disk for as long as its writer takes to sync it.
func (r *Reader) settle(s segment) error {
	f, err := r.fs.OpenFile(s.path(r.dir), os.O_RDWR, 0) // Windows syncs no other
	if err != nil {
		if f, err = r.fs.OpenFile(s.path(r.dir), os.O_RDONLY, 0); err != nil {
			return err
		}
	}
	err = f.Sync()
	_ = f.Close() // nothing was written
	for _, harmless := range []error{fs.ErrPermission, syscall.EROFS, syscall.EINVAL, syscall.EBADF} {
		if errors.Is(err, harmless) {
			return nil
		}
	}
	return err
}
