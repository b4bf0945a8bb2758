package logindex

import (
	"sort"
)

// sortedNames are strings in blocks.
type sortedNames struct {
	p        *Part
	at_, txt section
	n        uint32
}

func (p *Part) names(at, text section, n uint32) sortedNames { return sortedNames{p, at, text, n} }

// block returns a block.
func (s sortedNames) block(i uint32) *stream {
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
