package lineage

import "github.com/flexorhq/flexor-go/audit"

// Recorder records accesses: an [audit.Run], or an [audit.Task], of which the log
// then knows the skill. Nil ones record nothing.
type Recorder interface{ Access(a audit.Access) }

// Read records that a record was read, or a collection if uri ends in "/": that
// is a read of all that is in it. source names where it was read from, such as
// a database or a catalogue, and may be empty. The record is in the log when Read
// returns, so that it survives the process.
//
// A read that the run has made before is counted, and recorded with its count before
// the run writes the next time, and at its end.
func Read(r Recorder, source, uri string, options ...Option) {
	a := audit.Access{Op: audit.OpRead, Source: source, Record: uri}
	for _, o := range options {
		o.apply(&a)
	}
	r.Access(a)
}

// Write records that a record was made or replaced. What it was made from is what
// [From] says, else everything that the run has read before.
func Write(r Recorder, source, uri string, options ...WriteOption) {
	write(r, audit.OpWrite, source, uri, options)
}

// Append records that something was added to a record; see [Write].
func Append(r Recorder, source, uri string, options ...WriteOption) {
	write(r, audit.OpAppend, source, uri, options)
}

// Delete records that a record was deleted. What is read of it afterwards does not
// come from what it held before.
func Delete(r Recorder, source, uri string, options ...Option) {
	a := audit.Access{Op: audit.OpDelete, Source: source, Record: uri}
	for _, o := range options {
		o.apply(&a)
	}
	r.Access(a)
}

// write records a write or an append.
func write(r Recorder, op audit.Op, source, uri string, options []WriteOption) {
	a := audit.Access{Op: op, Source: source, Record: uri}
	for _, o := range options {
		o.applyWrite(&a)
	}
	r.Access(a)
}

// WriteOption says more about a [Write] or an [Append].
type WriteOption interface{ applyWrite(a *audit.Access) }

// Option says more about any access.
type Option interface {
	WriteOption
	apply(a *audit.Access)
}

// option is an [Option].
type option func(a *audit.Access)

func (o option) apply(a *audit.Access)      { o(a) }
func (o option) applyWrite(a *audit.Access) { o(a) }

// Version says which version of the record it was, as its source names it: a
// number, an ETag, a snapshot.
func Version(v string) Option { return option(func(a *audit.Access) { a.Version = v }) }

// Digest says what the record held, by a hash such as sha256:….
func Digest(d string) Option { return option(func(a *audit.Access) { a.Digest = d }) }

// Rows says how many rows were read or written.
func Rows(n int64) Option { return option(func(a *audit.Access) { a.Rows = n }) }

// from is the option of [From].
type from []string

func (f from) applyWrite(a *audit.Access) {
	a.From = append(append(make([]string, 0, len(a.From)+len(f)), a.From...), f...)
}

// From says which records a write was made from, and that it was made from no
// others: not from all that the run has read. From() says that it was made from none.
func From(uris ...string) WriteOption { return from(uris) }
