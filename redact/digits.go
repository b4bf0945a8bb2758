package redact

// digitRun is the trigger that the detectors of digits share: what phones, cards,
// accounts and the numbers of states all hold, and dates, times, addresses, prices and short
// counts mostly do not. It is a necessary condition only: order numbers fire it too.
// hasDigitRun says the same by hand.
const digitRun = `[0-9]{7}` + // bare, or E.164
	`|[0-9]{3}` + gap + `[0-9]{4}` + // 4111 1111…, 020 7946…
	`|[0-9]{3}` + gap + `[0-9]{3}` + gap + `[0-9]{2}` + // 555-123-4567, 0532 123 45 67
	`|[0-9]{3}` + dot + `[0-9]{3}` + dot + `[0-9]{4}` + // 555.123.4567
	`|[0-9]{4}` + wideGap + `[0-9]{4,6}` + wideGap + `[0-9]{4}` + // 4111.1111.1111…
	`|[0-9]{3}` + wideGap + `[0-9]{2}` + wideGap + `[0-9]{4}` + // 219-09-9999
	`|[0-9]{3}` + space + `[0-9]{2}` + space + `[0-9]{2}` + // 0512 12 345
	`|(?:[0-9]{2}` + space + `){3}[0-9]{2}` + // 01 23 45 67 89
	`|(?:[0-9]{2}` + dot + `){3}[0-9]{2}` +
	`|(?:[0-9]{2}` + hyphen + `){3}[0-9]{2}` +
	`|[0-9]{2}` + gap + `[0-9]{6}` + // 08-123456
	`|\+\(?[0-9]` + // +45 12 34…
	wideDigits

// What stands between two groups of digits, as separator knows it, and with any number of
// characters that fold makes something else of.
const (
	folded     = `[\x{a0}\x{ad}\x{2000}-\x{2015}\x{202a}-\x{202f}\x{205f}-\x{2069}\x{2212}\x{3000}\x{feff}\x{ff08}-\x{ff0f}]`
	foldedGap  = `[ ()/.\t\-]{0,2}` + folded + `+[ ()/.\t\-]{0,2}`
	space      = `(?:[ \t]|` + foldedGap + `)`
	dot        = `(?:\.|` + foldedGap + `)`
	hyphen     = `(?:-| - |` + foldedGap + `)`
	gap        = `(?:[ \t/()\-]| - |[ \-]\(|\)[ \-]|` + foldedGap + `)`
	wideGap    = `(?:[ ()/.\t\-]{1,3}|` + foldedGap + `)`
	anyGap     = `(?:[ \-]|` + foldedGap + `)?`
	wideDigits = `|[\x{ff10}-\x{ff19}]{2}`
)

// numDetectors returns the detectors of numbers, in order of certainty.
func numDetectors() []*detector {
	return []*detector{
		ibanDetector(), cardDetector(), ssnDetector(), itinDetector(), nhsDetector(), ninoDetector(), birthDetector(), phoneDetector(),
	}
}

// hasDigitRun reports what digitRun does, for detectors that are wider than it: what they
// find must have triggered them.
func hasDigitRun(b []byte) bool {
	var size [4]int // of the last groups that separators join, the last being this one
	var sep [4]byte // before each of them
	end := 0        // of the group before
	for i, c := range b {
		if !isDigit(c) {
			continue
		}
		if i == 0 || !isDigit(b[i-1]) {
			if s := separator(b[end:i]); s != 0 && i > 0 {
				size = [4]int{size[1], size[2], size[3], 0}
				sep = [4]byte{sep[1], sep[2], sep[3], s}
			} else {
				size, sep = [4]int{}, [4]byte{}
			}
		}
		size[3], end = size[3]+1, i+1
		if size[3] >= 7 || joinedRun(&size, &sep) {
			return true
		}
	}
	return false
}

// joinedRun reports whether the last of four groups, with the separator before each, ends a run.
func joinedRun(size *[4]int, sep *[4]byte) bool {
	plain := func(s byte) bool { return s != 0 && s != '.' && s != wide }
	a, b, c, d := size[0], size[1], size[2], size[3]
	switch {
	case plain(sep[3]) && (c >= 3 && d >= 4 || c >= 2 && d >= 6):
		return true
	case sep[2] == 0 || b < 2:
		return false
	case plain(sep[2]) && plain(sep[3]) && b >= 3 && c == 3 && d >= 2,
		sep[2] == '.' && sep[3] == '.' && b >= 3 && c == 3 && d >= 4,
		b >= 4 && c >= 4 && c <= 6 && d >= 4,
		b >= 3 && c == 2 && d >= 4,
		sep[2] == ' ' && sep[3] == ' ' && b >= 3 && c == 2 && d >= 2:
		return true
	}
	same := sep[1] == sep[2] && sep[2] == sep[3] && (sep[1] == ' ' || sep[1] == '.' || sep[1] == '-')
	return same && a >= 2 && b == 2 && c == 2 && d >= 2
}

