package rbac

// digits are the digits of base 62, in their order.
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// base62 returns the big-endian number num as n digits, which must be enough.
func base62(num []byte, n int) string {
	rest := append([]byte(nil), num...)
	text := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		remainder := 0
		for j, b := range rest {
			remainder = remainder<<8 | int(b)
			rest[j] = byte(remainder / 62)
			remainder %= 62
		}
		text[i] = digits[remainder]
	}
	return string(text)
}

// fromBase62 sets num to the number that text is. It reports false for what is
// no digit, and for a number that num cannot hold.
func fromBase62(num []byte, text string) bool {
	clear(num)
	for i := range len(text) {
		carry := digit(text[i])
		if carry < 0 {
			return false
		}
		for j := len(num) - 1; j >= 0; j-- {
			carry += int(num[j]) * 62
			num[j] = byte(carry)
			carry >>= 8
		}
		if carry != 0 {
			return false
		}
	}
	return true
}

// digit returns the value of a digit, and -1 for what is none. It looks it up, because
// ids are random: a processor guesses wrong at each second digit which comparison holds.
func digit(c byte) int { return int(afterDigit[c]) - 1 }

// afterDigit has the value of each digit plus one.
var afterDigit = [256]uint8{
	'0': 1, '1': 2, '2': 3, '3': 4, '4': 5, '5': 6, '6': 7, '7': 8, '8': 9, '9': 10,
	'A': 11, 'B': 12, 'C': 13, 'D': 14, 'E': 15, 'F': 16, 'G': 17, 'H': 18, 'I': 19, 'J': 20, 'K': 21, 'L': 22, 'M': 23,
	'N': 24, 'O': 25, 'P': 26, 'Q': 27, 'R': 28, 'S': 29, 'T': 30, 'U': 31, 'V': 32, 'W': 33, 'X': 34, 'Y': 35, 'Z': 36,
	'a': 37, 'b': 38, 'c': 39, 'd': 40, 'e': 41, 'f': 42, 'g': 43, 'h': 44, 'i': 45, 'j': 46, 'k': 47, 'l': 48, 'm': 49,
	'n': 50, 'o': 51, 'p': 52, 'q': 53, 'r': 54, 's': 55, 't': 56, 'u': 57, 'v': 58, 'w': 59, 'x': 60, 'y': 61, 'z': 62,
}
