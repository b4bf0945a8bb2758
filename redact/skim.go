package redact

import (
	"slices"
	"unicode/utf8"

	"github.com/flexorhq/flexor-go/internal/multire"
)

// skim looks at a JSON value in text[:size] that has a shape which came before, and reports whether
// it is sure of what becomes of it. What it is not sure of is scanned.
//
// It takes what lies between the values to be what it was, which is a comparison of bytes,
// and looks at each value as a pass would under its name.
func (p *pass) skim(size int) bool {
	root := p.shapes.roots[p.field]
	if root == nil {
		return false
	}
	p.texts, p.skimmed, p.skimFinds = p.texts[:0], p.skimmed[:0], p.skimFinds[:0]
	if !p.skimJSON(root, 0, size) || !p.skimTexts() {
		return false
	}
	if len(p.skimFinds) > 0 {
		p.redactSkimmed()
	}
	return true
}

// skimmed is a text that is not known yet.
type skimmed struct {
	place         *place
	start, end    int32 // where it stands in the source, with its escapes
	inside        bool  // or in the JSON in a string
	long, encoded bool  // as [Redactor.longWords] says
}

// skimmedFind is what was found in one of them.
type skimmedFind struct {
	text  int // its number
	edits []edit
}

// skimJSON reads the JSON in text[pos:end], which begins at a place.
func (p *pass) skimJSON(at *place, pos, end int) bool {
	b, inside := p.text[:end], pos > 0
	for {
		l := at.link(b[pos:])
		if l == nil {
			return false
		}
		pos += len(l.text)
		if at = l.to; at == nil {
			return pos == end
		}
		for before := (*way)(nil); ; {
			w := at.ways.find(b[pos:])
			if before != nil {
				p.join(before, w)
			}
			if w == nil {
				break
			}
			pos, at, before = pos+len(w.low), w.to, w
		}
		start := pos
		if at.number {
			stop, digits := jsonNumber(b, pos)
			if stop < 0 {
				return false
			}
			pos = stop
			if !at.kept && (at.wanted != nil || digits && pos-start >= minNumber) {
				p.skimLater(start, pos, skimmed{place: at, start: int32(start), end: int32(pos), inside: inside})
			}
		} else {
			stop, escaped, ascii, run := stringEnd(b, pos)
			if stop < 0 || !ascii && !utf8.Valid(b[start:stop]) {
				return false
			}
			pos = stop
			if at.namesNext(b[start:pos]) {
				return false
			}
			if escaped {
				if !p.skimEscaped(at, start, pos, inside) {
					return false
				}
				b = p.text[:end]
				continue
			}
			if !at.kept {
				p.skimText(start, pos, run, skimmed{place: at, start: int32(start), end: int32(pos), inside: inside})
			}
		}
		if at.kept || at.wanted == nil {
			if s := at.ways.see(b[start:pos], at.number); s != nil {
				p.learnWay(at, s, b, pos)
			}
		}
	}
}

// link returns what text goes on with behind a place; nil: it is not known.
func (at *place) link(text []byte) *link {
	for i := range at.next {
		l := &at.next[i]
		if n := len(l.text); n <= len(text) && string(text[:n]) == l.text && (l.to == nil || l.to.mayBeAt(text[n:])) {
			return l
		}
	}
	return nil
}

// namesNext reports whether a text at a place may say that others are secrets: the next element, the arguments of
// a command, the data of a manifest.
func (at *place) namesNext(text []byte) bool {
	return at.ahead && len(text) > 0 && (text[0] == '-' && (isSecretFlag(text) || beginsKey(text)) || commandOf(text) != nil || isManifest(text))
}

// mayBeAt reports whether what a text goes on with may be the value of a place: a number or not, as it was.
func (at *place) mayBeAt(text []byte) bool {
	return !at.number || len(text) > 0 && (isDigit(text[0]) || text[0] == '-')
}

// skimText looks at text[start:end], or puts that off if it is not sure that nothing is found there.
func (p *pass) skimText(start, end int, run bool, s skimmed) {
	body, at := p.text[start:end], s.place
	if at.wanted == nil && at.recalls() {
		if p.known.has(body) {
			at.strange = 0
			return
		}
		at.strange++
	}
	if run {
		if at.wanted == nil && p.r.skipTimes && isTime(body) {
			return
		}
		s.long, s.encoded = p.r.longWords(body)
	}
	p.skimLater(start, end, s)
}

