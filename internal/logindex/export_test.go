package logindex

// Small lets an index of a small log go through what one of a large log does: pieces of
// so many records, and so many bytes at most in memory.
func (x *Index) Small(chunk uint64, held int, pages int64) {
	x.chunk, x.held = chunk, held
	x.cache.most.Store(pages)
}

// Files returns how many parts are files, and how many are in memory.
func (s *Snapshot) Files() (files, memory int) {
	for _, p := range s.Parts {
		if p.open != nil {
			files++
		} else {
			memory++
		}
	}
	return files, memory
}

// Seal returns an index with the checksums that its pages ask for.
func Seal(file []byte) []byte {
	p := &Part{}
	if p.h.decode(file) != nil || len(file) < headerSize+4*p.h.pages() {
		return file
	}
	m := &image{p.h, file[headerSize+4*p.h.pages():]}
	return m.seal()
}
