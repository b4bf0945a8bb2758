package redact

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// blank reports whether b is a stand-in for a value, such as ****, xxxx and 0000.
func blank(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if !strings.ContainsRune("*xX.-_#?0 ~\u00b7\u2022\u2026\u25cf\u25cb\u25a0\u263a\u2731\u2733", r) {
			return false
		}
		b = b[n:]
	}
	return true
}

// uniform reports whether b is a stand-in for a token: blank, or nearly always the
// same character.
func uniform(b []byte) bool {
	return blank(b) || len(b) >= 24 && distinct(b) < 5
}

// mixed reports whether b has small and capital letters and digits.
func mixed(b []byte) bool {
	var small, capital, digit bool
	for _, c := range b {
		small = small || c >= 'a' && c <= 'z'
		capital = capital || c >= 'A' && c <= 'Z'
		digit = digit || c >= '0' && c <= '9'
	}
	return small && capital && digit
}

// standIn reports whether b stands for a secret without being one: a reference to
// where it is kept, a variable, a mask, a word such as "none".
func standIn(b []byte) bool {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || blank(b) || isMasks(b) {
		return true
	}
	last := b[len(b)-1]
	switch b[0] {
	case '$': // a variable of a shell; bcrypt's hashes start with a digit
		if len(b) > 1 && (b[1] == '{' || b[1] == '(') {
			return true
		}
		return len(b) == 1 || !decimal.has[b[1]] && wordChars.run(b, 1) == len(b)
	case '%':
		return last == '%' || len(b) == 2 || b[1] == '(' && last == 's'
	case '<':
		return last == '>' || bytes.HasPrefix(b, []byte("<%"))
	case '{':
		return bytes.HasPrefix(b, []byte("{{")) || last == '}' && templateName.run(b, 1) == len(b)-1
	case '[', '(':
		return opening(last) == b[0] && spokenChars.run(b, 1) == len(b)-1 && remark(b[1:len(b)-1])
	case '#':
		return bytes.HasPrefix(b, []byte("#{"))
	}
	if len(b) > standInMost {
		return false
	}
	for _, s := range standInStarts {
		if hasFoldPrefix(b, s) {
			return true
		}
	}
	for _, s := range standInParts {
		if indexFold(b, s) >= 0 {
			return true
		}
	}
	var low [16]byte
	if len(b) > len(low) {
		return false
	}
	switch string(lower(low[:0], b)) {
	case "none", "null", "nil", "undefined", "nan", "true", "false", "yes", "no", "on", "off", "n/a", "na", "todo", "tbd",
		"unset", "empty", "never", "hidden", "filtered", "removed", "omitted", "unknown", "string", "str", "object", "bytes", "!ref", "!sub", "!getatt", "!join", "!importvalue", "!vault", "!secret":
		return true
	}
	return false
}

// remark reports whether b, in brackets, says of a secret that it is not shown, or what would stand
// there: [hidden], [not set], [password].
func remark(b []byte) bool {
	return standIn(b) || bytes.IndexByte(b, ' ') > 0 && wordy(b) || templateName.run(b, 0) == len(b) && nameOf(b) != notSecret
}

// lower appends b in lower case to dst.
func lower(dst, b []byte) []byte {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// standInMost is how long a placeholder in words is at most.
const standInMost = 128

var (
	spokenChars  = newAlphabet("0-9A-Za-z _:-")
	templateName = newAlphabet("A-Za-z_.")
)

// What stands for a secret.
var (
	standInStarts = []string{
		"env:", "env.", "process.env", "os.environ", "os.getenv", "getenv(", "system.getenv", "secrets.", "vault:", "op://",
		"arn:", "file:", "enc[", "your-", "your_", "your ", "yourtoken", "yourpassword", "insert_", "insert-", "example-", "hidden_", "hidden-", "~/", "./",
	}
	standInParts = []string{"_here", "-here", "redacted", "placeholder", "masked"}
)
