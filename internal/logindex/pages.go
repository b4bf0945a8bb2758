package logindex

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"sync/atomic"
)

// page is what is read and checked at once.
type page [pageSize]byte

// reader is an open file.
type reader interface {
	io.ReaderAt
	Close() error
}

// cache bounds the memory that the pages of several parts take together.
type cache struct {
	held, most atomic.Int64 // bytes
}

// right reports whether a page has its checksum.
func (p *Part) right(i int, data []byte) bool {
	return crc32.Checksum(data, castagnoli) == binary.LittleEndian.Uint32(p.sums[4*i:])
}

// pageBytes returns how many bytes a page has: the last one is shorter.
func (p *Part) pageBytes(i int) int {
	return min(pageSize, int(p.h.ends[sections-1])-i*pageSize)
}

// page returns a page; nil: it cannot be read.
func (p *Part) page(i int) *page {
	if page := p.pages[i].Load(); page != nil {
		return page
	}
	if p.Err() != nil {
		return nil
	}
	page, err := p.readPage(i)
	if err != nil {
		p.fail(err)
		return nil
	}
	if p.cache.held.Add(pageSize) > p.cache.most.Load() {
		p.forget()
	}
	if p.pages[i].Swap(page) != nil {
		p.cache.held.Add(-pageSize) // another was faster
	}
	return page
}

// forget lets all pages go.
func (p *Part) forget() {
	for i := range p.pages {
		if p.pages[i].Swap(nil) != nil {
			p.cache.held.Add(-pageSize)
		}
	}
}

// readPage reads a page from the file. That is opened each time: an open file would keep
// its room on the disk after its segment was purged.
func (p *Part) readPage(i int) (*page, error) {
	f, err := p.open()
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading: nothing to lose
	out := &page{}
	data := out[:p.pageBytes(i)]
	if _, err := f.ReadAt(data, int64(headerSize+4*p.h.pages()+i*pageSize)); err != nil {
		return nil, err
	}
	if !p.right(i, data) {
		return nil, fmt.Errorf("%w: page %d is not as it was written", errFormat, i) // also: the file was replaced
	}
	return out, nil
}

// bytes returns n bytes of a section from off on; nil: they are not there.
func (p *Part) bytes(s section, off uint64, n int) []byte {
	size := p.h.size(s)
	if off > size || uint64(n) > size-off {
		p.fail(fmt.Errorf("%w: what stands in section %d leads out of it", errFormat, s))
		return nil
	}
	if n == 0 {
		return []byte{}
	}
	at := p.h.begin(s) + off
	i, in := int(at/pageSize), int(at%pageSize)
	page := p.page(i)
	if page == nil {
		return nil
	}
	if in+n <= pageSize {
		return page[in : in+n : in+n]
	}
	out := append(make([]byte, 0, n), page[in:]...)
	for len(out) < n {
		i++
		if page = p.page(i); page == nil {
			return nil
		}
		out = append(out, page[:min(pageSize, n-len(out))]...)
	}
	return out
}

// u32 returns the integer with that number in a section of such. Sections of integers
// come first, so that none stands in two pages.
func (p *Part) u32(s section, i uint64) uint32 {
	at := p.begins[s] + i*4
	if i*4 >= p.sizes[s] {
		p.fail(fmt.Errorf("%w: section %d has no integer %d", errFormat, s, i))
		return 0
	}
	page := p.pages[at/pageSize].Load()
	if page == nil {
		if page = p.page(int(at / pageSize)); page == nil {
			return 0
		}
	}
	return binary.LittleEndian.Uint32(page[at%pageSize&^3:])
}

// stream returns the bytes of a section from begin on and before end.
func (p *Part) stream(s section, begin, end uint64) stream {
	if begin > end || end > p.h.size(s) {
		p.fail(fmt.Errorf("%w: what stands in section %d leads out of it", errFormat, s))
		return stream{}
	}
	return stream{p, p.bytes(s, begin, int(end-begin))}
}
