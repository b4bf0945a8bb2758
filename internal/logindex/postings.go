package logindex

import (
	"fmt"
	"math"
)

// Postings are accesses that have to do with a record, in the order of the log.
type Postings struct {
	p       *Part
	at, end uint64
	to      uint32
}

// Postings returns the accesses from row from on, and before row to, that have to do so
// with a record.
func (p *Part) Postings(record uint32, c Class, from, to uint32) Postings {
	begin, end := p.posted(record, c)
	return Postings{p, p.search(begin, end, uint32(c)<<rowBits|min(from, maxRows-1)), end, to}
}

// Next returns the next of them.
func (l *Postings) Next() (row uint32, ok bool) {
	if l.at >= l.end {
		return 0, false
	}
	row = l.p.u32(secPostings, l.at) & (maxRows - 1)
	l.at++
	return row, row < l.to && row < l.p.h.rows
}

// Newest returns the last access before row to that has to do so with a record.
func (p *Part) Newest(record uint32, c Class, to uint32) (row uint32, ok bool) {
	begin, end := p.posted(record, c)
	if at := p.search(begin, end, uint32(c)<<rowBits|min(to, maxRows-1)); at > begin {
		row = p.u32(secPostings, at-1) & (maxRows - 1)
		return row, row < min(to, p.h.rows)
	}
	return 0, false
}

// posted returns where the postings of a record stand among which are those of a class,
// and no others of classes that are asked for often.
func (p *Part) posted(record uint32, c Class) (begin, end uint64) {
	if record >= p.h.records {
		return 0, 0
	}
	i := uint64(record)*recordSize/4 + min(uint64(c), recordSize/4-1)
	if i > 0 {
		begin = uint64(p.u32(secRecords, i-1))
	}
	end = uint64(p.u32(secRecords, i))
	if begin > end || end*4 > p.sizes[secPostings] {
		p.fail(fmt.Errorf("%w: record %d has no right place", errFormat, record))
		return 0, 0
	}
	if c >= recordSize/4-1 {
		begin, end = p.search(begin, end, uint32(c)<<rowBits), p.search(begin, end, uint32(c+1)<<rowBits)
	}
	return begin, end
}

// search returns the first posting from begin on, and before end, that is not below v.
func (p *Part) search(begin, end uint64, v uint32) uint64 {
	for begin < end {
		if m := (begin + end) / 2; p.u32(secPostings, m) < v {
			begin = m + 1
		} else {
			end = m
		}
	}
	return begin
}

// EndRow is behind every access of a part.
const EndRow = math.MaxUint32
