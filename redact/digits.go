package redact

// digitRun is the trigger that the detectors of digits share: what phones, cards,
// accounts and the numbers of states all hold, and dates, times, addresses, prices and short
// counts mostly do not. It is a necessary condition only: order numbers fire it too.
// hasDigitRun says the same by hand.
const digitRun = `\b[0-9]{7}` + // bare, or E.164; ids that begin with letters are none, but for IBANs
	`|[0-9]{3}` + gap + `[0-9]{4}` + // 4111 1111…, 020 7946…
	`|[0-9]{3}` + gap + `[0-9]{3}` + gap + `[0-9]{2}` + // 555-123-4567, 0532 123 45 67
	`|[0-9]{2}` + gap + `[0-9]{3}` + gap + `[0-9]{3}` + // 71 123 456
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
	foldable   = `[\x{a0}\x{ad}\x{2000}-\x{2015}\x{202a}-\x{202f}\x{205f}-\x{2069}\x{2212}\x{3000}\x{feff}\x{ff08}-\x{ff0f}]`
	foldedGap  = `[ ()/.\t\-]{0,2}` + foldable + `+[ ()/.\t\-]{0,2}`
	space      = `(?:[ \t]|` + foldedGap + `)`
	dot        = `(?:\.|` + foldedGap + `)`
	hyphen     = `(?:-| - |` + foldedGap + `)`
	gap        = `(?:[ \t/()\-]| - | / |[ \-]\(|\)[ \-]|` + foldedGap + `)`
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

// isNumbered reports whether text is a word with a number behind a hyphen, such as ORD-4796100, and the word
// says nothing of the number. Nobody whom only digitRun triggers finds anything in it: see
// [numbers.joinedLeft].
func isNumbered(text []byte) bool {
	word := letters.run(text, 0)
	return 2 < word && word < len(text)-1 && text[word] == '-' && decimal.run(text, word+1) == len(text) && lowerTopic(text[:word]) == 0
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
		if joinedRun(&size, &sep) || size[3] == 7 && (i < 7 || !isWord(b[i-7])) {
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
	case plain(sep[2]) && plain(sep[3]) && c == 3 && (b >= 3 && d >= 2 || d >= 3),
		sep[2] == '.' && sep[3] == '.' && b >= 3 && c == 3 && d >= 4,
		b >= 4 && c >= 4 && c <= 6 && d >= 4,
		b >= 3 && c == 2 && d >= 4,
		sep[2] == ' ' && sep[3] == ' ' && b >= 3 && c == 2 && d >= 2:
		return true
	}
	same := sep[1] == sep[2] && sep[2] == sep[3] && (sep[1] == ' ' || sep[1] == '.' || sep[1] == '-')
	return same && a >= 2 && b == 2 && c == 2 && d >= 2
}

const (
	digitByte = 1 << iota
	hexByte   // a letter from a to f
	otherByte // any other letter, or the underscore
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

// onlyDigits appends the digits of value to dst, full-width ones as ASCII.
func onlyDigits(dst, value []byte) []byte {
	for _, c := range foldedBytes(value) {
		if isDigit(c) {
			dst = append(dst, c)
		}
	}
	return dst
}

// onlyWord appends the letters and digits of value to dst, in upper case.
func onlyWord(dst, value []byte) []byte {
	for _, c := range foldedBytes(value) {
		switch {
		case 'a' <= c && c <= 'z':
			dst = append(dst, c-('a'-'A'))
		case isWord(c):
			dst = append(dst, c)
		}
	}
	return dst
}