// recalls reports whether it is worth looking whether a text is known: at a place where many
// were not in a row, seldom.
func (at *place) recalls() bool {
	if at.strange < manyStrange {
		return true
	}
	at.strange++
	return at.strange%manyStrange == 0
}

// manyStrange is how many texts in a row must be unknown.
const manyStrange = 16

// skimLater puts a text off.
func (p *pass) skimLater(start, end int, s skimmed) {
	p.texts, p.skimmed = append(p.texts, multire.Span{Start: start, End: end}), append(p.skimmed, s)
}

// skimEscaped reads a string with escapes, or says that it cannot.
func (p *pass) skimEscaped(at *place, start, end int, inside bool) bool {
	if !p.copied {
		p.arena = append(p.arena[:0], p.text...)
		p.copied = true
	}
	from := len(p.arena)
	arena, ok := appendUnescaped(p.arena, p.arena[start:end])
	if p.arena, p.text = arena, arena; !ok || at.namesNext(arena[from:]) {
		return false
	}
	switch {
	case !looksJSON(arena[from:]):
		if !at.kept {
			p.skimText(from, len(arena), true, skimmed{place: at, start: int32(start), end: int32(end), inside: inside})
		}
		return true
	case at.inside == nil:
		return false
	}
	return p.skimJSON(at.inside, from, len(arena))
}

// skimTexts looks at the texts that were put off, and reports whether it is sure of all of them.
func (p *pass) skimTexts() (sure bool) {
	if len(p.texts) == 0 {
		return true
	}
	defer func() {
		if recover() != nil {
			sure = false // it will fail again
		}
	}()
	p.hits = p.r.set.Scan(p.hits[:0], p.text, p.texts)
	hits := p.hits
	for i := range p.skimmed {
		s := &p.skimmed[i]
		body := p.text[p.texts[i].Start:p.texts[i].End]
		if (len(hits) == 0 || hits[0].Span != int32(i)) && s.place.wanted == nil && !s.encoded && !s.long {
			if s.place.strange <= manyStrange {
				p.known.learn(body)
			}
			continue
		}
		clear(p.wanted)
		for ; len(hits) > 0 && hits[0].Span == int32(i); hits = hits[1:] {
			p.wanted.add(p.r.triggers[hits[0].Pattern].detectors)
		}
		if s.place.wanted != nil {
			p.wanted.add(s.place.wanted)
		}
		if s.long {
			p.wanted.add(p.r.long)
		}
		if p.encoded = s.encoded; !p.encoded && p.wanted.within(p.r.digits) && isNumbered(body) {
			continue
		}
		edits := p.edits(nil, body, s.place.name, p.chosen(), p.percent(), p.encoded, 0)
		if len(edits) == 0 {
			continue
		}
		if s.inside || s.place.wanted != nil {
			return false // what is done to it depends on more than its place
		}
		p.skimFinds = append(p.skimFinds, skimmedFind{i, edits})
	}
	return true
}

// redactSkimmed redacts the texts in which there is something. Each becomes an item, behind items
// that say where it stands.
func (p *pass) redactSkimmed() {
	if !p.copied {
		p.arena, p.copied = append(p.arena[:0], p.text...), true
	}
	p.fates = p.fates[:0]
	p.hits = p.hits[:0] // they are those of texts, not of items
	for i := range p.skimFinds {
		f := &p.skimFinds[i]
		s := &p.skimmed[f.text]
		first := len(p.items)
		n := p.standsAt(s.place)
		t := &p.items[n]
		t.start, t.end, p.spans[n] = s.start, s.end, p.texts[f.text]
		p.text = p.arena
		p.fates = slices.Grow(p.fates, len(p.items)-len(p.fates))[:len(p.items)]
		clear(p.fates[first:])
		p.editSkimmed(n, s.place, f.edits)
	}
}

// editSkimmed replaces what was found in an item. If that fails it is closed.
func (p *pass) editSkimmed(n int32, at *place, edits []edit) {
	defer func() {
		if recover() != nil {
			p.close(n)
		}
	}()
	p.standing = at.field
	p.edit(n, p.textOf(n), at.name, edits)
}

// standsAt adds an item at a place, behind those of the names and the arrays that it stands in.
func (p *pass) standsAt(at *place) int32 {
	parent, index := int32(-1), int32(-1)
	p.named = at.named
	for _, s := range at.path {
		if s.array {
			parent, index = p.addArray(parent, index), s.index
			continue
		}
		parent, index = p.addName(s.name, parent, index), -1
	}
	kind := stringItem
	if at.number {
		kind = numberItem
	}
	return p.add(kind, 0, 0, parent, index)
}
