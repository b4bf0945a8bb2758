package redact

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"github.com/flexorhq/flexor-go/internal/multire"
)

const (
	// maxRounds is how often a text is looked at again after something in it was
	// replaced. Two is the rule, more is needed when what is left of a text around
	// a find is a find of its own.
	maxRounds = 8
	// maxEncoded is how deep encodings inside each other are looked through.
	maxEncoded = 4
)

// edit is a part of a text that is replaced.
type edit struct {
	start, end int
	with       string
	d          *detector
	why        string
	also       []edit // others of which it takes the place
}

// rewrite looks at the text of an item until nothing more is found in it: so a
// second look at what it became finds nothing either. Whatever fails closes.
func (p *pass) rewrite(n int32, body []byte, name string) {
	defer func() {
		if recover() != nil {
			p.close(n)
		}
	}()
	edits := p.edits(nil, body, name, p.chosen(), p.percent(), p.encoded, p.depth)
	if len(edits) > 0 && !p.kept(n) {
		p.edit(n, body, name, edits)
	}
}

// edit replaces what was found in the text of an item, and looks at what that became.
func (p *pass) edit(n int32, body []byte, name string, edits []edit) {
	whole := len(edits) == 1 && edits[0].start == 0 && edits[0].end == len(body)
	if p.items[n].kind == numberItem {
		edits, whole = edits[:1], true // a part of a number is none
		edits[0].start, edits[0].end = 0, len(body)
	}
	for round := 0; len(edits) > 0; round++ {
		if round == maxRounds {
			p.close(n)
			return
		}
		body = p.apply(n, body, edits, round == 0)
		clear(p.wanted)
		p.wantIn(body)
		p.wantBy(n)
		edits = p.edits(edits[:0], body, name, p.chosen(), p.percent(), p.encoded, p.depth)
	}
	p.replace(n, body, whole && len(body) == 0)
}

// close replaces an item that could not be looked at.
func (p *pass) close(n int32) {
	if p.kept(n) {
		return
	}
	p.count(n, errorDetector)
	p.replace(n, []byte(errorMask), false)
}

// wantIn asks for the detectors of which a trigger matches a text.
func (p *pass) wantIn(body []byte) {
	var long bool
	if long, p.encoded = p.r.longWords(body); long {
		p.wanted.add(p.r.long)
	}
	p.whole = append(p.whole[:0], multire.Span{End: len(body)})
	p.again = p.r.set.Scan(p.again[:0], body, p.whole)
	for _, h := range p.again {
		p.wanted.add(p.r.triggers[h.Pattern].detectors)
	}
}

// percent reports whether there is percent-encoding to look through.
func (p *pass) percent() bool { return p.wanted.has(len(p.r.detectors)) }

// chosen returns the detectors that are wanted, in order.
func (p *pass) chosen() []*detector {
	p.candidates = p.candidates[:0]
	for i, w := range p.wanted {
		for ; w != 0; w &= w - 1 {
			if o := i*64 + bits.TrailingZeros64(w); o < len(p.r.detectors) {
				p.candidates = append(p.candidates, p.r.detectors[o])
			}
		}
	}
	return p.candidates
}

// edits appends what is to be replaced in a text: in order, without overlaps.
func (p *pass) edits(dst []edit, body []byte, name string, by []*detector, percent, base64 bool, encoded int) []edit {
	p.subject.reset(body, name)
	p.finds = findWith(by, &p.subject, p.finds[:0])
	if percent, base64 = percent && encoded < maxEncoded, base64 && encoded < maxEncoded; len(p.finds) == 0 && !percent && !base64 {
		return dst
	}
	masks := p.r.masks.spans(body)
	left := masks
	for _, h := range p.finds {
		if h, left = outside(h, left); h.start < h.end {
			dst = append(dst, edit{start: h.start, end: h.end, with: p.r.replacement(h.d, body[h.start:h.end]), d: h.d, why: h.why})
		}
	}
	if percent {
		dst = p.percentEdits(dst, body, name, encoded+1)
	}
	if base64 {
		dst = p.base64Edits(dst, body, name, encoded+1, masks)
	}
	return joined(dst)
}

// editsIn is edits for a text that was encoded.
func (p *pass) editsIn(body []byte, name string, encoded int) []edit {
	wanted, was := p.wanted, p.encoded
	p.wanted = p.r.newBitset()
	p.wantIn(body)
	by, percent, base64 := slices.Clone(p.chosen()), p.percent(), p.encoded
	p.wanted, p.encoded = wanted, was
	edits := p.edits(nil, body, name, by, percent, base64, encoded)
	if len(edits) == 0 && looksJSON(body) {
		edits = p.jsonEdits(body, encoded)
	}
	return edits
}

