package logindex

import (
	"encoding/binary"
	"fmt"
)

// stream reads what has no fixed size.
type stream struct {
	p    *Part
	rest []byte
}

func (s *stream) uvarint() uint64 {
	v, n := binary.Uvarint(s.rest)
	if n <= 0 {
		s.end()
		return 0
	}
	s.rest = s.rest[n:]
	return v
}

func (s *stream) take(n uint64) []byte {
	if n > uint64(len(s.rest)) {
		s.end()
		return nil
	}
	b := s.rest[:n]
	s.rest = s.rest[n:]
	return b
}

// end notes that more was to come.
func (s *stream) end() {
	if s.p != nil {
		s.p.fail(fmt.Errorf("%w: it ends in the middle", errFormat))
	}
	s.rest = nil
}
