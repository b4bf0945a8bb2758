package logindex

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"math"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flexorhq/flexor-go/audit"
)

// Part is the index of records that follow one another: a whole segment, or a piece of
// one. It is safe for concurrent use.
//
// Its methods return nothing in place of what cannot be read; [Part.Err] then says why,
// for good. What they return is in the bounds of the part, even if a page holds what no
// [Builder] wrote.
type Part struct {
	h     header
	sums  []byte                   // of the pages
	open  func() (reader, error)   // nil: all pages are in memory
	pages []atomic.Pointer[[]byte] // those that were read
	cache *cache
	name  string // of the file; empty: there is none

	bad   atomic.Pointer[error]
	words func() []string
}

// reader is an open file.
type reader interface {
	io.ReaderAt
	Close() error
}

// cache bounds the memory that the pages of several parts take together.
type cache struct {
	held, most atomic.Int64 // bytes
}

// NewPart returns the part whose image [Builder.Image] returned. It keeps the image.
func NewPart(image []byte) (*Part, error) {
	p := &Part{}
	head := image[:min(len(image), headerSize)]
	if err := p.h.decode(head); err != nil {
		return nil, err
	}
	sums := headerSize + 4*p.h.pages()
	if len(image) != sums+int(p.h.ends[sections-1]) {
		return nil, errFormat
	}
	p.sums = image[headerSize:sums]
	p.pages = make([]atomic.Pointer[[]byte], p.h.pages())
	for i := range p.pages {
		page := image[sums+i*pageSize : min(len(image), sums+(i+1)*pageSize)]
		if !p.right(i, page) {
			return nil, errFormat
		}
		p.pages[i].Store(&page)
	}
	p.init()
	return p, nil
}

// openPart returns the part in a file of that size. Pages are read when they are needed.
func openPart(name string, size int64, open func() (reader, error), c *cache) (*Part, error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading: nothing to lose
	p := &Part{name: name, open: open, cache: c}
	head := make([]byte, headerSize)
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := p.h.decode(head); err != nil {
		return nil, err
	}
	if size != int64(headerSize+4*p.h.pages())+int64(p.h.ends[sections-1]) {
		return nil, errFormat
	}
	p.sums = make([]byte, 4*p.h.pages())
	if _, err := f.ReadAt(p.sums, int64(headerSize)); err != nil {
		return nil, err
	}
	p.pages = make([]atomic.Pointer[[]byte], p.h.pages())
	p.init()
	return p, nil
}

func (p *Part) init() { p.words = sync.OnceValue(p.readWords) }

// First returns the index of the first record that the part is of, End that behind the
// last one.
func (p *Part) First() uint64 { return p.h.first }

// End is described at [Part.First].
func (p *Part) End() uint64 { return p.h.end }

// Rows returns how many accesses there are; they are numbered from 0.
func (p *Part) Rows() uint32 { return p.h.rows }

// Records returns how many record URIs there are; they are numbered from 0 in their order.
func (p *Part) Records() uint32 { return p.h.records }

// Runs returns how many runs there are; they are numbered from 0 in the order of their ids.
func (p *Part) Runs() uint32 { return p.h.runs }

// Err returns what the part could not read, if anything.
func (p *Part) Err() error {
	if err := p.bad.Load(); err != nil {
		return *err
	}
	return nil
}

// Plain reports whether there are neither postings of class Irregular nor Mentions.
func (p *Part) Plain() bool { return p.h.size(secExtraAt) == 0 }

// fail notes that the part cannot be used.
func (p *Part) fail(err error) {
	err = fmt.Errorf("logindex: %s: %w", p.name, err)
	p.bad.CompareAndSwap(nil, &err)
}

// right reports whether a page has its checksum.
func (p *Part) right(i int, page []byte) bool {
	return crc32.Checksum(page, castagnoli) == binary.LittleEndian.Uint32(p.sums[4*i:])
}