// jsonEdits looks at JSON that was encoded, in which names count as in any other. It is replaced as a whole if anything in
// it is: what stands there is no longer as it was written.
func (p *pass) jsonEdits(body []byte, encoded int) []edit {
	q := p.r.newPass(nil)
	defer q.free()
	q.depth = encoded
	_, found := q.line(string(body))
	var edits []edit
	for _, f := range found {
		e := edit{end: len(body), with: errorMask, d: &detector{name: f.Detector}, why: "in JSON"}
		if f.Detector == keyDetector {
			e.d, e.with = ruleDetector, "["+ruleLabel+"]"
		} else if i := slices.IndexFunc(p.r.detectors, func(d *detector) bool { return d.name == f.Detector }); i >= 0 {
			e.d, e.with = p.r.detectors[i], p.r.plain[p.r.detectors[i]]
		}
		edits = append(edits, e)
	}
	if len(edits) > 1 {
		edits[0].also = edits[1:]
		edits = edits[:1]
	}
	return edits
}

// joined sorts edits and joins those that overlap: the longer says what stands
// there then.
func joined(edits []edit) []edit {
	if len(edits) < 2 {
		return edits
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
	kept := edits[:1]
	for _, e := range edits[1:] {
		last := &kept[len(kept)-1]
		if e.start >= last.end {
			kept = append(kept, e)
			continue
		}
		start, end := last.start, max(last.end, e.end)
		if e.end-e.start > last.end-last.start {
			*last = e
		}
		last.start, last.end = start, end
	}
	return kept
}

// apply replaces parts of the text of an item, and counts them.
func (p *pass) apply(n int32, body []byte, edits []edit, first bool) []byte {
	out := make([]byte, 0, len(body)+16*len(edits))
	pos := 0
	for i := range edits {
		e := &edits[i]
		out = append(append(out, body[pos:e.start]...), e.with...)
		pos = e.end
		p.note(n, e, first)
		for j := range e.also {
			p.note(n, &e.also[j], false)
		}
	}
	return append(out, body[pos:]...)
}

// note counts an edit.
func (p *pass) note(n int32, e *edit, first bool) {
	p.count(n, e.d.name)
	if p.trace != nil {
		p.explain(n, e, first)
	}
}

// percentEdits looks through percent-encoding. What is found is replaced where
// it stands, in the same encoding.
func (p *pass) percentEdits(dst []edit, body []byte, name string, encoded int) []edit {
	plain, at := unpercent(body)
	for _, e := range p.editsIn(plain, name, encoded) {
		e.start, e.end = int(at[e.start]), int(at[e.end])
		e.with = percentEscaper.Replace(e.with)
		e.why += ", percent-encoded"
		dst = append(dst, e)
	}
	return dst
}

// percentEscaper encodes what a mask has and an address may not have.
var percentEscaper = strings.NewReplacer("[", "%5B", "]", "%5D")

// unpercent decodes percent-encoding. at says of each byte, and of the end, where
// it stands in body.
func unpercent(body []byte) (plain []byte, at []int32) {
	plain, at = make([]byte, 0, len(body)), make([]int32, 0, len(body)+1)
	for i := 0; i < len(body); i++ {
		c := body[i]
		at = append(at, int32(i))
		if c == '%' && i+2 < len(body) && unhex(body[i+1]) < 16 && unhex(body[i+2]) < 16 {
			c = unhex(body[i+1])<<4 | unhex(body[i+2])
			i += 2
		}
		plain = append(plain, c)
	}
	at = append(at, int32(len(body)))
	for i := 0; i < len(plain); { // what is no UTF-8 is no text
		size := max(1, validRune(plain[i:]))
		if size == 1 && plain[i] >= 0x80 {
			plain[i] = '?'
		}
		i += size
	}
	return plain, at
}

// base64Edits looks through text in base64. What has a find is replaced as a whole:
// nobody could see in it what was replaced.
func (p *pass) base64Edits(dst []edit, body []byte, name string, encoded int, masks []span) []edit {
	for from := 0; ; {
		start, end := base64Run(body, from)
		if start < 0 {
			return dst
		}
		from = end
		s := textStart(body[start:end])
		if s < 0 {
			continue
		}
		start += s
		plain := make([]byte, end-start)
		size, ok := decodeBase64(plain, body[start:end])
		for end < len(body) && body[end] == '=' {
			end++
		}
		var h hit
		if h, masks = outside(hit{start: start, end: end}, masks); !ok || h.start == h.end {
			continue
		}
		if found := p.editsIn(valid(plain[:size]), name, encoded); len(found) > 0 {
			e := found[0]
			e.start, e.end, e.also = start, end, append(e.also, found[1:]...)
			e.why += ", in base64"
			dst = append(dst, e)
		}
	}
}
