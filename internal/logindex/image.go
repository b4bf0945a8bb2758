package logindex

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/internal/recorduri"
)

// image is an index while it is written.
type image struct {
	header header
	data   []byte
}

func (m *image) u32(v uint32) { m.data = binary.LittleEndian.AppendUint32(m.data, v) }
func (m *image) u64(v uint64) { m.data = binary.LittleEndian.AppendUint64(m.data, v) }
func (m *image) uvarint(v uint64) {
	m.data = binary.AppendUvarint(m.data, v)
}
func (m *image) text(s string) {
	m.uvarint(uint64(len(s)))
	m.data = append(m.data, s...)
}

// put writes a whole section, putAll one of integers.
func (m *image) put(s section, data []byte) {
	m.data = append(m.data, data...)
	m.close(s)
}

func (m *image) putAll(s section, list []uint32) {
	for _, v := range list {
		m.u32(v)
	}
	m.close(s)
}

// close ends a section.
func (m *image) close(s section) { m.header.ends[s] = uint64(len(m.data)) }

// Image returns the index of what was added so far; root is that of the log's tree with
// so many records.
func (b *Builder) Image(root [32]byte) ([]byte, error) {
	m := &image{header: header{
		first: b.first, end: b.end, root: root, rows: uint32(len(b.rows)), records: uint32(len(b.records.list)), runs: uint32(len(b.runs.list)),
		stating: b.stating, loose: b.loose + uint32(len(b.mentions)),
	}}
	m.data = make([]byte, 0, len(b.rows)*40+len(b.records.list)*48+len(b.runs.list)*64+1024)
	m.header.base = math.MaxInt64
	for i := range b.rows {
		m.header.base = min(m.header.base, b.rows[i].at)
	}
	records, runs := b.records.sorted(), b.runs.sorted()
	recordNames, runNames := records.blocks(), runs.blocks()
	for _, name := range records.names {
		if recorduri.Collection(name) {
			m.header.within++
		}
	}
	extras := b.putRows(m, records.rank, runs.rank)
	b.putPostings(m, records.rank)
	m.putHash(records.names)
	m.putAll(secNameAt, recordNames.ends)
	m.putAll(secRunNameAt, runNames.ends)
	runRows := b.putRuns(m, runs)
	extra := b.putExtras(m, extras, records.rank)
	m.put(secNames, recordNames.data)
	m.put(secRunRows, runRows)
	m.put(secRunNames, runNames.data)
	for _, w := range b.words.list {
		m.text(w)
	}
	m.close(secWords)
	m.put(secExtra, extra)
	for _, n := range b.notes {
		m.uvarint(uint64(n.kind))
		m.uvarint(uint64(runs.rank[n.run]))
		m.uvarint(uint64(n.pos))
		m.u64(uint64(n.at))
		m.uvarint(n.n)
	}
	m.close(secNotes)
	for rank, id := range runs.order {
		if r := &b.runInfo[id]; !r.started {
			m.uvarint(uint64(rank))
		}
	}
	m.close(secStrays)
	for rank, id := range runs.order {
		if r := &b.runInfo[id]; (r.rows > 0 || !r.started) && (r.status == 0 || r.dead) {
			m.uvarint(uint64(rank))
		}
	}
	m.close(secUnsettled)
	if uint64(len(m.data)) > maxImageSize {
		return nil, fmt.Errorf("logindex: the accesses before record %d do not fit into one index", b.end)
	}
	return m.seal(), nil
}

// seal returns the whole file.
func (m *image) seal() []byte {
	out := make([]byte, 0, headerSize+4*m.header.pages()+len(m.data))
	out = append(out, m.header.encode()...)
	for page := range slices.Chunk(m.data, pageSize) {
		out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(page, castagnoli))
	}
	return append(out, m.data...)
}

// sortedList are names in their order.
type sortedList struct {
	names []string
	order []uint32 // their numbers
	rank  []uint32 // for each number, its place in the order
}

