package logindex

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// Part is the index of records that follow one another: a whole segment, or a piece of
// one. It is safe for concurrent use.
//
// Its methods return nothing in place of what cannot be read; [Part.Err] then says why,
// for good. What they return is in the bounds of the part, even if a page holds what no
// [Builder] wrote.
type Part struct {
	h             header
	begins, sizes [sections]uint64 // of the sections, in bytes

	sums  []byte                 // of the pages
	open  func() (reader, error) // nil: all pages are in memory
	pages []atomic.Pointer[page] // those that were read
	cache *cache
	name  string // of the file; empty: there is none

	bad   atomic.Pointer[error]
	words func() []string
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
	p.init()
	for i := range p.pages {
		data := image[sums+i*pageSize:][:p.pageBytes(i)]
		if !p.right(i, data) {
			return nil, errFormat
		}
		whole := &page{}
		if len(data) == pageSize {
			whole = (*page)(data)
		} else {
			copy(whole[:], data)
		}
		p.pages[i].Store(whole)
	}
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
	p.init()
	return p, nil
}

// init sets what follows from the header.
func (p *Part) init() {
	for s := range sections {
		p.begins[s], p.sizes[s] = p.h.begin(s), p.h.size(s)
	}
	p.pages = make([]atomic.Pointer[page], p.h.pages())
	p.words = sync.OnceValue(p.readWords)
}

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
func (p *Part) Plain() bool { return p.h.loose == 0 }

// Flat reports whether no record in it is a collection.
func (p *Part) Flat() bool { return p.h.within == 0 }

// fail notes that the part cannot be used.
func (p *Part) fail(err error) {
	err = fmt.Errorf("logindex: %s: %w", p.name, err)
	p.bad.CompareAndSwap(nil, &err)
}
