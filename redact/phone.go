package redact

import (
	"bytes"
	"strings"
)

// phoneDetector finds telephone numbers: international ones, national ones as people write
// them, and bare ones under a key or near a word that says phone.
func phoneDetector() *detector {
	return &detector{
		name: "phone", group: groupPII, label: "PHONE",
		triggers:  []string{digitRun},
		find:      findPhones,
		normalise: normalisePhone,
		keep:      4,
	}
}

// The shortest and longest numbers that count, in digits. The longest is that of E.164.
const minPhone, maxPhone = 7, 15

func findPhones(t *text, hits []hit) []hit {
	n := t.numbers()
	if n.most < minPhone {
		return hits
	}
	whole := wholeValue(n.b)
	for i := 0; i < len(n.words); {
		p := n.phoneAt(i, whole)
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
func (n *numbers) phoneAt(i int, whole span) phone {
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
	return n.loose(i, start, &c, whole)
}

// international reads +44 20 7946 0958 and +44 (0)20…; the plus is at b[plus]. A number that
// is too long or too short for its country counts too, unless it looks like a signed amount.
func (n *numbers) international(i, plus int) phone {
	if plus > 0 && (isWord(n.b[plus-1]) || n.b[plus-1] == '+') {
		return phone{}
	}
	var buf [maxPhone]byte
	digits := append(buf[:0], n.b[n.words[i].start:n.words[i].end]...)
	exact, any := phone{}, phone{}
	for j := i; ; {
		if p := (phone{plus, j, "international"}); n.fraction(j) {
			return exact
		} else if internationalSize(digits) {
			exact = p
			if j == i {
				return exact // what follows a compact number is another
			}
		} else if len(digits) >= 9 && digits[0] > '1' && !bytes.HasSuffix(digits, []byte("0000")) {
			any = p
		}
		if j++; j == len(n.words) {
			break
		}
		g := n.words[j]
		if g.mixed || g.sep == 0 || len(digits)+g.len() > maxPhone {
			break
		}
		// The trunk prefix of the country, which is not dialled from outside.
		if g.len() == 1 && n.b[g.start] == '0' && n.b[g.start-1] == '(' {
			continue
		}
		digits = append(digits, n.b[g.start:g.end]...)
	}
	if exact.why == "" {
		if _, size := planOf(digits); size > 0 {
			return any
		}
	}
	return exact
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
			return phone{n.words[i].start, j, "international, length of the country"}
		}
		if k++; k == c.n || len(digits)+c.sizes[k] > maxPhone {
			return phone{}
		}
		digits = append(digits, n.b[n.words[j+1].start:n.words[j+1].end]...)
	}
}

// chain is the groups of digits that separators join from a word on.
type chain struct {
	n      int
	sizes  [6]int
	seps   [6]byte // seps[k] stands before group k
	digits int
	more   bool // another group follows
}

func (n *numbers) chain(i int) chain {
	c := chain{n: 1, digits: n.words[i].len()}
	c.sizes[0] = c.digits
	for j := i + 1; j < len(n.words); j++ {
		g := n.words[j]
		if g.sep == 0 || g.mixed && !g.mask {
			break
		}
		if g.mask || c.n == len(c.sizes) || c.digits+g.len() > maxPhone {
			c.more = true
			break
		}
		c.sizes[c.n], c.seps[c.n] = g.len(), g.sep
		c.n++
		c.digits += g.len()
	}
	return c
}

// shape reports whether groups of those sizes follow from group k on, with one of the separators
// before each but the first.
func (c *chain) shape(k int, seps string, sizes ...int) bool {
	if c.n < k+len(sizes) {
		return false
	}
	for j, size := range sizes {
		if c.sizes[k+j] != size || j > 0 && strings.IndexByte(seps, c.seps[k+j]) < 0 {
			return false
		}
	}
	return true
}

