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
	if run >= p.h.runs {
		p.below(run, p.h.runs, "run")
		return RunInfo{}
	}
	at := uint64(run) * runSize / 4
	if run > 0 {
		r.begin = uint64(p.u32(secRuns, at-runSize/4))
	}
	r.end = uint64(p.u32(secRuns, at))
	words := p.words()
	word := func(i uint32) string {
		if uint64(i) < uint64(len(words)) {
			return words[i]
		}
		return ""
	}
	r.Agent, r.Version, r.Status = word(p.u32(secRuns, at+1)), word(p.u32(secRuns, at+2)), audit.Status(word(p.u32(secRuns, at+3)))
	flags := p.u32(secRuns, at+4)
	r.Started, r.Interrupted, r.LooksBack = flags&runStarted != 0, flags&runDead != 0, flags&runLooksBack != 0
	r.End = p.h.first + uint64(p.u32(secRuns, at+5))
	r.EndedAt = int64(uint64(p.u32(secRuns, at+6)) | uint64(p.u32(secRuns, at+7))<<32)
	return r
}

// MostRows returns a number that is not below that of the accesses of a run.
func (r RunInfo) MostRows() int { return int(max(r.end, r.begin) - r.begin) }

// KindBits is how many of the lowest bits of what [Part.RunRows] appends are the [Kind].
const KindBits = 2

// RunRows appends the accesses of a run, in the order of the log: each its number, shifted,
// and its kind.
func (p *Part) RunRows(rows []uint32, r RunInfo) []uint32 {
	s := p.stream(secRunRows, r.begin, r.end)
	for row := uint64(0); len(s.rest) > 0; {
		step := s.uvarint()
		if row += step >> KindBits; row >= uint64(p.h.rows) {
			p.fail(fmt.Errorf("%w: there is no access %d", errFormat, row))
			break
		}
		rows = append(rows, uint32(row<<KindBits|step&(uint64(kinds)-1)))
	}
	return rows
}

// firstRow returns the first access of a run; it must have one.
func (p *Part) firstRow(r RunInfo) uint32 {
	b := p.bytes(secRunRows, r.begin, int(min(5, p.h.size(secRunRows)-min(r.begin, p.h.size(secRunRows)))))
	step, _ := binary.Uvarint(b)
	return uint32(step >> KindBits)
}
