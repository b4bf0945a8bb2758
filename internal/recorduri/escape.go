package recorduri

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What may stand in a part of a URI as it is, besides the unreserved characters
// (RFC 3986, section 3).
const (
	hostExtra  = "!$&'()*+,;="
	pathExtra  = hostExtra + ":@/"
	queryExtra = pathExtra + "?"
)

// escaped returns part of a URI with each character in its one spelling: an
// unreserved one as itself, one that has no meaning there percent-encoded, in
// capital hex. The escape of a reserved character is left, for it may mean
// something else than the character.
func escaped(s, extra string) (string, error) {
	i := 0
	for i < len(s) && (unreserved(s[i]) || strings.IndexByte(extra, s[i]) >= 0) {
		i++
	}
	if i == len(s) {
		return s, nil
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%':
			if i+2 >= len(s) {
				return "", errors.New("it ends within an escape; write %25 for a percent sign")
			}
			v, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", fmt.Errorf("%s is no escape; write %%25 for a percent sign", strconv.QuoteToASCII(s[i:i+3]))
			}
			if i += 2; unreserved(byte(v)) {
				b.WriteByte(byte(v))
			} else {
				fmt.Fprintf(&b, "%%%02X", v)
			}
		case unreserved(c), strings.IndexByte(extra, c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String(), nil
}

// unreserved reports whether c is the same as its escape everywhere.
func unreserved(c byte) bool {
	return letter(c) || digit(c) || c == '-' || c == '.' || c == '_' || c == '~'
}