// free reports whether no other number stands beside words i to j with only a space between,
// as in a column.
func (n *numbers) free(i, j int) bool {
	if n.words[i].sep != 0 {
		return false
	}
	if j++; j < len(n.words) {
		next := n.words[j]
		return next.sep == 0 || next.mixed && !next.mask
	}
	return true
}

// national reads numbers as people write them, of plans where the groups tell.
func (n *numbers) national(i int, c *chain, open bool) (last int, why string) {
	if c.n < 2 || n.joinedLeft(i) {
		return 0, ""
	}
	w := n.words[i]
	b, at := n.b, w.start
	switch {
	case open:
		if at > 1 && isWord(b[at-2]) {
			return 0, "" // a call: f(12)
		}
		last, why = n.bracketed(i, c)
	case w.len() == 1 && (b[at] == '1' || b[at] == '8') && (c.seps[1] == '(' || c.seps[1] == '-' || c.seps[1] == ' ' || c.seps[1] == '.'):
		// 1 (415) 555-2671, 8 (495) 123-45-67
		switch {
		case b[at] == '1' && n.areaCode(i+1) && (c.shape(1, "-", 3, 3, 4) || c.shape(1, ".", 3, 3, 4) || c.shape(1, ") ", 3, 3, 4) || c.shape(1, ")-", 3, 3, 4)) && (c.seps[1] != ' ' || n.free(i, i+3)):
			last, why = i+3, "North America"
		case b[at] == '8' && (c.seps[1] != ' ' || c.n == 5) && c.shape(1, " )-", 3, 3, 2, 2):
			last, why = i+4, "Russia"
		case b[at] == '8' && c.seps[1] != ' ' && c.shape(1, " )-", 3, 3, 4):
			last, why = i+3, "Russia"
		}
	case w.len() == 3 && n.areaCode(i) && c.shape(0, "-", 3, 3, 4):
		last, why = i+2, "North America"
	case w.len() == 3 && n.areaCode(i) && c.shape(0, ".", 3, 3, 4) && b[n.words[i+1].start] >= '2':
		last, why = i+2, "North America"
	case w.len() == 3 && n.areaCode(i) && (c.shape(0, " ", 3, 3, 4) || c.shape(0, " -", 3, 3, 4)) && b[n.words[i+1].start] >= '2' && n.free(i, i+2):
		last, why = i+2, "North America"
	case w.len() == 3 && b[at] == '1' && b[at+1] >= '3' && (c.shape(0, " ", 3, 4, 4) || c.shape(0, "-", 3, 4, 4)) && n.free(i, i+2):
		last, why = i+2, "China"
	case b[at] == '0' && w.len() > 1 && b[at+1] != '0':
		last, why = n.trunk(i, c)
	case b[at] >= '5' && c.n == 3 && (c.shape(0, " ", 3, 3, 3) || c.shape(0, "-", 3, 3, 3)) && n.free(i, i+2) && !n.amount(i, i+2):
		last, why = i+2, "nine digits in threes"
	}
	if why == "" || n.joinedRight(last) {
		return 0, ""
	}
	return last, why
}

// amount reports whether what stands before word i, or after word j, may be a currency or a unit, or
// a fraction.
func (n *numbers) amount(i, j int) bool {
	start, rest := n.words[i].start, n.b[n.words[j].end:]
	if start > 0 && (n.b[start-1] >= 0x80 || n.b[start-1] == '$' || n.b[start-1] == '-') {
		return true
	}
	if len(rest) > 1 && rest[0] == ',' {
		return isDigit(rest[1]) || maskAt(rest, 1) > 0
	}
	rest = bytes.TrimPrefix(rest, []byte(" "))
	if len(rest) > 0 && (rest[0] >= 0x80 || rest[0] == '$' || rest[0] == '%') {
		return true
	}
	// EUR, kB
	k := 0
	for k < len(rest) && isLetter(rest[k]) {
		k++
	}
	return k == 3 && !isLower(rest[0]) || k == 2 && rest[1] == 'B' || k == 1
}