// page returns a page; nil: it cannot be read.
func (p *Part) page(i int) []byte {
	if page := p.pages[i].Load(); page != nil {
		return *page
	}
	if p.Err() != nil {
		return nil
	}
	page, err := p.readPage(i)
	if err != nil {
		p.fail(err)
		return nil
	}
	if p.cache.held.Add(int64(len(page))) > p.cache.most.Load() {
		p.forget()
	}
	p.pages[i].Store(&page)
	return page
}

// forget lets all pages go.
func (p *Part) forget() {
	for i := range p.pages {
		if page := p.pages[i].Swap(nil); page != nil {
			p.cache.held.Add(-int64(len(*page)))
		}
	}
}

// readPage reads a page from the file. That is opened each time: an open file could not
// be removed on Windows, and its segment not be purged.
func (p *Part) readPage(i int) ([]byte, error) {
	f, err := p.open()
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading: nothing to lose
	at := i * pageSize
	page := make([]byte, min(pageSize, int(p.h.ends[sections-1])-at))
	if _, err := f.ReadAt(page, int64(headerSize+4*p.h.pages()+at)); err != nil {
		return nil, err
	}
	if !p.right(i, page) {
		return nil, fmt.Errorf("%w: page %d is not as it was written", errFormat, i) // also: the file was replaced
	}
	return page, nil
}

// bytes returns n bytes of a section from off on; nil: they are not there.
func (p *Part) bytes(s section, off uint64, n int) []byte {
	size := p.h.size(s)
	if off > size || uint64(n) > size-off {
		p.fail(fmt.Errorf("%w: what stands in section %d leads out of it", errFormat, s))
		return nil
	}
	at := p.h.begin(s) + off
	i, in := int(at/pageSize), int(at%pageSize)
	if page := p.page(i); page == nil || in+n <= len(page) {
		if page == nil {
			return nil
		}
		return page[in : in+n : in+n]
	}
	out := make([]byte, 0, n)
	for ; len(out) < n; i, in = i+1, 0 {
		page := p.page(i)
		if page == nil {
			return nil
		}
		out = append(out, page[in:min(len(page), in+n-len(out))]...)
	}
	return out
}

