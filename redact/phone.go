package redact

import "bytes"

// phoneDetector finds telephone numbers: international ones, national ones as people write
// them, and bare ones under a key or near a word that says phone.
func phoneDetector() *detector {
	return &detector{
		name: "phone", group: groupPII, label: "PHONE",
		triggers:  []string{digitRun},
		find:      findPhones,
		normalise: normalisePhone,
	}
}

// The shortest and longest numbers that count, in digits. The longest is that of E.164.
const minPhone, maxPhone = 7, 15

func findPhones(t *text, hits []hit) []hit {
	n := t.numbers()
	if n.most < minPhone {
		return hits
	}
	for i := 0; i < len(n.words); {
		p := n.phoneAt(i)
		if p.why == "" || n.b[p.start] != '+' && !hasDigitRun(n.b[p.start:n.words[p.last].end]) {
			i++
			continue
		}
		end := n.extension(n.words[p.last].end)
		hits = append(hits, n.hit(p.start, end, p.why))
		for i = p.last + 1; i < len(n.words) && n.words[i].start < end; {
			i++
		}
	}
	return hits
}

// phone is a number that ends with a word.
type phone struct {
	start, last int
	why         string
}

// phoneAt reads the number that starts at word i; no why: there is none.
func (n *numbers) phoneAt(i int) phone {
	w := n.words[i]
	if w.mixed || w.len() > maxPhone {
		return phone{}
	}
	start := w.start
	open := start > 0 && n.b[start-1] == '('
	if open {
		start--
	}
	if start > 0 && n.b[start-1] == '+' {
		return n.international(i, start-1)
	}
	if open && (w.end == len(n.b) || n.b[w.end] != ')') {
		open, start = false, w.start
	}
	var sep byte // what joins the next word
	if i+1 < len(n.words) {
		sep = n.words[i+1].sep
	}
	if w.len() < minPhone && (sep == 0 || open && w.len() == 1 || w.sep != 0 && !open && (w.sep != ' ' || sep == ' ' || sep == '/')) {
		return phone{} // too short, the middle of a number, a column of numbers
	}
	c := n.chain(i)
	if n.b[w.start] == '0' && w.len() > 1 && n.b[w.start+1] == '0' {
		if p := n.exit(i, &c, open); p.why != "" {
			return p
		}
	}
	if last, why := n.national(i, &c, open); why != "" {
		return phone{start, last, why}
	}
	return n.loose(i, start, &c)
}

// international reads +44 20 7946 0958 and +44 (0)20…; the plus is at b[plus]. A number that
// is too long or too short for its country counts too, unless it looks like a signed amount.
func (n *numbers) international(i, plus int) phone {
	if plus > 0 && (isWord(n.b[plus-1]) || n.b[plus-1] == '+' || inMask(n.b, plus-1)) {
		return phone{}
	}
	var buf [maxPhone]byte
	digits := append(buf[:0], n.b[n.words[i].start:n.words[i].end]...)
	exact, likely := -1, -1 // the last word of it
	for j := i; !n.fraction(j); {
		switch {
		case internationalSize(digits):
			exact = j
		case len(digits) >= 9 && digits[0] > '1' && !bytes.HasSuffix(digits, []byte("0000")):
			likely = j
		}
		if exact == i {
			break // what follows a compact number is another
		}
		if j++; j == len(n.words) {
			break
		}
		g := n.words[j]
		if g.mixed || g.sep == 0 || len(digits)+g.len() > maxPhone {
			break
		}
		// The trunk prefix of the country is not dialled from outside.
		if g.len() == 1 && n.b[g.start] == '0' && n.b[g.start-1] == '(' {
			continue
		}
		digits = append(digits, n.b[g.start:g.end]...)
	}
	if exact < 0 {
		if _, size := planOf(digits); size == 0 {
			return phone{}
		}
		exact = likely
	}
	if exact < 0 {
		return phone{}
	}
	return phone{plus, exact, "international"}
}

// fraction reports whether a decimal fraction follows word i.
func (n *numbers) fraction(i int) bool {
	end := n.words[i].end
	return end-n.words[i].start > 4 && end+1 < len(n.b) && n.b[end] == '.' && isDigit(n.b[end+1])
}

// internationalSize reports whether digits are a calling code and as many more as numbers there have.
func internationalSize(digits []byte) bool {
	if len(digits) < minPhone {
		return false
	}
	plan, size := planOf(digits)
	rest := len(digits) - size
	return size > 0 && plan.min <= rest && rest <= plan.max && (plan.code != 1 || digits[1] >= '2')
}

