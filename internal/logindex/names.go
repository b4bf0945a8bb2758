package logindex

import (
	"sort"
	"strings"
)

// sortedNames are strings in blocks.
type sortedNames struct {
	p        *Part
	at_, txt section
	n        uint32
}

func (p *Part) names(at, text section, n uint32) sortedNames { return sortedNames{p, at, text, n} }

// block returns a block.
func (s sortedNames) block(i uint32) stream {
	begin := uint64(0)
	if i > 0 {
		begin = uint64(s.p.u32(s.at_, uint64(i)-1))
	}
	return s.p.stream(s.txt, begin, uint64(s.p.u32(s.at_, uint64(i))))
}

// next replaces the name before in buf by the next one of a block.
func (s *stream) next(buf []byte) []byte {
	shared := s.uvarint()
	rest := s.take(s.uvarint())
	return append(buf[:min(shared, uint64(len(buf)))], rest...)
}

// at returns a name.
func (s sortedNames) at(i uint32) string {
	if i >= s.n {
		return ""
	}
	var space [128]byte
	buf, b := space[:0], s.block(i/nameBlock)
	for range i%nameBlock + 1 {
		buf = b.next(buf)
	}
	return string(buf)
}

// is reports whether that is the name with that number.
func (s sortedNames) is(i uint32, name string) bool {
	if i >= s.n {
		return false
	}
	b := s.block(i / nameBlock)
	same := 0 // how many bytes the name before has in common with the wanted one
	for at := i % nameBlock; ; at-- {
		shared, n := b.uvarint(), b.uvarint()
		rest := b.take(n)
		if shared <= uint64(same) { // else it differs where the one before does
			same = int(shared)
			for same-int(shared) < len(rest) && same < len(name) && rest[same-int(shared)] == name[same] {
				same++
			}
		}
		if at == 0 {
			return same == len(name) && shared+n == uint64(same)
		}
	}
}

// search returns the number of the first name for which reached is true.
func (s sortedNames) search(reached func(string) bool) uint32 {
	blocks := (s.n + nameBlock - 1) / nameBlock
	block := sort.Search(int(blocks), func(i int) bool { return reached(s.at(uint32(i) * nameBlock)) })
	if block == 0 {
		return 0
	}
	i, buf, b := uint32(block-1)*nameBlock, []byte(nil), s.block(uint32(block-1))
	for end := min(i+nameBlock, s.n); i < end; i++ {
		if buf = b.next(buf); reached(string(buf)) {
			break
		}
	}
	return i
}

// Record returns the number of a record, by its URI and the hash of that.
func (p *Part) Record(uri string, h uint64) (uint32, bool) {
	if p.h.slots == 0 {
		return 0, false
	}
	names := p.names(secNameAt, secNames, p.h.records)
	for at, tries := uint32(h)&(p.h.slots-1), uint32(0); tries < p.h.slots; at, tries = (at+1)&(p.h.slots-1), tries+1 {
		id := p.u32(secHash, uint64(at)*2+1)
		if id == 0 {
			return 0, false
		}
		if p.u32(secHash, uint64(at)*2) == uint32(h>>32) && id <= p.h.records && names.is(id-1, uri) {
			return id - 1, true
		}
	}
	return 0, false
}

// Below returns the records whose URIs begin with prefix: those from number from on and
// before number to.
func (p *Part) Below(prefix string) (from, to uint32) {
	names := p.names(secNameAt, secNames, p.h.records)
	from = names.search(func(s string) bool { return s >= prefix })
	to = from + uint32(sort.Search(int(p.h.records-from), func(i int) bool { return !strings.HasPrefix(names.at(from+uint32(i)), prefix) }))
	return from, to
}

// Name returns the URI of a record.
func (p *Part) Name(record uint32) string {
	return p.names(secNameAt, secNames, p.h.records).at(record)
}

// RunID returns the id of a run.
func (p *Part) RunID(run uint32) string { return p.names(secRunNameAt, secRunNames, p.h.runs).at(run) }

// FindRun returns the number of the run with that id.
func (p *Part) FindRun(id string) (uint32, bool) {
	names := p.names(secRunNameAt, secRunNames, p.h.runs)
	i := names.search(func(s string) bool { return s >= id })
	return i, i < p.h.runs && names.at(i) == id
}
