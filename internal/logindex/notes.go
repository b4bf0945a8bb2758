package logindex

import "encoding/binary"

// Note is an access that is not in the log, or of an operation that is not known.
type Note struct {
	Run      uint32
	Position uint64 // in the log
	At       int64  // nanoseconds since 1970; of what an entry says, the end of its run
	Dropped  int    // of the run, so far; 0: one of an unknown operation
}

// Notes returns all of them.
func (p *Part) Notes() (notes []Note) {
	for s := p.stream(secNotes, 0, p.h.size(secNotes)); len(s.rest) > 0; {
		kind, run, pos := s.uvarint(), s.uvarint(), p.h.first+s.uvarint()
		at := s.take(8)
		n := s.uvarint()
		if at == nil || run >= uint64(p.h.runs) {
			return notes
		}
		note := Note{Run: uint32(run), Position: pos, At: int64(binary.LittleEndian.Uint64(at))}
		if kind != noteUnknown {
			note.Dropped = int(n)
		}
		notes = append(notes, note)
	}
	return notes
}

// Strays returns the runs that did not start in the part.
func (p *Part) Strays() []uint32 { return p.list(secStrays) }

// Unsettled returns the runs that did something in the part and did not end there by
// themselves.
func (p *Part) Unsettled() []uint32 { return p.list(secUnsettled) }

func (p *Part) list(s section) (runs []uint32) {
	for in := p.stream(s, 0, p.h.size(s)); len(in.rest) > 0; {
		if run := in.uvarint(); run < uint64(p.h.runs) {
			runs = append(runs, uint32(run))
		}
	}
	return runs
}
