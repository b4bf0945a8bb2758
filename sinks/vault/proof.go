package vault

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/internal/ledger"
)

// Receipt proves that one record stands in a log: Index, Proof (RFC 6962
// inclusion proof) and Checkpoint. Its Text is a C2SP tlog-proof@v1; see
// [CheckReceipt].
type Receipt = ledger.Receipt

// ErrProof is wrapped by the errors for receipts that do not prove what they are
// held against.
var ErrProof = ledger.ErrProof

// Receipt returns the proof that the record with that index stands in the log as
// it is now.
func (r *Reader) Receipt(ctx context.Context, index uint64) (Receipt, error) {
	if err := context.Cause(ctx); err != nil {
		return Receipt{}, err
	}
	head, err := r.ledger.Head()
	if err != nil {
		return Receipt{}, err
	}
	return r.ledger.Receipt(index, head)
}

// ReceiptAt is Receipt for the log as of a checkpoint of it, which must be on disk.
func (r *Reader) ReceiptAt(ctx context.Context, index uint64, cp Checkpoint) (Receipt, error) {
	if err := context.Cause(ctx); err != nil {
		return Receipt{}, err
	}
	return r.ledger.Receipt(index, cp)
}

// CheckReceipt checks offline that line, a record of a log byte for byte without
// its newline, stands in the log that publicKey belongs to. receipt is what the
// Text of a [Receipt] returned; publicKey is what [Reader.PublicKey] returned, and must come
// from somewhere the log's keeper cannot change. The error wraps [ErrProof].
func CheckReceipt(publicKey string, receipt, line []byte) error {
	v, err := note.NewVerifier(publicKey)
	if err != nil {
		return fmt.Errorf("%w: public key: %w", ErrProof, err)
	}
	r, err := ledger.ParseReceipt(receipt)
	if err != nil {
		return err
	}
	return r.Check(v, line)
}
