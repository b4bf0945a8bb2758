package logindex

import (
	"encoding/binary"
	"fmt"

	"github.com/flexorhq/flexor-go/audit"
)

// RunInfo is what the records of a part say of a run.
type RunInfo struct {
	Agent, Version string // empty: not said here
	Status         audit.Status
	Started        bool   // it started here
	Interrupted    bool   // others wrote its entry
	LooksBack      bool   // a read of it may have seen what was there before its first access here
	End            uint64 // position of the entry, if there is a status
	EndedAt        int64  // nanoseconds since 1970; as near as can be

	begin, end uint64 // its rows
}

// Run returns what the part says of a run.
func (p *Part) Run(run uint32) (r RunInfo) {
	b := p.bytes(secRuns, uint64(run)*runSize, runSize)
	if b == nil || run >= p.h.runs {
		return RunInfo{}
	}
	next := func() uint32 {
		v := binary.LittleEndian.Uint32(b)
		b = b[4:]
		return v
	}
	r.end = uint64(next())
	if run > 0 {
		r.begin = uint64(p.u32(secRuns, (uint64(run)-1)*runSize/4))
	}
	r.Agent, r.Version, r.Status = p.word(uint64(next())), p.word(uint64(next())), audit.Status(p.word(uint64(next())))
	flags := next()
	r.Started, r.Interrupted, r.LooksBack = flags&runStarted != 0, flags&runDead != 0, flags&runLooksBack != 0
	r.End = p.h.first + uint64(next())
	r.EndedAt = int64(binary.LittleEndian.Uint64(b))
	return r
}

// MostRows returns a number that is not below that of the accesses of a run.
func (r RunInfo) MostRows() int { return int(max(r.end, r.begin) - r.begin) }

// RunRows calls yield with the accesses of a run, in the order of the log, and whether each
// is a read.
func (p *Part) RunRows(r RunInfo, yield func(row uint32, read bool)) {
	s := p.stream(secRunRows, r.begin, r.end)
	for row := uint64(0); len(s.rest) > 0; {
		step := s.uvarint()
		if row += step >> 1; row >= uint64(p.h.rows) {
			p.fail(fmt.Errorf("%w: there is no access %d", errFormat, row))
			return
		}
		yield(uint32(row), step&1 == 0)
	}
}

// FirstRow returns the first access of a run; it must have one.
func (p *Part) FirstRow(r RunInfo) uint32 {
	b := p.bytes(secRunRows, r.begin, int(min(5, p.h.size(secRunRows)-min(r.begin, p.h.size(secRunRows)))))
	step, _ := binary.Uvarint(b)
	return uint32(step >> 1)
}