func (n *names) sorted() sortedList {
	s := sortedList{make([]string, len(n.list)), make([]uint32, len(n.list)), make([]uint32, len(n.list))}
	for i := range s.order {
		s.order[i] = uint32(i)
	}
	slices.SortFunc(s.order, func(a, b uint32) int { return strings.Compare(n.list[a], n.list[b]) })
	for rank, id := range s.order {
		s.names[rank], s.rank[id] = n.list[id], uint32(rank)
	}
	return s
}

// nameBlocks are names as an index holds them.
type nameBlocks struct {
	ends []uint32
	data []byte
}

func (s *sortedList) blocks() (b nameBlocks) {
	for i, name := range s.names {
		shared := 0
		if i%nameBlock > 0 {
			before := s.names[i-1]
			for shared < min(len(name), len(before)) && name[shared] == before[shared] {
				shared++
			}
		}
		b.data = binary.AppendUvarint(b.data, uint64(shared))
		b.data = binary.AppendUvarint(b.data, uint64(len(name)-shared))
		b.data = append(b.data, name[shared:]...)
		if i%nameBlock == nameBlock-1 || i == len(s.names)-1 {
			b.ends = append(b.ends, uint32(len(b.data)))
		}
	}
	return b
}

// fits reports whether a row has room for its words, task and time.
func (r *builtRow) fits(base int64) bool {
	d := uint64(r.at) - uint64(base)
	return r.source < inExtra16 && r.skill < inExtra16 && r.task >= 0 && r.task < inExtra8 && d < 1<<timeBits
}

// putRows writes the rows, and returns which of them have more than fits.
func (b *Builder) putRows(m *image, recordRank, runRank []uint32) (extras []uint32) {
	base := m.header.base
	for i := range b.rows {
		r := &b.rows[i]
		flags := r.op
		fits := r.fits(base)
		if r.extra > 0 || !fits {
			flags |= hasExtra
			extras = append(extras, uint32(i))
		}
		if r.irregular {
			flags |= isIrregular
		}
		if b.stated(r) {
			flags |= isStated
		}
		d, task, source, skill := uint64(0), uint8(inExtra8), uint16(inExtra16), uint16(inExtra16)
		if fits {
			d, task, source, skill = uint64(r.at)-uint64(base), uint8(r.task), uint16(r.source), uint16(r.skill)
		}
		m.u32(recordRank[r.record])
		m.u32(runRank[r.run])
		m.u32(r.pos)
		m.u32(uint32(d))
		m.u32(uint32(d>>32) | uint32(flags)<<16 | uint32(task)<<24)
		m.u32(uint32(source) | uint32(skill)<<16)
	}
	m.close(secRows)
	return extras
}

// stated reports whether an access states what it was made from.
func (b *Builder) stated(r *builtRow) bool { return r.extra > 0 && b.extras[r.extra-1].hasFrom }

// class returns the class of an access to its record.
func (r *builtRow) class() Class {
	switch {
	case r.irregular:
		return Irregular
	case Op(r.op) == Read:
		return Reads
	case Op(r.op) == Append:
		return Appends
	}
	return Writes
}

// putPostings writes the uses of each record.
func (b *Builder) putPostings(m *image, rank []uint32) {
	// What is put class by class, and in each in the order of the log, needs no sorting.
	starts := make([]uint32, len(rank)*recordSize/4+1)
	group := func(record uint32, c Class) *uint32 {
		return &starts[rank[record]*recordSize/4+min(uint32(c), recordSize/4-1)+1]
	}
	for i := range b.rows {
		*group(b.rows[i].record, b.rows[i].class())++
	}
	for _, x := range b.mentions {
		*group(x.record, Mentions)++
	}
	for i := range starts[1:] {
		starts[i+1] += starts[i]
	}
	ends := starts[1:]
	list := make([]uint32, starts[len(starts)-1])
	next := slices.Clone(starts[:len(ends)])
	put := func(record uint32, c Class, row uint32) {
		at := &next[rank[record]*recordSize/4+min(uint32(c), recordSize/4-1)]
		list[*at] = uint32(c)<<rowBits | row
		*at++
	}
	for i := range b.rows {
		if c := b.rows[i].class(); c != Irregular {
			put(b.rows[i].record, c, uint32(i))
		}
	}
	if b.loose > 0 {
		for i := range b.rows {
			if b.rows[i].irregular {
				put(b.rows[i].record, Irregular, uint32(i))
			}
		}
	}
	for _, x := range b.mentions {
		put(x.record, Mentions, x.row)
	}
	m.putAll(secPostings, list)
	m.putAll(secRecords, ends)
}

