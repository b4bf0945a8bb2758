package ledger

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrProof is wrapped by the errors for receipts that do not prove what they
// are held against.
var ErrProof = errors.New("ledger: proof does not hold")

// proofHeader is the first line of a C2SP tlog-proof.
const proofHeader = "c2sp.org/tlog-proof@v1"

// Receipt proves that one record stands in a log: the checkpoint of a log that
// holds it, its index, and the RFC 6962 inclusion proof. Its text form is that of
// C2SP tlog-proof@v1 and can be checked offline with nothing but the log's
// public key and the record's line.
type Receipt struct {
	Index      uint64
	Proof      tlog.RecordProof
	Checkpoint Checkpoint
}

// Receipt returns the proof that the record with that index stands in the log
// as of cp, which must be of this log and on disk.
func (r *Reader) Receipt(index uint64, cp Checkpoint) (Receipt, error) {
	if index >= cp.Size {
		return Receipt{}, fmt.Errorf("ledger: record %d is not among the %d of the checkpoint", index, cp.Size)
	}
	proof, err := r.prove(func(h tlog.HashReader) (tlog.RecordProof, error) {
		p, err := tlog.ProveRecord(int64(cp.Size), int64(index), h)
		if err != nil {
			return nil, err
		}
		leaf, err := h.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		if err != nil {
			return nil, err
		}
		return p, tlog.CheckRecord(p, int64(cp.Size), cp.Root, int64(index), leaf[0])
	})
	return Receipt{index, proof, cp}, err
}

// Consistency returns the RFC 6962 proof that the log of newer begins with all
// records of older, in order.
func (r *Reader) Consistency(older, newer Checkpoint) (tlog.TreeProof, error) {
	if older.Size == 0 || older.Size > newer.Size {
		return nil, fmt.Errorf("ledger: no consistency proof leads from %d to %d records", older.Size, newer.Size)
	}
	p, err := r.prove(func(h tlog.HashReader) (tlog.RecordProof, error) {
		p, err := tlog.ProveTree(int64(newer.Size), int64(older.Size), h)
		if err != nil {
			return nil, err
		}
		return tlog.RecordProof(p), tlog.CheckTree(p, int64(newer.Size), newer.Root, int64(older.Size), older.Root)
	})
	return tlog.TreeProof(p), err
}

// prove calls make with the tree file, and again with hashes derived from the
// segments when that fails: the tree file may be stale, damaged or gone.
func (r *Reader) prove(make func(tlog.HashReader) (tlog.RecordProof, error)) (tlog.RecordProof, error) {
	tree, done := openTree(r.fs, r.dir)
	p, err := make(tree)
	done()
	if err == nil {
		return p, nil
	}
	v, err := look(r.fs, r.dir, r.trust)
	if err != nil {
		return nil, err
	}
	hashes, err := v.derive()
	if err != nil {
		return nil, err
	}
	return make(hashes)
}

// Text returns the receipt as a C2SP tlog-proof.
func (r Receipt) Text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nindex %d\n", proofHeader, r.Index)
	for _, h := range r.Proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.Write(r.Checkpoint.Note)
	return b.Bytes()
}

// ParseReceipt reads a C2SP tlog-proof. Nothing of it is to be believed before
// [Receipt.Check].
func ParseReceipt(text []byte) (Receipt, error) {
	head, signed, ok := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || lines[0] != proofHeader {
		return Receipt{}, fmt.Errorf("%w: not a %s", ErrProof, proofHeader)
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:] // opaque, not authenticated
	}
	if len(lines) == 0 {
		return Receipt{}, fmt.Errorf("%w: no index", ErrProof)
	}
	digits, ok := strings.CutPrefix(lines[0], "index ")
	index, err := strconv.ParseUint(digits, 10, 63)
	if !ok || err != nil || strconv.FormatUint(index, 10) != digits {
		return Receipt{}, fmt.Errorf("%w: the line %q states no index", ErrProof, lines[0])
	}
	r := Receipt{Index: index, Checkpoint: Checkpoint{Note: bytes.Clone(signed)}}
	for _, l := range lines[1:] {
		h, err := tlog.ParseHash(l)
		if err != nil {
			return Receipt{}, fmt.Errorf("%w: %q is no hash", ErrProof, l)
		}
		r.Proof = append(r.Proof, h)
	}
	return r, nil
}

// Check reports whether the receipt proves that line, a record without its
// newline, stands in the log whose public key v holds.
func (r Receipt) Check(v note.Verifier, line []byte) error {
	cp, err := ParseCheckpoint(r.Checkpoint.Note, v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	if err := tlog.CheckRecord(r.Proof, int64(cp.Size), cp.Root, int64(r.Index), newLeafHasher().sum(line)); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}