// u32 returns the integer with that number in a section of such.
func (p *Part) u32(s section, i uint64) uint32 {
	if b := p.bytes(s, i*4, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// stream returns the bytes of a section from begin on and before end.
func (p *Part) stream(s section, begin, end uint64) *stream {
	if begin > end || end > p.h.size(s) {
		p.fail(fmt.Errorf("%w: what stands in section %d leads out of it", errFormat, s))
		return &stream{}
	}
	return &stream{p, p.bytes(s, begin, int(end-begin))}
}

// Op is the operation of an access. The zero value is a read.
type Op uint8

// The operations.
const (
	Read Op = iota
	Write
	Append
	Delete
)

// Op returns it as package audit calls it.
func (o Op) Op() audit.Op { return ops[o&opMask] }

// Row is an access.
type Row struct {
	Record, Run uint32
	Position    uint64 // in the log
	Op          Op
	Number      uint32
	Irregular   bool // see [Class]
	Stated      bool // a write that states what it was made from
	Extra       bool // there is more of it than source, skill and task

	at            int64
	source, skill uint16
	task          uint8
}

// Row returns an access.
func (p *Part) Row(i uint32) (r Row) {
	b := p.bytes(secRows, uint64(i)*rowSize, rowSize)
	if b == nil {
		return Row{}
	}
	r.Record, r.Run = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	r.Position = p.h.first + uint64(binary.LittleEndian.Uint32(b[8:]))
	if r.Record >= p.h.records || r.Run >= p.h.runs || r.Position >= p.h.end {
		p.fail(fmt.Errorf("%w: access %d has no right place", errFormat, i))
		return Row{}
	}
	r.at = p.h.base + int64(binary.LittleEndian.Uint32(b[12:])) + int64(binary.LittleEndian.Uint16(b[16:]))<<32
	r.Op, r.Extra, r.Irregular, r.Stated = Op(b[18]&opMask), b[18]&hasExtra != 0, b[18]&isIrregular != 0, b[18]&isStated != 0
	r.task, r.source, r.skill, r.Number = b[19], binary.LittleEndian.Uint16(b[20:]), binary.LittleEndian.Uint16(b[22:]), i
	return r
}

// Nanos returns the time of an access in nanoseconds since 1970, as near as can be.
func (p *Part) Nanos(r Row) int64 {
	if r.task != inExtra8 {
		return r.at
	}
	return Nanos(p.Detail(r).At)
}

// Time returns the time of an access, in UTC.
func (p *Part) Time(r Row) time.Time {
	if r.task != inExtra8 && !r.Extra {
		return time.Unix(0, r.at).UTC()
	}
	return p.Detail(r).At
}

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
			d.From = append(d.From, p.record(s.uvarint()))
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

// record returns the number of a record that was read.
func (p *Part) record(id uint64) uint32 {
	if id >= uint64(p.h.records) {
		p.fail(fmt.Errorf("%w: there is no record %d", errFormat, id))
		return 0
	}
	return uint32(id)
}

// After returns the number of the first access behind a position of the log.
func (p *Part) After(pos uint64) uint32 {
	switch {
	case pos < p.h.first:
		return 0
	case pos >= p.h.end:
		return p.h.rows
	}
	return uint32(sort.Search(int(p.h.rows), func(i int) bool { return p.Row(uint32(i)).Position > pos }))
}

// Postings returns the accesses from row from on, and before row to, that have to do so
// with a record.
func (p *Part) Postings(record uint32, c Class, from, to uint32) iter.Seq[uint32] {
	begin, end := p.posted(record, c, from), p.posted(record, c, to)
	return func(yield func(uint32) bool) {
		for i := begin; i < end; i++ {
			if row := p.u32(secPostings, i) & (maxRows - 1); row >= p.h.rows || !yield(row) {
				return
			}
		}
	}
}

// posted returns where the first posting of a record stands that is of row or later.
func (p *Part) posted(record uint32, c Class, row uint32) uint64 {
	if record >= p.h.records {
		return 0
	}
	begin, end := uint64(0), uint64(p.u32(secRecords, uint64(record)))
	if record > 0 {
		begin = uint64(p.u32(secRecords, uint64(record)-1))
	}
	if begin > end || end*4 > p.h.size(secPostings) {
		p.fail(fmt.Errorf("%w: record %d has no right place", errFormat, record))
		return 0
	}
	want := uint32(c)<<rowBits + min(row, maxRows)
	if row == math.MaxUint32 {
		want = uint32(c+1) << rowBits
	}
	return begin + uint64(sort.Search(int(end-begin), func(i int) bool { return p.u32(secPostings, begin+uint64(i)) >= want }))
}

// Record returns the number of a record, by its URI and the hash of that.
func (p *Part) Record(uri string, h uint64) (uint32, bool) {
	if p.h.slots == 0 {
		return 0, false
	}
	for at, tries := uint32(h)&(p.h.slots-1), uint32(0); tries < p.h.slots; at, tries = (at+1)&(p.h.slots-1), tries+1 {
		b := p.bytes(secHash, uint64(at)*8, 8)
		if b == nil {
			return 0, false
		}
		id := binary.LittleEndian.Uint32(b[4:])
		if id == 0 {
			return 0, false
		}
		if binary.LittleEndian.Uint32(b) == uint32(h>>32) && id <= p.h.records && p.Name(id-1) == uri {
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

// word returns a word.
func (p *Part) word(i uint64) string {
	if i == 0 {
		return ""
	}
	if words := p.words(); i < uint64(len(words)) {
		return words[i]
	}
	return ""
}

func (p *Part) readWords() (words []string) {
	for s := p.stream(secWords, 0, p.h.size(secWords)); len(s.rest) > 0; {
		words = append(words, string(s.take(s.uvarint())))
	}
	return words
}

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
