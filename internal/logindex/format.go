package logindex

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/bits"
)

// The format of an index, all integers little endian:
//
//	header      magic, first, end, root, base, counts, where each section ends, its CRC-32C
//	checksums   4 bytes for each page of what follows: its CRC-32C
//	pages       of pageSize bytes, the last one shorter: the sections without gaps
//
// The sections, in this order. Those of integers of 4 bytes come first, so that none
// of these stands in two pages:
//
//	rows        rowSize bytes for each access, in the order of the log
//	postings    4 bytes for each use of a record by an access: class and row
//	records     recordSize bytes for each record: where its Writes end in postings, its
//	            Reads, and all
//	hash        8 bytes a slot: half of the hash of a URI, and the record and 1
//	nameAt      where each block of nameBlock URIs ends
//	runNameAt   the same of the ids of runs
//	runs        runSize bytes for each run, in the order of their ids
//	extraAt     8 bytes for each row that has more than fits in it: row, and where that begins
//	names       blocks of URIs in their order, each without the beginning it shares with the
//	            one before
//	runRows     varints: the rows of each run, each as its distance from the one before, four
//	            times, and its Kind
//	runNames    the ids of runs, as names
//	words       sources, skills, agents, versions and statuses, each once
//	extra       what does not fit
//	notes       dropped and unknown accesses
//	strays      varints: runs that did not start here
//	unsettled   varints: runs that did not end here by themselves
//
// A row:
//
//	0    4    record       18  1  operation and flags
//	4    4    run          19  1  task        (255: in extra)
//	8    4    position     20  2  source      (65535: in extra)
//	12   6    time         22  2  skill       (65535: in extra)
//
// Positions count from the first record of the index, times in nanoseconds from base.
// A posting has its class in the three highest bits, so that those of a record stand
// by class, and in a class in the order of the log.
const (
	magic      = "flexor.idx/2\n\x00\x00\x00"
	pageSize   = 4 << 10
	rowSize    = 24
	recordSize = 12
	runSize    = 32
	nameBlock  = 16

	inExtra8  = math.MaxUint8
	inExtra16 = math.MaxUint16

	rowBits = 29
	maxRows = 1 << rowBits
)

const (
	opMask       = 3
	hasExtra     = 4
	isIrregular  = 8
	isStated     = 16
	timeBits     = 48
	runStarted   = 1
	runDead      = 2 // its entry was written by others
	runLooksBack = 4 // a read of it may have seen what was there before its first access here
	noteDropped  = 0
	noteUnknown  = 1
	noteAll      = 2
	headerFixed  = len(magic) + 8 + 8 + 32 + 8 + 7*4
	headerSize   = headerFixed + 8*int(sections) + 4
	maxImageSize = math.MaxUint32
)

// Class says what an access has to do with a record.
type Class uint32

// The classes.
const (
	Writes    Class = iota // writes and deletes of it: they replace what it held
	Reads                  // reads of it as it was at the read's position
	Appends                // they add to what it holds
	Irregular              // reads that stand for several, or state a version or a digest
	Mentions               // writes that state to be made from it
)

// section is a part of an index.
type section int

const (
	secRows section = iota
	secPostings
	secRecords
	secHash
	secNameAt
	secRunNameAt
	secRuns
	secExtraAt
	secNames
	secRunRows
	secRunNames
	secWords
	secExtra
	secNotes
	secStrays
	secUnsettled
	sections
)

// header is how an index begins.
type header struct {
	first, end uint64 // the records of the log that it is of
	root       [32]byte
	base       int64 // nanoseconds since 1970
	rows       uint32
	records    uint32
	runs       uint32
	slots      uint32 // of the hash table: a power of two
	stating    uint32 // runs with runLooksBack
	loose      uint32 // postings of the classes Irregular and Mentions
	within     uint32 // records that are collections
	ends       [sections]uint64
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errFormat is wrapped by errors for files that are no index, or a damaged one.
var errFormat = errors.New("logindex: not an index that can be used")

// encode returns the bytes of a header.
func (h *header) encode() []byte {
	b := make([]byte, 0, headerSize)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint64(b, h.first)
	b = binary.LittleEndian.AppendUint64(b, h.end)
	b = append(b, h.root[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.base))
	for _, n := range []uint32{h.rows, h.records, h.runs, h.slots, h.stating, h.loose, h.within} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	for _, e := range h.ends {
		b = binary.LittleEndian.AppendUint64(b, e)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decode reads a header, and checks that the sections have the sizes that the counts
// ask for: what is read of them later is in bounds.
func (h *header) decode(b []byte) error {
	if len(b) < headerSize || string(b[:len(magic)]) != magic || binary.LittleEndian.Uint32(b[headerSize-4:]) != crc32.Checksum(b[:headerSize-4], castagnoli) {
		return errFormat
	}
	b = b[len(magic):]
	next := func() uint64 {
		v := binary.LittleEndian.Uint64(b)
		b = b[8:]
		return v
	}
	h.first, h.end = next(), next()
	b = b[copy(h.root[:], b):]
	h.base = int64(next())
	for _, n := range []*uint32{&h.rows, &h.records, &h.runs, &h.slots, &h.stating, &h.loose, &h.within} {
		*n = binary.LittleEndian.Uint32(b)
		b = b[4:]
	}
	before := uint64(0)
	for i := range h.ends {
		if h.ends[i] = next(); h.ends[i] < before || h.ends[i] > maxImageSize {
			return errFormat
		}
		before = h.ends[i]
	}
	blocks := func(n uint32) uint64 { return (uint64(n) + nameBlock - 1) / nameBlock * 4 }
	for s, want := range map[section]uint64{
		secRows: uint64(h.rows) * rowSize, secRecords: uint64(h.records) * recordSize, secHash: uint64(h.slots) * 8, secRuns: uint64(h.runs) * runSize,
		secNameAt: blocks(h.records), secRunNameAt: blocks(h.runs),
	} {
		if h.size(s) != want {
			return errFormat
		}
	}
	if h.end < h.first || h.rows >= maxRows || h.slots&(h.slots-1) != 0 || h.size(secPostings)%4 != 0 || h.size(secExtraAt)%8 != 0 {
		return errFormat
	}
	return nil
}

// begin returns where a section begins in the pages.
func (h *header) begin(s section) uint64 {
	if s == 0 {
		return 0
	}
	return h.ends[s-1]
}

// size returns the size of a section.
func (h *header) size(s section) uint64 { return h.ends[s] - h.begin(s) }

// pages returns how many pages there are.
func (h *header) pages() int { return int((h.ends[sections-1] + pageSize - 1) / pageSize) }

// Hash returns the hash of a URI that [Part.Record] takes. It is part of the format.
func Hash[T string | []byte](s T) uint64 {
	h := uint64(len(s)) ^ 0x9e3779b97f4a7c15
	for len(s) >= 8 {
		h = mix(h ^ (uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56))
		s = s[8:]
	}
	rest := uint64(0)
	for i := range len(s) {
		rest = rest<<8 | uint64(s[i])
	}
	return mix(mix(h ^ rest))
}

// mix mixes the bits of a hash.
func mix(h uint64) uint64 {
	high, low := bits.Mul64(h, 0xa0761d6478bd642f)
	return high ^ low ^ h
}
