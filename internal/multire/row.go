package multire

import "encoding/binary"

// row is short spans, one behind the other with a separator behind each. A lane walks over many of
// them without a stop: to stop at the end of each would cost more than to read it.
type row struct {
	text  []byte
	ends  []int32 // where the separators stand
	spans []int32 // the numbers of the spans
	taken int     // how much of text lanes have taken
	next  int     // the first span that they have not
}

const (
	// separator stands behind each text of a row. No text in UTF-8 has it in it, and no lane reads it
	// in any other.
	separator = 0xFF
	// shortSpan is the length of the longest span that is put in a row.
	shortSpan = 96
	// fewSpans are not put in a row: each has a lane of its own.
	fewSpans = 4
)

// fill puts those of the spans in a row that are short and ASCII.
func (r *row) fill(text []byte, spans []Span) {
	r.text, r.ends, r.spans, r.taken, r.next = r.text[:0], r.ends[:0], r.spans[:0], 0, 0
	if len(spans) <= fewSpans || len(text) == 0 { // a lane without a span reads text meanwhile, so there must be some
		return
	}
	// Most often all are ASCII, and to look at them all at once is less work.
	if r.add(text, spans, false); !isASCII(r.text) {
		r.text, r.ends, r.spans = r.text[:0], r.ends[:0], r.spans[:0]
		r.add(text, spans, true)
	}
	for _, i := range r.ends {
		r.text[i] = separator
	}
}

// add appends short spans, with any ASCII character in the place of their separators; checked: only those
// that are ASCII.
func (r *row) add(text []byte, spans []Span, checked bool) {
	for i, s := range spans {
		if s.End-s.Start > shortSpan || checked && !isASCII(text[s.Start:s.End]) {
			continue
		}
		r.text = append(r.text, text[s.Start:s.End]...)
		r.ends, r.spans = append(r.ends, int32(len(r.text))), append(r.spans, int32(i))
		r.text = append(r.text, ' ')
	}
}

// isASCII reports whether b is ASCII.
func isASCII(b []byte) bool {
	var all uint64
	for len(b) >= 8 {
		all |= binary.LittleEndian.Uint64(b)
		b = b[8:]
	}
	for _, c := range b {
		all |= uint64(c)
	}
	return all&0x8080808080808080 == 0
}

// part gives a lane the next part of the row, of about a share of its length, and reports whether
// there is one.
func (r *row) part(l *lane, shares int) bool {
	if r.taken == len(r.text) {
		return false
	}
	last, least := r.next, r.taken+len(r.text)/shares
	for last+1 < len(r.ends) && int(r.ends[last]) < least {
		last++
	}
	end := int(r.ends[last]) + 1
	l.text, l.pos, l.over, l.base, l.index = r.text[r.taken:end], 0, false, r.taken, r.next
	r.taken, r.next = end, last+1
	return true
}

// spanOf returns the number of the span in which a lane has read its last byte.
func (r *row) spanOf(l *lane) int {
	for int(r.ends[l.index]) < l.base+l.pos-1 {
		l.index++
	}
	return int(r.spans[l.index])
}
