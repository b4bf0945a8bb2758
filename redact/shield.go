package redact

// shield is the place of something in a text that is not personal, whatever its
// digits look like. Detectors of personal data leave it alone; those of secrets, and
// patterns of users, do not.
type shield struct {
	span
	kind shieldKind
}

type shieldKind byte

const (
	shieldID     shieldKind = 1 + iota // UUID, ULID, TypeID
	shieldHash                         // 32 hexadecimal digits or more
	shieldTime                         // a date, a time of day, or both
	shieldNumber                       // of no interest to detectors of digits, but to others: IPv4, a version
)

// shieldAt recognises at b[i], where a word starts with a digit, or with a letter from a to f, what is made of
// several words, and returns where it ends. Kind 0: nothing.
func shieldAt(b []byte, i int) (end int, kind shieldKind) {
	if i+36 <= len(b) && b[i+8] == '-' && isUUID(b[i:i+36]) && !wordAt(b, i+36) {
		return i + 36, shieldID
	}
	n := digitsAt(b, i)
	if n == 0 || n > 4 || i+n == len(b) || b[i+n] != '-' && b[i+n] != '/' && b[i+n] != '.' && b[i+n] != ':' {
		return 0, 0
	}
	if n%2 == 0 {
		if end := timeAt(b, i); end > 0 {
			return end, shieldTime
		}
	}
	if end := dottedAt(b, i); end > 0 {
		return end, shieldNumber
	}
	return 0, 0
}

// wordAt reports whether b[i] is there and part of a word.
func wordAt(b []byte, i int) bool { return i < len(b) && isWord(b[i]) }

// isUUID reports whether b is 36 bytes in groups of 8, 4, 4, 4 and 12 hexadecimal digits.
func isUUID(b []byte) bool {
	for i, c := range b {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if byteClass[c]&(digitByte|hexByte) == 0 {
				return false
			}
		}
	}
	return true
}

// shieldWord recognises one whole word, made of the classes of bytes in class: a hash, a ULID,
// or a TypeID, which is a prefix and 26 characters of Crockford's base 32
// (https://github.com/jetify-com/typeid/tree/main/spec).
func shieldWord(w []byte, class byte) shieldKind {
	if len(w) < 26 {
		return 0
	}
	if class&otherByte == 0 && len(w) >= 32 {
		return shieldHash
	}
	id := w[len(w)-26:]
	if id[0] > '7' || id[0] < '0' || len(w) > 26 && w[len(w)-27] != '_' {
		return 0
	}
	letters := false
	for _, c := range id {
		switch {
		case isDigit(c):
		case !isLetter(c), c|0x20 == 'i', c|0x20 == 'l', c|0x20 == 'o', c|0x20 == 'u':
			return 0
		default:
			letters = true
		}
	}
	if !letters {
		return 0
	}
	return shieldID
}

// dottedAt recognises four numbers of up to three digits with dots between: an IPv4 address, a
// version. It returns where they end, or 0.
func dottedAt(b []byte, i int) int {
	if i > 1 && b[i-1] == '.' && isDigit(b[i-2]) {
		return 0
	}
	dots, digits := 0, 0
	for ; i < len(b); i++ {
		switch {
		case isDigit(b[i]) && digits < 3:
			digits++
		case b[i] == '.' && digits > 0 && i+1 < len(b) && isDigit(b[i+1]):
			dots, digits = dots+1, 0
		case isWord(b[i]):
			return 0
		default:
			if dots == 3 {
				return i
			}
			return 0
		}
	}
	if dots == 3 {
		return i
	}
	return 0
}