// exit reads 00 44 20 7946 0958, 0044…
func (n *numbers) exit(i int, c *chain, open bool) phone {
	if open || n.joined(i) || c.n > 1 && c.sizes[0] > 5 {
		return phone{}
	}
	var buf [maxPhone]byte
	digits := append(buf[:0], n.b[n.words[i].start+2:n.words[i].end]...)
	for k := 0; ; {
		j := i + k
		if len(digits) > 0 && digits[0] == '0' {
			return phone{}
		}
		if internationalSize(digits) && len(digits) >= 9 && !n.joinedRight(j) && n.free(i, j) {
			return phone{n.words[i].start, j, "international"}
		}
		if k++; k == c.n || len(digits)+c.sizes[k] > maxPhone {
			return phone{}
		}
		digits = append(digits, n.b[n.words[j+1].start:n.words[j+1].end]...)
	}
}

// loose reads any digits in up to six groups that a key or a word says are a phone, and, as
// the whole of a value, groups with spaces.
func (n *numbers) loose(i, start int, c *chain) phone {
	last, w := i+c.n-1, n.words[i]
	if w.len() >= 9 {
		last = i // long enough; what follows is another number
	} else if c.more {
		return phone{}
	}
	end := n.words[last].end
	if c.digits < minPhone || n.joinedLeft(i) || n.joinedRight(last) || w.sep != 0 && w.sep != ' ' {
		return phone{}
	}
	if n.about(i, last, aboutPhone) {
		return phone{start, last, "a word or a key says so"}
	}
	whole := wholeValue(n.b) == (span{start, end})
	if n.named && whole || c.digits > 12 {
		return phone{} // under a name it may be an order
	}
	if c.n == 1 {
		if n.bareTrunk(i) && n.free(i, last) && nearestTopic(n.b, w.start, w.end)&aboutOther == 0 {
			return phone{start, last, "a trunk prefix, in one piece"}
		}
		return phone{}
	}
	if !whole {
		return phone{}
	}
	for k := range c.n {
		if k > 0 && c.seps[k] != ' ' || c.sizes[k] < 2 {
			return phone{}
		}
	}
	return phone{start, last, "groups of digits and nothing else"}
}

// bareTrunk reports whether word i is of 10 or 11 digits from the 0 of a trunk prefix on. Counters have more zeros, and
// examples are 0123456789.
func (n *numbers) bareTrunk(i int) bool {
	w := n.words[i]
	digits := n.b[w.start:w.end]
	return (len(digits) == 10 || len(digits) == 11) && digits[0] == '0' && digits[1] != '0' && !bytes.HasPrefix(digits, []byte("0123456"))
}

// wholeValue is b without the white space around it, that is \s of RE2.
func wholeValue(b []byte) span {
	const space = " \t\n\f\r"
	start := len(b) - len(bytes.TrimLeft(b, space))
	return span{start, max(start, len(bytes.TrimRight(b, space)))}
}

// extension returns where the number that ends at b[end] ends with its extension: x12, ext. 12.
func (n *numbers) extension(end int) int {
	i := end
	for i < len(n.b) && i < end+2 && (n.b[i] == ' ' || n.b[i] == ',') {
		i++
	}
	for _, word := range [...]string{"extension", "ext.", "ext", "x", "#"} {
		if j := i + len(word); j < len(n.b) && lowerEqual(n.b[i:j], word) {
			if n.b[j] == ' ' {
				j++
			}
			if d := digitsAt(n.b, j); d > 0 && d <= 6 && !wordAt(n.b, j+d) {
				return j + d
			}
		}
	}
	return end
}

// lowerEqual reports whether b is word, which is in lower case.
func lowerEqual(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// normalisePhone appends the digits of value to dst, with a plus where it has one, without the trunk
// prefix in +44 (0)20 and the extension.
func normalisePhone(dst, value []byte) []byte {
	folded := foldedBytes(value)
	if len(folded) > 0 && (folded[0] == '+' || bytes.HasPrefix(folded, []byte("(+"))) {
		dst = append(dst, '+')
		if i := bytes.Index(folded, []byte("(0)")); i > 0 {
			folded = append(bytes.Clone(folded[:i]), folded[i+3:]...)
		}
	}
	for _, c := range folded {
		if isLetter(c) || c == '#' {
			break
		}
		if isDigit(c) {
			dst = append(dst, c)
		}
	}
	return dst
}
