package archive

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Store keeps objects elsewhere, each written once and never changed: a
// bucket, a directory on another machine. It is what a secondary destination
// is opened as.
//
// A name is one or more parts joined by "/". A part holds letters, digits and
// the characters "-", "_", "=" and ".", and does not begin with a dot ([CheckName]). Names
// are relative to the store: a prefix of the bucket or a directory belongs to
// whoever opens it.
//
// The methods may be called from many goroutines at once and, through other
// values of the same place, by other processes. They give up when ctx ends.
// They never wait without end by themselves either: a store that depends on a
// network sets its own deadlines. An error that wraps none of the three below
// means that trying again later may help, and that what became of the call is
// unknown: a Put may have stored its object all the same.
type Store interface {
	// Put stores data under name, to be kept until retain (zero: no lock asked
	// for). It returns nil once the object is there with exactly these bytes
	// (and this lock, read back), also if it already was; an error that wraps
	// [ErrConflict] if other bytes are there; [ErrPermanent] if trying again
	// cannot help until somebody changes something (the message says what).
	// Nobody ever sees a part of an object. Put does not keep or change data.
	Put(ctx context.Context, name string, data []byte, retain time.Time) error
	// Get returns the bytes of an object, which then belong to the caller, or
	// an error that wraps [ErrNotExist].
	Get(ctx context.Context, name string) ([]byte, error)
	// List yields the objects whose name begins with prefix, in the byte order
	// of their names, those behind after only (empty: all). Objects that were
	// there before the call are all yielded. A prefix need not end with a whole
	// part; that there is nothing under it is no error. A problem is yielded
	// with a zero Object and ends the iteration: it is never a shorter answer.
	List(ctx context.Context, prefix, after string) iter.Seq2[Object, error]
	// Close releases what the store holds, and is idempotent. Objects that were
	// put stay.
	Close() error
}

// Object is what [Store.List] says about an object.
type Object struct {
	Name string
	Size int64 // bytes
}

// Errors that callers branch on.
var (
	// ErrNotExist is wrapped by what [Store.Get] returns for a name that has
	// no object.
	ErrNotExist = errors.New("archive: no such object")
	// ErrConflict is wrapped by what [Store.Put] returns when other bytes are
	// kept under the name already. They are left as they are.
	ErrConflict = errors.New("archive: other bytes are kept under this name")
	// ErrPermanent is wrapped by errors that last until a person changes
	// something, which the message names: a missing bucket, a refused key.
	ErrPermanent = errors.New("archive: needs to be put right first")
)
