package redact

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/flexorhq/flexor-go/internal/multire"
)

const (
	// maxValue is the size in bytes of the largest text that is looked at.
	maxValue = 1 << 20
	// maxContext is how many bytes of a name detectors are shown.
	maxContext = 256
	// maxPooled bounds the memory that waits for the next use.
	maxPooled = 1 << 20
)

// pass is one look at one text or JSON value, with the memory it takes. It is
// used again and again, so that a value in which there is nothing costs no
// allocation.
//
// It has three steps. scan lists the texts in a JSON value, unescaped; one pass of
// the automaton over all of them tells which have a trigger of which detector;
// only those are looked at, and only what they find is written anew.
type pass struct {
	r *Redactor

	text   []byte // the source, and behind it what was unescaped
	arena  []byte // holds text once something was unescaped
	copied bool   // text is arena

	known     known
	shapes    shapes
	skimmed   []skimmed // of each of texts, while skimming
	skimFinds []skimmedFind
	items     []item
	spans     []multire.Span // of each item its text
	frames    []frame
	fates     []fate
	docs      []doc          // the JSON of nested strings, in their order
	texts     []multire.Span // those of spans that the automaton reads
	textItems []int32        // of each of them its item
	hits      []multire.Hit
	extra     []int32 // the items that were marked for long words in them
	ruled     bool    // a rule by name holds somewhere
	renamed   bool    // something in a name was replaced
	pairs     bool    // a text names another
	look      bool    // an item was marked
	under     bool    // a name was marked, so that what stands under it is looked at too
	first     int32   // the first item of the source; those before it say where it stands

	named int // how many steps lead to the name of the source, if it has one

	made     []made
	field    string // what is reported; empty: the path of the value
	standing string // that path, where it is known
	found    []Redaction
	counted  map[Redaction]int // once there are many redactions: of each, without its count, its place in found
	trace    *[]Finding        // nil: nobody asks
	tops     []int32           // for trace: of each item the one of the source that it stands in

	// Of the text that is looked at.
	subject    text
	finds      []hit
	candidates []*detector
	wanted     bitset
	whole      []multire.Span // of it, when it is looked at again
	again      []multire.Hit
	encoded    bool // there is text in base64 in it
	names      map[string]string
	way        []step
}

// doc is the JSON in a nested string.
type doc struct {
	item int32
	multire.Span
}

// made is what an item becomes: a text, or null.
type made struct {
	text []byte
	null bool
}

// newPass returns memory for a look at src.
func (r *Redactor) newPass(src []byte) *pass {
	p := r.passes.Get().(*pass)
	p.begin(src)
	return p
}

// begin prepares for a look at src.
func (p *pass) begin(src []byte) {
	p.text, p.copied, p.pairs, p.ruled, p.renamed, p.look, p.under, p.first = src, false, false, false, false, false, false, 0
	p.items, p.spans, p.docs, p.extra = p.items[:0], p.spans[:0], p.docs[:0], p.extra[:0]
	p.field, p.standing, p.tops, p.named = "", "", p.tops[:0], 0
}

// free gives the memory back.
func (p *pass) free() {
	if cap(p.arena) > maxPooled || cap(p.items) > maxPooled/64 {
		return
	}
	p.end()
	p.r.passes.Put(p)
}

// end forgets what the look was at, and what it found.
func (p *pass) end() {
	clear(p.made)
	clear(p.skimFinds)
	p.made, p.skimFinds = p.made[:0], p.skimFinds[:0]
	p.text, p.found, p.trace, p.counted = nil, nil, nil, nil
	p.subject.reset(nil, "")
}

