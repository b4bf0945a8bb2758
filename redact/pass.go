package redact

import (
	"bytes"
	"cmp"
	"slices"

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
	values    []int32          // of the objects that are being scanned the keys that something beside them may name
	arguments map[int32]string // of arguments of commands the names that stand for their flags
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

	depth int // of encodings that the source stood in

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
	p.depth = 0
	clear(p.arguments)
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
			name = p.aliasName(n, alias)
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
	alias := p.aliasOf(n)
	p.want(alias)
	if _, ok := p.arguments[n]; ok || alias >= 0 && p.items[alias].kind == keyItem && namingOf(p.textOf(alias)) == saysSecret {
		p.wanted.add(p.r.named)
	}
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
	name = p.r.masks.unmasked(name)
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
