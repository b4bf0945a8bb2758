package redact

// numbers is a text as the detectors of digits see it: its words that hold a
// digit, found once for all of them.
type numbers struct {
	src    []byte // the text as it is
	b      []byte // the text in ASCII as far as digits and separators go: src or folded.b
	at     []int  // at[i] is where b[i] stands in src; nil: at i
	folded folded

	words   []word
	most    int // digits in words that separators join, in the longest of such rows
	shields []shield
	name    string
	key     topic // what the name says that the value is
	named   bool  // there is a name that says something
}

// word is a run of letters, digits and underscores with at least one digit, or a mask.
type word struct {
	start, end int
	mixed      bool // it holds letters or underscores too
	mask       bool // it is what a mask wrote, and stands for a word that was there
	sep        byte // what alone stands between it and the word before: see separator
}

func (w word) len() int { return w.end - w.start }

// maxColumn is how many short numbers in a row are looked at. No detector looks for more, so the
// rest of a table is one word, which like a mask joins what is beside it.
const maxColumn = 16

// scan reads text b, which stands under key.
func (n *numbers) scan(b []byte, key string) {
	if n.src == nil || key != n.name {
		n.name, n.key, n.named = key, keyTopic(key), !namesNothing(key)
	}
	n.src = b
	n.words, n.shields, n.most = n.words[:0], n.shields[:0], 0
	n.b, n.at = b, nil
	if n.folded.fold(b) {
		b = n.folded.b
		n.b, n.at = b, n.folded.at
	}
	r := row{}
	for i := 0; i < len(b); {
		first := byteClass[b[i]]
		if first == 0 {
			if b[i] == '[' {
				if end := maskAt(b, i); end > 0 {
					n.add(word{start: i, end: end, mixed: true, mask: true}, &r)
					i = end
					continue
				}
			}
			i++
			continue
		}
		if first == digitByte || first == hexByte && byteAt(b, i+8) == '-' {
			if end, kind := shieldAt(b, i); kind != 0 {
				n.shield(i, end, kind, &r)
				i = end
				continue
			}
		}
		w, class := word{start: i}, byte(0)
		for i < len(b) && byteClass[b[i]] != 0 {
			class |= byteClass[b[i]]
			i++
		}
		if class&digitByte == 0 {
			continue // no separator holds it, so what is on its sides is not joined either
		}
		w.end, w.mixed = i, class != digitByte
		if kind := shieldWord(b[w.start:w.end], class); kind != 0 {
			n.shield(w.start, w.end, kind, &r)
			continue
		}
		n.add(w, &r)
	}
}

// row is what scan knows of the words that separators join.
type row struct {
	end    int  // where the last one ends
	joins  bool // there is one
	digits int
	short  int // how many short numbers in it have followed each other
}

// add appends a word.
func (n *numbers) add(w word, r *row) {
	if r.joins {
		w.sep = separator(n.b[r.end:w.start])
	}
	if w.sep == 0 {
		r.digits, r.short = 0, 0
	}
	r.end, r.joins = w.end, true
	if !w.mixed {
		r.digits += w.len()
		n.most = max(n.most, r.digits)
	}
	if w.sep == 0 || w.mixed || w.len() > 3 {
		r.short = 0
	} else if r.short++; r.short > maxColumn {
		last := &n.words[len(n.words)-1]
		last.end, last.mixed, last.mask = w.end, true, true
		return
	}
	n.words = append(n.words, w)
}

// shield notes a shield at b[start:end]. It joins nothing.
func (n *numbers) shield(start, end int, kind shieldKind, r *row) {
	r.joins = false
	if kind != shieldNumber {
		n.shields = append(n.shields, shield{n.span(start, end), kind})
	}
}

// wide is a separator of more than one space, which only cards may have.
const wide = 'w'

// separator names what stands between two words; 0: nothing that joins them.
func separator(gap []byte) byte {
	switch string(gap) {
	case " ", "\t":
		return ' '
	case "  ", "   ":
		return wide
	case "-", " - ":
		return '-'
	case ".":
		return '.'
	case "/", " / ":
		return '/'
	case "(", " (", "-(":
		return '('
	case ")", ") ", ")-":
		return ')'
	}
	return 0
}

// span is where b[start:end] stands in the text.
func (n *numbers) span(start, end int) span {
	if n.at == nil {
		return span{start, end}
	}
	return span{n.at[start], n.at[end-1] + foldedLen(n.src[n.at[end-1]:])}
}

// hit is a find at b[start:end].
func (n *numbers) hit(start, end int, why string) hit {
	s := n.span(start, end)
	return hit{start: s.start, end: s.end, why: why}
}

// about reports whether the key, or words near words i to j, say that they are of
// one of the topics.
func (n *numbers) about(i, j int, topics topic) bool {
	return n.key&topics != 0 || nearTopic(n.b, n.words[i].start, n.words[j].end)&topics != 0
}

// joined reports whether word i is a part of something larger: of a name such as
// web-4111, a fraction, a version. A word that says what it is may be joined to it: card-4111.
func (n *numbers) joined(i int) bool {
	return n.joinedLeft(i) || n.joinedRight(i)
}

func (n *numbers) joinedLeft(i int) bool {
	at := n.words[i].start
	if at < 2 {
		return false
	}
	switch c := n.b[at-1]; c {
	case '.':
		return isDigit(n.b[at-2]) || inMask(n.b, at-2)
	case '-':
		// Also -4111…: a negative number.
		return nearTopic(n.b, at, at) == 0
	}
	return false
}

func (n *numbers) joinedRight(i int) bool {
	end := n.words[i].end
	if end+1 >= len(n.b) {
		return false
	}
	switch c := n.b[end]; c {
	case '.':
		return isDigit(n.b[end+1]) || maskAt(n.b, end+1) > 0
	case '-':
		return isWord(n.b[end+1]) || maskAt(n.b, end+1) > 0
	}
	return false
}