// add appends an item, of which the text stands in the source as it is.
func (p *pass) add(k kind, start, end int, parent, index int32) int32 {
	n := len(p.items)
	if n == cap(p.items) || n == cap(p.spans) {
		p.items, p.spans = slices.Grow(p.items, n+64), slices.Grow(p.spans, n+64)
	}
	// Field by field: to build items elsewhere and copy them is what would cost most
	// in all of a scan.
	p.items, p.spans = p.items[:n+1], p.spans[:n+1]
	t := &p.items[n]
	t.start, t.end, t.parent, t.index, t.link, t.kind, t.marks = int32(start), int32(end), parent, index, -1, k, 0
	s := &p.spans[n]
	s.Start, s.End = start, end
	if k == boolItem || k == arrayItem {
		t.marks = quiet
	}
	return int32(n)
}

// keyOver returns the key that an item stands under, itself or by its arrays; -1
// for none.
func (p *pass) keyOver(n int32) int32 {
	up := p.items[n].parent
	if up >= 0 && p.items[up].kind == arrayItem {
		return p.items[up].link
	}
	return up
}

// markLong marks an item that has a long word that somebody looks at. A time that
// stands alone is looked at by nobody.
func (p *pass) markLong(n int32) {
	s := &p.spans[n]
	body := p.text[s.Start:s.End]
	if p.r.skipTimes && isTime(body) {
		p.items[n].marks |= quiet
		return
	}
	long, encoded := p.r.longWords(body)
	if encoded || long {
		p.items[n].marks |= hasTrigger
		p.extra = append(p.extra, n)
		if long {
			p.items[n].marks |= hasLong
		}
		if encoded {
			p.items[n].marks |= hasBase64
		}
	}
}

// isTime reports whether text is a time as RFC 3339 writes it, and not midnight, as
// days of birth are.
func isTime(text []byte) bool {
	const form = "0000-00-00T00:00:00"
	if len(text) < len(form)+1 || len(text) > len(form)+len(".000000000+00:00") || text[10] != 'T' {
		return false
	}
	for i := range len(form) {
		if c := text[i]; form[i] == '0' && c-'0' >= 10 || form[i] != '0' && c != form[i] {
			return false
		}
	}
	for _, c := range text[len(form):] {
		if c-'0' >= 10 && c != '.' && c != 'Z' && c != '+' && c != '-' && c != ':' {
			return false
		}
	}
	return string(text[11:16]) != "00:00"
}

// textOf returns the text of an item.
func (p *pass) textOf(n int32) []byte {
	s := p.spans[n]
	return p.text[s.Start:s.End]
}

// run looks at the items, and reports whether any of them changes.
func (p *pass) run() bool {
	p.fates = slices.Grow(p.fates[:0], len(p.items))[:len(p.items)]
	clear(p.fates)
	if len(p.text) > maxValue {
		p.refuseLarge()
	}
	rules := p.match()
	if !rules && !p.look {
		return len(p.made) > 0
	}
	// Names come first: what is done to a value may depend on the name it stands
	// under, and a second look sees the name that this one wrote.
	if p.look {
		p.visitAll(func(k kind) bool { return k == keyItem })
	}
	if rules {
		p.applyRules()
		p.under = true // what a rule replaced is not looked at
	}
	if p.look {
		p.visitAll(func(k kind) bool { return k == stringItem || k == numberItem })
	}
	return len(p.made) > 0
}

// visitAll visits the items of some kinds that were marked, or stand under a name
// that was.
func (p *pass) visitAll(is func(kind) bool) {
	if !p.under {
		extra, last := p.extra, int32(-1)
		for _, h := range p.hits {
			for ; len(extra) > 0 && extra[0] < h.Span; extra = extra[1:] {
				p.visitOne(extra[0], is)
			}
			if h.Span != last {
				p.visitOne(h.Span, is)
			}
			last = h.Span
		}
		for _, n := range extra {
			p.visitOne(n, is)
		}
		return
	}
	for n := p.first; n < int32(len(p.items)); n++ {
		if p.fates[n].made > 0 && p.items[n].marks&nested != 0 {
			n = p.items[n].link - 1 // all of it was replaced
		} else if is(p.items[n].kind) {
			p.visit(n)
		}
	}
}

func (p *pass) visitOne(n int32, is func(kind) bool) {
	if is(p.items[n].kind) {
		p.visit(n)
	}
}