// numbers is a text as the detectors of digits see it: its words that hold a
// digit, found once for all of them.
type numbers struct {
	b   []byte // the text in ASCII as far as digits and separators go
	at  []int  // at[i] is where b[i] stands in the text; nil: at i
	src []byte // the text as it is

	words   []word
	most    int // digits in words that separators join, in the longest of such rows
	shields []shield
	key     topic // what the key says that the value is
	named   bool  // there is a key
}

// word is a run of letters, digits and underscores with at least one digit, or a mask.
type word struct {
	start, end int
	mixed      bool // it holds letters or underscores too
	mask       bool // it is what a mask wrote, and stands for a word that was there
	sep        byte // what alone stands between it and the word before: see separator
}

func (w word) len() int { return w.end - w.start }

const (
	digitByte = 1 << iota
	hexByte   // a letter from a to f
	otherByte // any other letter, or the underscore
	wordByte  = digitByte | hexByte | otherByte
)

// byteClass says what a byte is in a word; 0 is no part of one. Bytes of
// other scripts are none: in Chinese a number follows its noun without a space.
var byteClass = [256]byte{
	'0': digitByte, '1': digitByte, '2': digitByte, '3': digitByte, '4': digitByte,
	'5': digitByte, '6': digitByte, '7': digitByte, '8': digitByte, '9': digitByte,
	'A': hexByte, 'B': hexByte, 'C': hexByte, 'D': hexByte, 'E': hexByte, 'F': hexByte,
	'a': hexByte, 'b': hexByte, 'c': hexByte, 'd': hexByte, 'e': hexByte, 'f': hexByte,
	'G': otherByte, 'H': otherByte, 'I': otherByte, 'J': otherByte, 'K': otherByte, 'L': otherByte, 'M': otherByte,
	'N': otherByte, 'O': otherByte, 'P': otherByte, 'Q': otherByte, 'R': otherByte, 'S': otherByte, 'T': otherByte,
	'U': otherByte, 'V': otherByte, 'W': otherByte, 'X': otherByte, 'Y': otherByte, 'Z': otherByte,
	'g': otherByte, 'h': otherByte, 'i': otherByte, 'j': otherByte, 'k': otherByte, 'l': otherByte, 'm': otherByte,
	'n': otherByte, 'o': otherByte, 'p': otherByte, 'q': otherByte, 'r': otherByte, 's': otherByte, 't': otherByte,
	'u': otherByte, 'v': otherByte, 'w': otherByte, 'x': otherByte, 'y': otherByte, 'z': otherByte,
	'_': otherByte,
}

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return c|0x20-'a' < 26 }
func isWord(c byte) bool   { return byteClass[c] != 0 }

// maxColumn is how many short numbers in a row are looked at. No detector looks for more, so the
// rest of a table is one word, which like a mask joins what is beside it.
const maxColumn = 16

// scan reads text b, which stands under key.
func (n *numbers) scan(b []byte, key string) {
	n.src, n.key, n.named = b, keyTopic(key), key != ""
	n.words, n.shields, n.most = n.words[:0], n.shields[:0], 0
	n.b, n.at = fold(b, n.at)
	b = n.b
	before := 0 // where the last word ended; what lies before it joins nothing
	joins := false
	row, column := 0, 0 // the digits in this row of words, and its short words
	for i := 0; i < len(b); {
		if byteClass[b[i]] == 0 {
			if b[i] != '[' {
				i++
				continue
			}
			end := maskAt(b, i)
			if end == 0 {
				i++
				continue
			}
			w := word{start: i, end: end, mixed: true, mask: true}
			if joins {
				w.sep = separator(b[before:i])
			}
			n.words = append(n.words, w)
			before, joins, i = end, true, end
			continue
		}
		if end, kind := shieldAt(b, i); kind != 0 {
			if kind != shieldNumber {
				n.shields = append(n.shields, shield{span{i, end}, kind})
			}
			joins, i = false, end
			continue
		}
		w, class := word{start: i}, byte(0)
		for i < len(b) && byteClass[b[i]] != 0 {
			class |= byteClass[b[i]]
			i++
		}
		w.end = i
		if class&digitByte == 0 {
			continue // a separator cannot hold it, so it joins nothing either
		}
		w.mixed = class != digitByte
		if k := shieldWord(b[w.start:w.end], class); k != 0 {
			n.shields = append(n.shields, shield{span{w.start, w.end}, k})
			joins = false
			continue
		}
		if joins {
			w.sep = separator(b[before:w.start])
		}
		before, joins = w.end, true
		if w.sep == 0 {
			row = 0
		}
		if !w.mixed {
			row += w.len()
			n.most = max(n.most, row)
		}
		if w.sep == 0 || w.mixed || w.len() > 3 {
			column = 0
		} else if column++; column > maxColumn {
			last := &n.words[len(n.words)-1]
			last.end, last.mixed, last.mask = w.end, true, true
			continue
		}
		n.words = append(n.words, w)
	}
	n.place()
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
	case "/":
		return '/'
	case "(", " (", "-(":
		return '('
	case ")", ") ", ")-":
		return ')'
	}
	return 0
}

// place moves the shields from b to the text.
func (n *numbers) place() {
	if n.at == nil {
		return
	}
	for i, s := range n.shields {
		n.shields[i].span = n.span(s.start, s.end)
	}
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
