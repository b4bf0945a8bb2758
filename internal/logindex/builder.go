package logindex

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/audit"
)

// ops are the operations in the order of their codes.
var ops = [...]audit.Op{audit.OpRead, audit.OpWrite, audit.OpAppend, audit.OpDelete}

// Builder makes an index of records that follow one another. The zero value is not
// ready: see [NewBuilder]. It is for one goroutine.
type Builder struct {
	first, end uint64
	line       line

	rows     []builtRow
	extras   []builtExtra
	mentions []mention
	records  names
	runs     names
	words    names
	source   recent
	skill    recent
	runInfo  []builtRun
	notes    []note
	stating  uint32 // runs that look far back
}

// builtRow is an access.
type builtRow struct {
	record, run, pos uint32
	source, skill    uint32 // words
	op               uint8
	irregular        bool
	extra            int32 // index of its extra and 1; 0: none
	task             int
	before           int32 // the access of the run before it and 1; 0: there is none here
	at               int64 // nanoseconds
}

// builtExtra is what few accesses have.
type builtExtra struct {
	row             uint32
	repeats, rows   int64
	version, digest string
	from            []uint32 // records
	hasFrom         bool
	odd             bool // at is not to be had in nanoseconds
	at              time.Time
}

type mention struct{ record, row uint32 }

// builtRun is what the records say of a run.
type builtRun struct {
	agent, version, status   uint32 // words
	started, dead, looksBack bool
	end                      uint32
	endedAt                  int64
	rows                     uint32 // how many accesses
	last                     int32  // the newest of them and 1
}

// note is an access that is not in the log, or not understood.
type note struct {
	kind int
	run  uint32
	pos  uint32
	at   int64
	n    uint64
}

// names are strings, each once, numbered as they came.
type names struct {
	list  []string
	index map[string]uint32
}

// recent is a string that comes again and again, with its number.
type recent struct {
	text string
	id   uint32
}

// in returns the number of a string among n.
func (r *recent) in(n *names, s []byte) uint32 {
	if r.text != string(s) {
		r.id = n.id(s)
		r.text = n.list[r.id]
	}
	return r.id
}

// id returns the number of a string.
func (n *names) id(s []byte) uint32 {
	id, ok := n.index[string(s)]
	if !ok {
		id = uint32(len(n.list))
		n.list = append(n.list, string(s))
		n.index[n.list[id]] = id
	}
	return id
}

// NewBuilder returns the builder of an index of the records from index first on.
func NewBuilder(first uint64) *Builder {
	b := &Builder{first: first, end: first}
	for _, n := range []*names{&b.records, &b.runs, &b.words} {
		n.index = map[string]uint32{}
	}
	b.words.id(nil) // the empty word is 0
	return b
}

// End returns the index behind the last record that was added.
func (b *Builder) End() uint64 { return b.end }

// Add adds the record with that index, which is not below [Builder.End]. An error says
// that the line is no record of a run.
func (b *Builder) Add(index uint64, data []byte) error {
	l := &b.line
	if err := l.parse(data); err != nil {
		return err
	}
	rel := index - b.first
	if index < b.end || rel >= math.MaxUint32 || len(b.rows) >= maxRows-1 {
		return fmt.Errorf("logindex: record %d does not fit into an index that begins at %d and has %d accesses", index, b.first, len(b.rows))
	}
	b.end = index + 1
	switch audit.Kind(l.kind) {
	case audit.KindStart:
		r := b.run(l.runID)
		r.agent, r.version, r.started = b.words.id(l.agent), b.words.id(l.version), true
	case audit.KindRun:
		id := b.runID(l.runID)
		r := &b.runInfo[id]
		r.agent, r.version, r.status = b.words.id(l.agent), b.words.id(l.version), b.words.id(l.status)
		r.dead, r.end, r.endedAt = string(l.by) == string(audit.ByInterrupted), uint32(rel), Nanos(l.at)
		if l.dropped > 0 {
			b.notes = append(b.notes, note{noteAll, id, uint32(rel), r.endedAt, uint64(l.dropped)})
		}
	case audit.KindAccess:
		b.access(l, uint32(rel))
	}
	return nil
}