// refuseLarge replaces texts that are too large to be looked at.
func (p *pass) refuseLarge() {
	for n := range p.items {
		if s := p.spans[n]; s.End-s.Start > maxValue && p.items[n].marks&nested == 0 {
			p.replace(int32(n), []byte(largeMask), false)
			p.count(int32(n), errorDetector)
			p.items[n].marks |= quiet
		}
	}
}

// match marks the items that have triggers, and reports whether a rule may
// hold for any of them.
func (p *pass) match() (rules bool) {
	p.texts, p.textItems = p.texts[:0], p.textItems[:0]
	for n := range p.items {
		if p.items[n].marks&quiet == 0 {
			p.texts, p.textItems = append(p.texts, p.spans[n]), append(p.textItems, int32(n))
		}
	}
	p.hits = p.r.set.Scan(p.hits[:0], p.text, p.texts)
	next := int32(0) // the first text of which nothing is said yet
	for i := range p.hits {
		h := &p.hits[i]
		for ; next < h.Span; next++ {
			p.learn(next)
		}
		next = h.Span + 1
		h.Span = p.textItems[h.Span]
		t, trigger := &p.items[h.Span], &p.r.triggers[h.Pattern]
		rules = rules || trigger.rule && (t.kind == keyItem || p.pairs)
		if !trigger.detectors.empty() {
			t.marks |= hasTrigger
			p.look = true
			p.under = p.under || t.kind == keyItem
		}
	}
	for ; next < int32(len(p.texts)); next++ {
		p.learn(next)
	}
	for _, n := range p.extra {
		p.look = true
		p.under = p.under || p.items[n].kind == keyItem
	}
	p.under = p.under || p.pairs
	return rules || p.r.alwaysRules
}

// learn remembers a text in which no trigger matched.
func (p *pass) learn(i int32) {
	if n := p.textItems[i]; p.items[n].marks&(hasLong|hasBase64) == 0 {
		p.known.learn(p.textOf(n))
	}
}

// visit looks at one item if there is a reason to.
func (p *pass) visit(n int32) {
	t := &p.items[n]
	if t.marks&done != 0 || p.fates[n].made > 0 {
		return
	}
	key := p.keyOver(n)
	alias := p.aliasOf(n)
	if t.marks&hasTrigger == 0 && (t.kind == keyItem || !p.marked(key) && !p.marked(alias)) {
		return
	}
	t.marks |= done
	if t.marks&nested != 0 || n < p.first {
		return
	}
	name := ""
	if t.kind != keyItem {
		name = p.nameOf(key)
		if alias >= 0 && alias != n {
			p.visit(alias)
			name = p.nameOf(alias)
		}
	}
	clear(p.wanted)
	p.want(n)
	p.wantBy(n)
	p.encoded = t.marks&hasBase64 != 0
	p.rewrite(n, p.textOf(n), name)
}

func (p *pass) marked(n int32) bool { return n >= 0 && p.items[n].marks&hasTrigger != 0 }

// want asks for the detectors of which a trigger matched an item.
func (p *pass) want(n int32) {
	if n < 0 {
		return
	}
	if p.items[n].marks&hasLong != 0 {
		p.wanted.add(p.r.long)
	}
	first, _ := slices.BinarySearchFunc(p.hits, n, func(h multire.Hit, n int32) int { return cmp.Compare(h.Span, n) })
	for _, h := range p.hits[first:] {
		if h.Span != n {
			break
		}
		p.wanted.add(p.r.triggers[h.Pattern].detectors)
	}
}

// wantBy asks for the detectors that look at an item because of the name it stands
// under, whatever it says.
func (p *pass) wantBy(n int32) {
	if key := p.keyOver(n); key >= 0 && p.items[n].kind != keyItem {
		p.want(key)
	}
	p.want(p.aliasOf(n))
}

