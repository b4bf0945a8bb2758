package logindex

import (
	"fmt"
	"time"

	"github.com/flexorhq/flexor-go/audit"
)

// Op is the operation of an access. The zero value is a read.
type Op uint8

// The operations.
const (
	Read Op = iota
	Write
	Append
	Delete
)

// Op returns it as package audit calls it.
func (o Op) Op() audit.Op { return ops[o&opMask] }

// Kind says what an access of a run is to the versions that it makes.
type Kind uint8

// The kinds.
const (
	Look   Kind = iota // a read
	Make               // a write or append, made from all that was read before
	State              // a write, append or delete that states what it was made from
	Remove             // a delete
	kinds
)

// kindOf returns the kind of an access.
func kindOf(op Op, stated bool) Kind {
	switch {
	case op == Read:
		return Look
	case stated:
		return State
	case op == Delete:
		return Remove
	}
	return Make
}

// Row is an access.
type Row struct {
	Record, Run uint32
	Position    uint64 // in the log
	Op          Op
	Number      uint32
	Irregular   bool // see [Class]
	Stated      bool // a write that states what it was made from
	Extra       bool // there is more of it than source, skill and task

	at            int64
	source, skill uint16
	task          uint8
}

// Row returns an access. Who needs little of it asks for that.
func (p *Part) Row(i uint32) (r Row) {
	r.Record, r.Run, r.Position = p.RecordOf(i), p.RunOf(i), p.Position(i)
	low, middle, high := p.field(i, 3), p.field(i, 4), p.field(i, 5)
	r.at = p.h.base + int64(low) + int64(middle&0xffff)<<32
	r.setFlags(middle)
	r.task, r.source, r.skill, r.Number = uint8(middle>>24), uint16(high), uint16(high>>16), i
	return r
}

// field returns 4 bytes of a row.
func (p *Part) field(row uint32, n uint64) uint32 { return p.u32(secRows, uint64(row)*(rowSize/4)+n) }

// setFlags sets what the fifth field of a row says besides time and task.
func (r *Row) setFlags(middle uint32) {
	flags := uint8(middle >> 16)
	r.Op, r.Extra, r.Irregular, r.Stated = Op(flags&opMask), flags&hasExtra != 0, flags&isIrregular != 0, flags&isStated != 0
}

// Flags returns of an access Op, Irregular, Stated and Extra, and no more.
func (p *Part) Flags(row uint32) (r Row) {
	r.setFlags(p.field(row, 4))
	return r
}

// RecordOf returns the record of an access.
func (p *Part) RecordOf(row uint32) uint32 {
	return p.below(p.field(row, 0), p.h.records, "record")
}

// RunOf returns the run of an access.
func (p *Part) RunOf(row uint32) uint32 {
	return p.below(p.field(row, 1), p.h.runs, "run")
}

// Position returns the position of an access in the log.
func (p *Part) Position(row uint32) uint64 {
	if pos := p.h.first + uint64(p.field(row, 2)); pos < p.h.end {
		return pos
	}
	p.fail(fmt.Errorf("%w: access %d has no right place", errFormat, row))
	return p.h.first
}

// below returns a number that was read, which must be below n.
func (p *Part) below(i, n uint32, what string) uint32 {
	if i < n {
		return i
	}
	p.fail(fmt.Errorf("%w: there is no %s %d", errFormat, what, i))
	return 0
}

// Nanos returns the time of an access in nanoseconds since 1970, as near as can be.
func (p *Part) Nanos(r Row) int64 {
	if r.task != inExtra8 {
		return r.at
	}
	return Nanos(p.Detail(r).At)
}

// Time returns the time of an access, in UTC.
func (p *Part) Time(r Row) time.Time {
	if r.task != inExtra8 && !r.Extra {
		return time.Unix(0, r.at).UTC()
	}
	return p.Detail(r).At
}