// access adds an access.
func (b *Builder) access(l *line, rel uint32) {
	op := slices.Index(ops[:], audit.Op(l.op))
	run := b.runID(l.runID)
	if l.dropped > 0 || op < 0 {
		n := note{noteUnknown, run, rel, Nanos(l.at), 1}
		if l.dropped > 0 {
			n.kind, n.n = noteDropped, uint64(l.dropped)
		}
		b.notes = append(b.notes, n)
		return
	}
	row := builtRow{
		record: b.records.id(l.record), run: run, pos: rel, source: b.source.in(&b.words, l.source), skill: b.skill.in(&b.words, l.skill),
		op: uint8(op), task: l.task, at: Nanos(l.at),
	}
	info := &b.runInfo[run]
	info.rows++
	row.before, info.last = info.last, int32(len(b.rows)+1)
	row.irregular = op == 0 && (l.repeats > 0 || len(l.version)+len(l.digest) > 0)
	odd := !time.Unix(0, row.at).Equal(l.at)
	if row.irregular && !info.looksBack && (len(l.version)+len(l.digest) > 0 || !b.hasRead(l, &row)) {
		info.looksBack = true
		b.stating++
	}
	if odd || l.repeats > 0 || l.rows != 0 || len(l.version)+len(l.digest) > 0 || l.hasFrom {
		e := builtExtra{
			row: uint32(len(b.rows)), repeats: max(0, int64(l.repeats)), rows: l.rows, version: string(l.version), digest: string(l.digest),
			hasFrom: l.hasFrom, odd: odd, at: l.at,
		}
		for _, f := range l.from {
			id := b.records.id(f)
			if !slices.Contains(e.from, id) {
				b.mentions = append(b.mentions, mention{id, e.row})
			}
			e.from = append(e.from, id)
		}
		b.extras = append(b.extras, e)
		row.extra = int32(len(b.extras))
	}
	b.rows = append(b.rows, row)
}

// hasRead reports whether the run of a repeated read has made that read before, here. It
// may report false for one that was long ago.
func (b *Builder) hasRead(l *line, row *builtRow) bool {
	i := row.before
	for range 1000 {
		if i == 0 {
			return false
		}
		r := &b.rows[i-1]
		if r.op == 0 && r.record == row.record && r.source == row.source && r.task == row.task {
			rows, stated := int64(0), false
			if r.extra > 0 {
				e := &b.extras[r.extra-1]
				rows, stated = e.rows, e.version != "" || e.digest != ""
			}
			if rows == l.rows && !stated {
				return true
			}
		}
		i = r.before
	}
	return false
}

// runID returns the number of a run.
func (b *Builder) runID(id []byte) uint32 {
	n := b.runs.id(id)
	if int(n) == len(b.runInfo) {
		b.runInfo = append(b.runInfo, builtRun{})
	}
	return n
}

// run returns the run with that id.
func (b *Builder) run(id []byte) *builtRun { return &b.runInfo[b.runID(id)] }