// areaCode reports whether word i is one of North America.
func (n *numbers) areaCode(i int) bool { return n.b[n.words[i].start] >= '2' }

// trunk reads what starts with the 0 of the trunk prefix: 020 7946 0958, 06.12.34.56.78, 030/1234567.
func (n *numbers) trunk(i int, c *chain) (last int, why string) {
	last = i + c.n - 1
	if c.more || c.digits < 9 || c.digits > 12 || c.n > 5 || c.sizes[0] > 6 || !n.free(i, last) {
		return 0, ""
	}
	for k := 1; k < c.n; k++ {
		sep := c.seps[k]
		if c.sizes[k] < 2 || sep == '(' || sep == '/' && k > 1 || sep == ')' && k > 1 {
			return 0, ""
		}
		if k > 1 && (sep == '.') != (c.seps[1] == '.') && c.seps[1] != '/' {
			return 0, ""
		}
	}
	if c.n == 2 && c.seps[1] == '-' && c.sizes[0] == 5 && c.sizes[1] <= 5 {
		return 0, "" // 02110-1301, a postal code
	}
	if c.sizes[c.n-1] == 2 && c.sizes[c.n-2] != 2 {
		return 0, ""
	}
	return last, "national, groups after a 0"
}

// bracketed reads what starts with an area code in brackets: (415) 555-2671, (11) 91234-5678, (030) 123456.
func (n *numbers) bracketed(i int, c *chain) (last int, why string) {
	at := n.words[i].start
	if c.seps[1] != ')' || c.sizes[0] < 2 || c.sizes[0] > 6 {
		return 0, ""
	}
	if n.areaCode(i) && (c.shape(0, ")- .", 3, 3, 4) || c.shape(0, ")", 3, 7)) {
		return i + c.sizesTo(10), "North America"
	}
	last = i + c.n - 1
	if c.more || c.digits < 8 || c.digits > 12 || c.n > 5 {
		return 0, ""
	}
	for k := 1; k < c.n; k++ {
		if c.sizes[k] < 2 || k > 1 && c.seps[k] != ' ' && c.seps[k] != '-' {
			return 0, ""
		}
	}
	if n.b[at] != '0' && c.seps[c.n-1] != '-' && !c.shape(1, " ", 4, 4) && (c.n > 2 || c.sizes[1] < minPhone) {
		return 0, ""
	}
	return last, "national, area code in brackets"
}

// sizesTo returns the group with which the chain reaches so many digits.
func (c *chain) sizesTo(digits int) int {
	for k := range c.n {
		if digits -= c.sizes[k]; digits <= 0 {
			return k
		}
	}
	return c.n - 1
}

// loose reads any digits in up to six groups that a key or a word says are a phone, and, as
// the whole of a value, groups with spaces.
func (n *numbers) loose(i, start int, c *chain, whole span) phone {
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
	if whole != (span{start, end}) || c.digits < 8 || c.digits > 12 {
		return phone{}
	}
	if c.n == 1 {
		// A number with a trunk prefix and without a name. Under a name it may be an order.
		if n.named || n.b[start] != '0' || n.b[start+1] == '0' || c.digits < 10 || c.digits > 11 {
			return phone{}
		}
		return phone{start, last, "a trunk prefix and nothing else"}
	}
	for k := range c.n {
		if k > 0 && c.seps[k] != ' ' || c.sizes[k] < 2 {
			return phone{}
		}
	}
	return phone{start, last, "groups of digits and nothing else"}
}

// wholeValue is b without the white space around it.
func wholeValue(b []byte) span {
	start, end := 0, len(b)
	for start < end && b[start] <= ' ' {
		start++
	}
	for start < end && b[end-1] <= ' ' {
		end--
	}
	return span{start, end}
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
	folded, _ := fold(value, nil)
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
