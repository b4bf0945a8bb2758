package redact

// digitRun is the trigger that the detectors of digits share: what phones, cards,
// accounts and the numbers of states all hold, and dates, times, prices and short
// counts do not. It is a necessary condition only, so it may fire on an order number.
const digitRun = `[0-9]{7}` + // bare, or E.164
	`|[0-9]{3}` + gap + `[0-9]{3}` + // 4111 1111…, 020 7946…, 555-123…
	`|[0-9]{3}` + gap + `[0-9]{2}` + gap + `[0-9]{4}` + // 219-09-9999
	`|[0-9]{3} [0-9]{2} [0-9]{2}` + // 0512 12 345
	`|(?:[0-9]{2}` + gap + `){3}[0-9]{2}` + // 01 23 45 67 89
	`|[0-9]{2}` + gap + `[0-9]{5}` + // 12 34567
	`|\+\(?[0-9]` + // +45 12 34…
	wideDigits

const (
	// separators stand between two groups of digits: spaces, hyphens and dots of
	// any script, what has no width, an oblique and brackets.
	separators = `[ \t()/.\-\x{a0}\x{ad}\x{2000}-\x{2015}\x{202a}-\x{202f}\x{205f}-\x{2069}\x{2212}\x{3000}\x{feff}\x{ff08}-\x{ff0f}]`
	gap        = separators + `{1,3}`
	wideDigits = `|[\x{ff10}-\x{ff19}]{2}`
)

// numDetectors returns the detectors of numbers, in order of certainty.
func numDetectors() []*detector {
	return []*detector{
		ibanDetector(), cardDetector(), ssnDetector(), itinDetector(), nhsDetector(), ninoDetector(), birthDetector(), phoneDetector(),
	}
}

// hasDigitRun reports what digitRun does of the groups in b, for detectors that are wider
// than it: what they find must have triggered them.
func hasDigitRun(b []byte) bool {
	var g [4]int // the sizes of the last groups that gaps join; the last is this one
	wide := 0    // bytes since the last digit
	spaces := [4]bool{}
	for i, c := range b {
		if !isDigit(c) {
			wide++
			continue
		}
		switch {
		case wide > 3 || wide > 0 && !isGap(b[i-wide:i]):
			g = [4]int{}
		case wide > 0:
			g = [4]int{g[1], g[2], g[3], 0}
			spaces = [4]bool{spaces[1], spaces[2], spaces[3], wide == 1 && b[i-1] == ' '}
		}
		wide = 0
		g[3]++
		switch {
		case g[3] >= 7, g[2] >= 3 && g[3] >= 3, g[2] >= 2 && g[3] >= 5,
			g[1] >= 3 && g[2] == 2 && g[3] >= 4,
			g[1] >= 3 && g[2] == 2 && g[3] >= 2 && spaces[2] && spaces[3],
			g[0] >= 2 && g[1] == 2 && g[2] == 2 && g[3] >= 2:
			return true
		}
	}
	return false
}

// isGap reports whether b is made of separators.
func isGap(b []byte) bool {
	for _, c := range b {
		switch c {
		case ' ', '\t', '(', ')', '/', '.', '-':
		default:
			return false
		}
	}
	return true
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
	sep        byte // what alone stands between it and the word before: ' ', '-', '.', '/', '(' or ')'; 0: something else
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

// separator names what stands between two words, if that is at most three bytes
// such as a space, a hyphen, or a closing bracket and a space.
func separator(gap []byte) byte {
	if len(gap) > 3 {
		return 0
	}
	var sep byte
	for _, c := range gap {
		switch c {
		case ' ', '\t':
			if sep == 0 {
				sep = ' '
			}
		case '-', '.', '/', '(', ')':
			if sep == 0 || sep == ' ' || sep == ')' && c == '-' || sep == '-' && c == '(' {
				if sep != ')' {
					sep = c
				}
				continue
			}
			return 0
		default:
			return 0
		}
	}
	return sep
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