// Nanos returns a time in nanoseconds since 1970; what is out of their reach is as
// near as can be.
func Nanos(t time.Time) int64 {
	switch s := t.Unix(); {
	case s <= math.MinInt64/int64(time.Second):
		return math.MinInt64
	case s >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// image is an index while it is written.
type image struct {
	header header
	data   []byte
}

func (m *image) u16(v uint16) { m.data = binary.LittleEndian.AppendUint16(m.data, v) }
func (m *image) u32(v uint32) { m.data = binary.LittleEndian.AppendUint32(m.data, v) }
func (m *image) u64(v uint64) { m.data = binary.LittleEndian.AppendUint64(m.data, v) }
func (m *image) uvarint(v uint64) {
	m.data = binary.AppendUvarint(m.data, v)
}
func (m *image) text(s string) {
	m.uvarint(uint64(len(s)))
	m.data = append(m.data, s...)
}

// close ends a section.
func (m *image) close(s section) { m.header.ends[s] = uint64(len(m.data)) }

// Image returns the index of what was added so far; root is that of the log's tree with
// so many records.
func (b *Builder) Image(root [32]byte) ([]byte, error) {
	m := &image{header: header{first: b.first, end: b.end, root: root, rows: uint32(len(b.rows)), records: uint32(len(b.records.list)), runs: uint32(len(b.runs.list)), stating: b.stating}}
	m.data = make([]byte, 0, len(b.rows)*40+len(b.records.list)*32+len(b.runs.list)*64+1024)
	recordOrder, recordRank := b.records.sorted()
	runOrder, runRank := b.runs.sorted()
	base := int64(math.MaxInt64)
	for i := range b.rows {
		base = min(base, b.rows[i].at)
	}
	m.header.base = base
	extras := b.putRows(m, recordRank, runRank, base)
	b.putPostings(m, recordRank)
	m.putHash(recordOrder)
	m.putNames(recordOrder, secNameAt, secNames)
	b.putRuns(m, runOrder, runRank)
	m.putNames(runOrder, secRunNameAt, secRunNames)
	for _, w := range b.words.list {
		m.text(w)
	}
	m.close(secWords)
	b.putExtras(m, extras, recordRank, base)
	for _, n := range b.notes {
		m.uvarint(uint64(n.kind))
		m.uvarint(uint64(runRank[n.run]))
		m.uvarint(uint64(n.pos))
		m.u64(uint64(n.at))
		m.uvarint(n.n)
	}
	m.close(secNotes)
	for _, n := range runOrder {
		if r := &b.runInfo[b.runs.index[n]]; !r.started {
			m.uvarint(uint64(runRank[b.runs.index[n]]))
		}
	}
	m.close(secStrays)
	for _, n := range runOrder {
		if r := &b.runInfo[b.runs.index[n]]; (r.rows > 0 || !r.started) && (r.status == 0 || r.dead) {
			m.uvarint(uint64(runRank[b.runs.index[n]]))
		}
	}
	m.close(secUnsettled)
	if len(m.data) > maxImageSize {
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

// sorted returns the names in their order, and for each number its place in that.
func (n *names) sorted() (order []string, rank []uint32) {
	order = slices.Clone(n.list)
	slices.Sort(order)
	rank = make([]uint32, len(order))
	for i, s := range order {
		rank[n.index[s]] = uint32(i)
	}
	return order, rank
}

// fits reports whether a row has room for its words, task and time.
func (r *builtRow) fits(base int64) bool {
	d := uint64(r.at) - uint64(base)
	return r.source < inExtra16 && r.skill < inExtra16 && r.task >= 0 && r.task < inExtra8 && d < 1<<timeBits
}

// putRows writes the rows, and returns which of them have more than fits.
func (b *Builder) putRows(m *image, recordRank, runRank []uint32, base int64) (extras []uint32) {
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
		if r.extra > 0 && b.extras[r.extra-1].hasFrom {
			flags |= isStated
		}
		m.u32(recordRank[r.record])
		m.u32(runRank[r.run])
		m.u32(r.pos)
		d, task, source, skill := uint64(0), uint8(inExtra8), uint16(inExtra16), uint16(inExtra16)
		if fits {
			d, task, source, skill = uint64(r.at)-uint64(base), uint8(r.task), uint16(r.source), uint16(r.skill)
		}
		m.u32(uint32(d))
		m.u16(uint16(d >> 32))
		m.data = append(m.data, flags, task)
		m.u16(source)
		m.u16(skill)
	}
	m.close(secRows)
	return extras
}

// putPostings writes the uses of each record.
func (b *Builder) putPostings(m *image, rank []uint32) {
	starts := make([]uint32, len(rank)+1)
	for i := range b.rows {
		starts[rank[b.rows[i].record]+1]++
	}
	for _, x := range b.mentions {
		starts[rank[x.record]+1]++
	}
	for i := range rank {
		starts[i+1] += starts[i]
	}
	next := slices.Clone(starts)
	list := make([]uint32, starts[len(rank)])
	put := func(record uint32, c Class, row uint32) {
		at := &next[rank[record]]
		list[*at] = uint32(c)<<rowBits | row
		*at++
	}
	for i := range b.rows {
		c := Contributions
		switch r := &b.rows[i]; {
		case r.irregular:
			c = Irregular
		case r.op == 0:
			c = Reads
		}
		put(b.rows[i].record, c, uint32(i))
	}
	for _, x := range b.mentions {
		put(x.record, Mentions, x.row)
	}
	for i := range rank {
		slices.Sort(list[starts[i]:starts[i+1]])
	}
	for _, v := range list {
		m.u32(v)
	}
	m.close(secPostings)
	for _, v := range starts[1:] {
		m.u32(v)
	}
	m.close(secRecords)
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

// putNames writes strings in their order.
func (m *image) putNames(order []string, at, text section) {
	var blocks []byte
	for i, s := range order {
		shared := 0
		if i%nameBlock > 0 {
			before := order[i-1]
			for shared < min(len(s), len(before)) && s[shared] == before[shared] {
				shared++
			}
		}
		blocks = binary.AppendUvarint(blocks, uint64(shared))
		blocks = binary.AppendUvarint(blocks, uint64(len(s)-shared))
		blocks = append(blocks, s[shared:]...)
		if i%nameBlock == nameBlock-1 || i == len(order)-1 {
			m.u32(uint32(len(blocks)))
		}
	}
	m.close(at)
	m.data = append(m.data, blocks...)
	m.close(text)
}

// putRuns writes the runs, and the rows of each.
func (b *Builder) putRuns(m *image, order []string, rank []uint32) {
	starts := make([]uint32, len(order)+1)
	for i := range b.rows {
		starts[rank[b.rows[i].run]+1]++
	}
	for i := range order {
		starts[i+1] += starts[i]
	}
	next := slices.Clone(starts)
	rows := make([]uint32, len(b.rows))
	for i := range b.rows {
		at := &next[rank[b.rows[i].run]]
		rows[*at] = uint32(i)
		*at++
	}
	var lists []byte
	for i, id := range order {
		before := uint32(0)
		for _, row := range rows[starts[i]:starts[i+1]] {
			step := uint64(row-before) << 1
			if b.rows[row].op != 0 {
				step |= 1
			}
			lists = binary.AppendUvarint(lists, step)
			before = row
		}
		r := &b.runInfo[b.runs.index[id]]
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
	m.data = append(m.data, lists...)
	m.close(secRunRows)
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

// putExtras writes what does not fit into rows.
func (b *Builder) putExtras(m *image, rows []uint32, recordRank []uint32, base int64) {
	var body image
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
	m.data = append(m.data, body.data...)
	m.close(secExtra)
}
