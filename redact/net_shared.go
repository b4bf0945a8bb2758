package redact

// What stands here is declared in digits.go and context.go too, once they are on
// the same branch; then this file goes.

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return c|0x20-'a' < 26 }

const maxMask = 80 // bytes; that of a pseudonym is the longest

// maskAt returns where what a mask writes at b[i], such as [PHONE] or [CARD:1111], ends; 0: there is
// none.
func maskAt(b []byte, i int) int {
	end := i + 1
	for end < len(b) && ('A' <= b[end] && b[end] <= 'Z' || b[end] == '_') {
		end++
	}
	if byteAt(b, i) != '[' || end-i < 3 || string(b[i:end]) == "[INFO" {
		return 0
	}
	for end < len(b) && end-i < maxMask && (isAlnum(b[end]) || b[end] == ':') {
		end++
	}
	if byteAt(b, end) != ']' {
		return 0
	}
	return end + 1
}