// nameOf returns the text of a key, or of what stands for one, as detectors see
// it: as it is written now, without what was replaced in it.
func (p *pass) nameOf(n int32) string {
	if n < 0 {
		return ""
	}
	name := p.written(n)
	if len(name) > maxContext {
		name = bytes.ToValidUTF8(name[:maxContext], nil)
	}
	if bytes.IndexByte(name, '[') >= 0 {
		name = p.r.masks.blank(name)
	}
	if s, ok := p.names[string(name)]; ok {
		return s
	}
	const most = 512
	if len(p.names) >= most {
		clear(p.names)
	}
	s := string(name)
	p.names[s] = s
	return s
}

// written returns what an item says now.
func (p *pass) written(n int32) []byte {
	if m := p.fates[n].made; m > 0 {
		return p.made[m-1].text
	}
	return p.textOf(n)
}

// replace makes an item something else. Text is what it says then; null stands
// for a value that is dropped.
func (p *pass) replace(n int32, text []byte, null bool) {
	p.renamed = p.renamed || p.items[n].kind == keyItem
	p.made = append(p.made, made{text, null && p.items[n].kind != keyItem})
	p.fates[n].made = int32(len(p.made))
}

// count adds a find to the redactions.
func (p *pass) count(n int32, detector string) {
	field := p.field
	if field == "" {
		field = p.standing
	}
	if field == "" {
		field = p.path(n)
	}
	r := Redaction{Field: field, Detector: detector}
	i, known := p.counted[r]
	if p.counted == nil { // few are soon looked through
		i = slices.IndexFunc(p.found, func(f Redaction) bool { return f.Detector == detector && f.Field == field })
		known = i >= 0
	}
	if !known {
		i = len(p.found)
		p.found = append(p.found, r)
		p.remember(i)
	}
	p.found[i].Count++
}

// remember notes where a redaction stands, once there are many.
func (p *pass) remember(i int) {
	const few = 8
	switch {
	case p.counted != nil:
		p.counted[p.found[i]] = i
	case i == few:
		p.counted = map[Redaction]int{}
		for i, f := range p.found {
			f.Count = 0
			p.counted[f] = i
		}
	}
}

// write appends the JSON in text[start:end] with what its items became.
func (p *pass) write(dst []byte, start, end int, from, to int32) []byte {
	for n := from; n < to; {
		t := &p.items[n]
		next := n + 1
		if t.marks&nested != 0 {
			next = t.link
		}
		a, b := int(t.start), int(t.end)
		if t.kind == keyItem || t.kind == stringItem {
			a, b = a-1, b+1 // with its quotes
		}
		switch m := p.fates[n].made; {
		case m > 0 && p.made[m-1].null:
			dst, start = append(append(dst, p.text[start:a]...), "null"...), b
		case m > 0:
			dst, start = appendQuoted(append(dst, p.text[start:a]...), p.made[m-1].text), b
		case t.marks&nested != 0 && p.changed(n+1, next):
			i, _ := slices.BinarySearchFunc(p.docs, n, func(d doc, n int32) int { return cmp.Compare(d.item, n) })
			inside := p.write(nil, p.docs[i].Start, p.docs[i].End, n+1, next)
			dst, start = appendQuoted(append(dst, p.text[start:a]...), inside), b
		}
		n = next
	}
	return append(dst, p.text[start:end]...)
}

// changed reports whether any of the items changes.
func (p *pass) changed(from, to int32) bool {
	return slices.ContainsFunc(p.fates[from:to], func(f fate) bool { return f.made > 0 })
}

// valid returns src in valid UTF-8.
func valid(src []byte) []byte {
	if isASCII(src) || utf8.Valid(src) {
		return src
	}
	return bytes.ToValidUTF8(src, []byte("\uFFFD"))
}

// isASCII reports whether b is ASCII. It looks at 32 bytes at a time.
func isASCII(b []byte) bool {
	var all uint64
	for len(b) >= 32 {
		all |= binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:]) | binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
		b = b[32:]
	}
	for len(b) >= 8 {
		all |= binary.LittleEndian.Uint64(b)
		b = b[8:]
	}
	for _, c := range b {
		all |= uint64(c)
	}
	return all&highs == 0
}
