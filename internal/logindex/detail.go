package logindex

import (
	"fmt"
	"math"
	"sort"
	"time"
)

// Detail is what is seldom needed of an access.
type Detail struct {
	At              time.Time // UTC
	Source, Skill   string
	Task            int
	Version, Digest string
	Rows            int64
	Repeats         int
	From            []uint32 // records; nil: not stated
}

// Detail returns what is seldom needed of an access.
func (p *Part) Detail(r Row) (d Detail) {
	d.At = time.Unix(0, r.at).UTC()
	d.Source, d.Skill, d.Task = p.word(uint64(r.source)), p.word(uint64(r.skill)), int(r.task)
	if r.Extra {
		p.more(r, &d)
	}
	return d
}

// more reads what does not fit into a row.
func (p *Part) more(r Row, d *Detail) {
	n := uint64(p.h.size(secExtraAt) / 8)
	i := uint64(sort.Search(int(n), func(i int) bool { return p.u32(secExtraAt, uint64(i)*2) >= r.Number }))
	if i == n || p.u32(secExtraAt, i*2) != r.Number {
		p.fail(fmt.Errorf("%w: access %d lacks a part", errFormat, r.Number))
		return
	}
	end := p.h.size(secExtra)
	if i+1 < n {
		end = uint64(p.u32(secExtraAt, i*2+3))
	}
	s := p.stream(secExtra, uint64(p.u32(secExtraAt, i*2+1)), end)
	has := s.uvarint()
	if has&extraRepeats != 0 {
		d.Repeats = int(s.uvarint())
	}
	if has&extraRows != 0 {
		d.Rows = int64(s.uvarint())
	}
	if has&extraVersion != 0 {
		d.Version = string(s.take(s.uvarint()))
	}
	if has&extraDigest != 0 {
		d.Digest = string(s.take(s.uvarint()))
	}
	if has&extraFrom != 0 {
		count := s.uvarint()
		d.From = make([]uint32, 0, min(count, uint64(len(s.rest))))
		for range min(count, uint64(len(s.rest))) {
			d.From = append(d.From, p.below(uint32(min(s.uvarint(), math.MaxUint32)), p.h.records, "record"))
		}
	}
	if has&extraTime != 0 {
		sec := int64(s.uvarint())
		d.At = time.Unix(sec, int64(s.uvarint()%1e9)).UTC()
	}
	if has&extraWords != 0 {
		d.Source, d.Skill = p.word(s.uvarint()), p.word(s.uvarint())
		d.Task = int(s.uvarint())
	}
}