// putHash writes the table that finds a record by its URI.
func (m *image) putHash(order []string) {
	slots := 1
	for slots*3 < len(order)*4 {
		slots *= 2
	}
	table := make([]uint64, slots)
	for i, s := range order {
		h := Hash(s)
		at := int(h) & (slots - 1)
		for table[at] != 0 {
			at = (at + 1) & (slots - 1)
		}
		table[at] = h>>32 | uint64(i+1)<<32
	}
	for _, v := range table {
		m.u64(v)
	}
	m.header.slots = uint32(slots)
	m.close(secHash)
}

// putRuns writes the runs, and returns the rows of each.
func (b *Builder) putRuns(m *image, runs sortedList) (lists []byte) {
	starts := make([]uint32, len(runs.rank)+1)
	for i := range b.rows {
		starts[b.rows[i].run+1]++
	}
	for i := range runs.rank {
		starts[i+1] += starts[i]
	}
	next := slices.Clone(starts)
	rows := make([]uint32, len(b.rows))
	for i := range b.rows {
		at := &next[b.rows[i].run]
		rows[*at] = uint32(i)
		*at++
	}
	for _, id := range runs.order {
		before := uint32(0)
		for _, row := range rows[starts[id]:starts[id+1]] {
			r := &b.rows[row]
			lists = binary.AppendUvarint(lists, uint64(row-before)<<KindBits|uint64(kindOf(Op(r.op), b.stated(r))))
			before = row
		}
		r := &b.runInfo[id]
		flags := uint32(0)
		if r.started {
			flags |= runStarted
		}
		if r.dead {
			flags |= runDead
		}
		if r.looksBack {
			flags |= runLooksBack
		}
		m.u32(uint32(len(lists)))
		m.u32(r.agent)
		m.u32(r.version)
		m.u32(r.status)
		m.u32(flags)
		m.u32(r.end)
		m.u64(uint64(r.endedAt))
	}
	m.close(secRuns)
	return lists
}

// What an extra has, in this order.
const (
	extraRepeats = 1 << iota
	extraRows
	extraVersion
	extraDigest
	extraFrom
	extraTime
	extraWords
)

// putExtras writes where what does not fit into rows begins, and returns that.
func (b *Builder) putExtras(m *image, rows []uint32, recordRank []uint32) []byte {
	var body image
	base := m.header.base
	for _, i := range rows {
		r := &b.rows[i]
		e := builtExtra{at: time.Unix(0, r.at)}
		if r.extra > 0 {
			e = b.extras[r.extra-1]
		}
		m.u32(i)
		m.u32(uint32(len(body.data)))
		has := uint64(0)
		for bit, there := range map[uint64]bool{
			extraRepeats: e.repeats != 0, extraRows: e.rows != 0, extraVersion: e.version != "", extraDigest: e.digest != "",
			extraFrom: e.hasFrom, extraTime: e.odd || !r.fits(base), extraWords: !r.fits(base),
		} {
			if there {
				has |= bit
			}
		}
		body.uvarint(has)
		if has&extraRepeats != 0 {
			body.uvarint(uint64(e.repeats))
		}
		if has&extraRows != 0 {
			body.uvarint(uint64(e.rows))
		}
		if has&extraVersion != 0 {
			body.text(e.version)
		}
		if has&extraDigest != 0 {
			body.text(e.digest)
		}
		if has&extraFrom != 0 {
			body.uvarint(uint64(len(e.from)))
			for _, f := range e.from {
				body.uvarint(uint64(recordRank[f]))
			}
		}
		if has&extraTime != 0 {
			body.uvarint(uint64(e.at.Unix()))
			body.uvarint(uint64(e.at.Nanosecond()))
		}
		if has&extraWords != 0 {
			body.uvarint(uint64(r.source))
			body.uvarint(uint64(r.skill))
			body.uvarint(uint64(r.task))
		}
	}
	m.close(secExtraAt)
	return body.data
}
