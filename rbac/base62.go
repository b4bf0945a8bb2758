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

// digit returns the value of a digit, and -1 for what is none.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'Z':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 36
	}
	return -1
}
