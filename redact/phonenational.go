package redact

import "bytes"

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
	case w.len() == 1 && b[at] == '8' && c.seps[1] != '/':
		last, why = n.russian(i, c)
	case n.northAmerican(i, c) > 0:
		last, why = n.northAmerican(i, c), "North America"
	case w.len() == 3 && b[at] == '1' && b[at+1] >= '3' && (c.shape(0, " ", 3, 4, 4) || c.shape(0, "-", 3, 4, 4)) && n.free(i, i+2):
		last, why = i+2, "China"
	case (bytes.HasPrefix(b[at:], []byte("1300 ")) || bytes.HasPrefix(b[at:], []byte("1800 "))) && c.n == 3 && c.shape(0, " ", 4, 3, 3) && n.free(i, i+2):
		last, why = i+2, "toll-free"
	case w.len() == 1 && b[at] == '1' && c.n == 4 && (c.shape(0, "-", 1, 3, 3, 3) || c.shape(0, "-", 1, 3, 2, 4)):
		last, why = i+3, "toll-free"
	case b[at] == '0' && w.len() > 1 && b[at+1] != '0':
		last, why = n.trunk(i, c)
	case b[at] >= '5' && c.n == 3 && (c.shape(0, " ", 3, 3, 3) || c.shape(0, "-", 3, 3, 3)) && n.free(i, i+2) && !n.amount(i, i+2):
		last, why = i+2, "nine digits in threes"
	case b[at] >= '1' || w.len() == 1:
		last, why = n.unlikeNumbers(i, c)
	}
	if why == "" || n.joinedRight(last) {
		return 0, ""
	}
	return last, why
}

// phoneShapes are groups in which people write telephones, and hardly anything else.
var phoneShapes = [...][]int{{3, 3, 2, 2}, {1, 3, 3, 2, 2}, {1, 3, 2, 2, 2}, {1, 3, 2, 3}, {3, 2, 2, 2}, {2, 3, 2, 2}, {3, 2, 3}, {4, 3, 3}, {4, 3, 4}, {2, 3, 4}, {2, 4, 4}, {3, 2, 2}}

// unlikeNumbers reads groups that neither thousands have nor a few numbers in a row, as a rule.
func (n *numbers) unlikeNumbers(i int, c *chain) (last int, why string) {
	for _, sizes := range phoneShapes {
		last = i + len(sizes) - 1
		if sizes[0] == 1 && n.digit(i) != '0' {
			continue // no trunk prefix
		}
		if !c.more && c.n == len(sizes) && c.shape(0, " ", sizes...) && !n.amount(i, last) {
			return last, "national, groups of a country"
		}
	}
	inRow := n.words[i].start > 1 && n.b[n.words[i].start-2] == '*' // of a table, of which another number is not shown
	if last = i + 1; !c.more && !inRow && c.n == 2 && c.shape(0, " ", 4, 4) && n.digit(i) >= '2' && n.free(i, last) && !n.amount(i, last) && !n.year(i) && !n.year(last) {
		return last, "national, eight digits in two groups"
	}
	return 0, ""
}

// year reports whether word i, of four digits, may be one.
func (n *numbers) year(i int) bool {
	b := n.b[n.words[i].start:]
	return b[0] == '1' && b[1] == '9' || b[0] == '2' && b[1] == '0'
}

// northAmerican returns the last word of 415-555-2671 and 1 (415) 555-2671; 0: it is none.
func (n *numbers) northAmerican(i int, c *chain) int {
	k := 0 // the group of the area code
	if c.sizes[0] == 1 && n.b[n.words[i].start] == '1' {
		k = 1
	}
	if c.n < k+3 || n.digit(i+k) < '2' {
		return 0
	}
	last := i + k + 2
	switch {
	case c.shape(k, "-", 3, 3, 4), k == 1 && (c.shape(k, ") ", 3, 3, 4) || c.shape(k, ")-", 3, 3, 4)):
		if k == 1 && c.seps[1] == ' ' && !n.free(i, last) {
			return 0
		}
		return last
	case c.shape(k, ".", 3, 3, 4):
		return last
	case k == 0 && (c.shape(k, " ", 3, 3, 4) || c.shape(k, " -", 3, 3, 4)):
		if n.free(i, last) {
			return last
		}
	}
	return 0
}

// digit is the first one of word i.
func (n *numbers) digit(i int) byte { return n.b[n.words[i].start] }

// russian reads 8 (495) 123-45-67 and 8-800-555-3535.
func (n *numbers) russian(i int, c *chain) (last int, why string) {
	switch {
	case (c.seps[1] != ' ' || c.n == 5) && c.shape(1, " )-", 3, 3, 2, 2):
		return i + 4, "Russia"
	case c.seps[1] != ' ' && c.shape(1, " )-", 3, 3, 4):
		return i + 3, "Russia"
	}
	return 0, ""
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

// trunk reads what starts with the 0 of the trunk prefix: 020 7946 0958, 06.12.34.56.78, 030/1234567.
func (n *numbers) trunk(i int, c *chain) (last int, why string) {
	last = i + c.n - 1
	if c.more || c.digits < 8 || c.digits > 12 || c.n > 5 || c.sizes[0] > 6 || !n.free(i, last) {
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
	if c.digits < 9 && c.n > 3 {
		return 0, "" // 01 02 03 04, a dump
	}
	if c.n == 2 && c.seps[1] == '-' && c.sizes[0] == 5 && c.sizes[1] <= 5 {
		return 0, "" // 02110-1301, a postal code
	}
	if c.sizes[c.n-1] == 2 && c.sizes[c.n-2] != 2 && !c.shape(0, " ", 3, 2, 3, 2) {
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
	if n.digit(i) >= '2' && (c.shape(0, ")- .", 3, 3, 4) || c.shape(0, ")", 3, 7)) {
		return i + c.reach(10), "North America"
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
