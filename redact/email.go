package redact

import (
	"bytes"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// emailDetector finds addresses of mail in the forms that are in use (RFC 5321,
// RFC 6531), without folded lines and most comments: john.doe+tag@example.com,
// "john doe"@example.com, josé@пример.рф, john@[192.0.2.1].
func emailDetector() *detector {
	return &detector{
		name:      "email",
		group:     groupPII,
		label:     "EMAIL",
		triggers:  []string{`@`},
		find:      findEmails,
		normalise: normaliseEmail,
	}
}

// The limits of RFC 5321, section 4.5.3.1, in bytes.
const (
	maxLocal = 64
	maxLabel = 63
	maxEmail = 254
)

// findEmails looks to both sides of each @. No side reaches further than the
// limits, so that this is linear whatever the text is.
func findEmails(t *text, hits []hit) []hit {
	b, first := t.b, len(hits)
	userStart, userEnd := nextUserinfo(b, 0)
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:], '@')
		if i < 0 {
			return hits
		}
		at += i
		for userEnd > 0 && userEnd < at {
			userStart, userEnd = nextUserinfo(b, userEnd)
		}
		if userEnd > 0 && userStart <= at {
			continue // https://john:secret@example.com
		}
		start, end := emailAt(t, at)
		if end == 0 {
			continue
		}
		// "a@example.com"@example.org is one address.
		for len(hits) > first && hits[len(hits)-1].end > start {
			start = min(start, hits[len(hits)-1].start)
			hits = hits[:len(hits)-1]
		}
		hits = append(hits, hit{start: start, end: end, why: "local part and domain"})
	}
}

// emailAt returns the bounds of the address whose @ is at b[at]; 0, 0 if there is none.
func emailAt(t *text, at int) (start, end int) {
	b := t.b
	if c := byteAt(b, at+1); !isAlnum(c) && c != '[' && c != '(' && c < utf8.RuneSelf {
		return 0, 0 // no host begins so
	}
	quoted := byteAt(b, at-1) == '"'
	if quoted {
		start = quotedLocal(b, at)
	} else {
		start = dotAtom(b, at)
	}
	if start == at {
		return 0, 0
	}
	lone := start == 0 || b[start-1] == '<' || bytes.HasSuffix(b[:start], []byte("mailto:"))
	end = mailHost(b, at+1, lone && mayBeBare(t.key))
	if comment := commentEnd(b, at+1); comment > 0 {
		if end = mailHost(b, comment, false); end == comment {
			end = at + 1
		}
	}
	if end == at+1 && lone && isQuad(b[at+1:]) {
		end = len(b)
	}
	whole := lone && (end == len(b) || byteAt(b, end) == '>')
	if !quoted {
		start = trimLocal(b, start, at, whole)
	}
	if start == at || end == at+1 || end-start > maxEmail || isPathOnHost(b[start:at], b[end:]) {
		return 0, 0
	}
	return start, end
}

// mayBeBare reports whether a value under key can be an address whose
// host has no dots, such as root@localhost.
func mayBeBare(key string) bool { return strings.Contains(strings.ToLower(key), "mail") }

// quotedLocal returns the start of the quoted string (RFC 5321, section 4.1.2) that ends
// before at, and at if there is none.
func quotedLocal(b []byte, at int) int {
	for i := at - 2; i >= 0 && at-i <= maxLocal; i-- {
		if b[i] == '\n' || b[i] == '\r' {
			break
		}
		if b[i] != '"' {
			continue
		}
		escapes := 0
		for byteAt(b, i-1-escapes) == '\\' && escapes < maxLocal {
			escapes++
		}
		if escapes%2 == 1 {
			continue
		}
		// A backslash before the last quote would make it a part of the string.
		closing := at - 2
		for closing > i && b[closing] == '\\' {
			closing--
		}
		if (at-2-closing)%2 == 1 || !isQuoteStart(byteAt(b, i-1)) {
			break
		}
		return i
	}
	return at
}

// isQuoteStart reports whether a quoted local part can begin after c.
func isQuoteStart(c byte) bool { return c == 0 || strings.IndexByte(" \t\r\n<>(:;,=[.", c) >= 0 }

// dotAtom returns the start of the longest run of characters of a local part that
// ends before at, and at if it is longer than one can be.
func dotAtom(b []byte, at int) int {
	start := at
	for start > 0 {
		r, size := rune(b[start-1]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeLastRune(b[:start])
		}
		if !isAtomRune(r) {
			break
		}
		if start -= size; at-start > maxLocal {
			return at
		}
	}
	return start
}

// isAtomRune reports whether r is atext of RFC 6531, as far as it is in words, or a dot.
func isAtomRune(r rune) bool {
	switch r {
	case '"', '(', ')', ',', ':', ';', '<', '>', '@', '[', '\\', ']':
		return false
	}
	return ' ' < r && r < 0x7f || r >= utf8.RuneSelf && isWordRune(r)
}

func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r))
}

// trimLocal returns where in the run b[start:at] the local part begins. RFC 5322 allows
// all of "to=john@example.com" and "/~john@example.com", but in a text that is
// John after something else; only an address that is the whole value keeps it.
func trimLocal(b []byte, start, at int, whole bool) int {
	run := b[start:at]
	if run[len(run)-1] == '.' {
		return at
	}
	cut := 0
	if !whole || isAssignment(run) {
		for cut = len(run); cut > 0 && !localSigns.has[run[cut-1]]; {
			cut--
		}
	}
	if i := bytes.LastIndex(run, []byte("..")); i >= cut {
		cut = i + 2
	}
	for cut < len(run) && strings.IndexByte(".'", run[cut]) >= 0 {
		cut++
	}
	return start + cut + ideographs(run[cut:])
}

// localSigns are what stands before an address in a text, and hardly in one.
var localSigns = newAlphabet("=/|`{}*#?&!$^~")

// isAssignment reports whether a whole value is not just an address but
// a path, a query or name=value with one.
func isAssignment(run []byte) bool {
	if run[0] == '/' || run[0] == '?' {
		return true
	}
	i := 0
	for i < len(run) && (isAlnum(run[i]) || run[i] == '_') {
		i++
	}
	return i > 0 && i < len(run)-1 && run[i] == '='
}

// ideographs returns the length of a sentence in a script without spaces at the start
// of an address in Latin letters, and 0 if the address is in that script.
func ideographs(run []byte) int {
	n := 0
	for n < len(run) {
		r, size := utf8.DecodeRune(run[n:])
		if !isIdeograph(r) {
			return n
		}
		n += size
	}
	return 0
}

func isIdeograph(r rune) bool {
	return r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// commentEnd returns the end of the comment (RFC 5322, section 3.2.2) at i, and 0 if there is none.
func commentEnd(b []byte, i int) int {
	if byteAt(b, i) != '(' {
		return 0
	}
	n := bytes.IndexAny(b[i+1:min(len(b), i+maxLocal)], "()\r\n")
	if n < 0 || b[i+1+n] != ')' {
		return 0
	}
	return i + n + 2
}

// mailHost returns the end of the host or the address literal at i, and i if there is
// none. A host has a dot and ends in what can be a top-level domain, unless bare.
func mailHost(b []byte, i int, bare bool) int {
	if byteAt(b, i) == '[' {
		return addressLiteral(b, i)
	}
	end, labels := i, 0
	for p := i; ; {
		q := hostLabel(b, p)
		if q-i > maxEmail || q-p > maxLabel {
			return i
		}
		if q == p {
			break
		}
		labels++
		last := byteAt(b, q) != '.' || hostLabel(b, q+1) == q+1
		if n := topLevel(b[p:q], last); n > 0 && (labels > 1 || bare) {
			end = p + n
		}
		if last || b[q-1] == '-' {
			break
		}
		if labels == 2 && isDigit(b[p]) && isVersionPart(b[i:p-1]) {
			return i // lodash@4.17.21-beta.next
		}
		p = q + 1
	}
	return end
}

// addressLiteral returns the end of a literal such as [192.0.2.1] or [IPv6:2001:db8::1]
// at i, and i if it is none.
func addressLiteral(b []byte, i int) int {
	n := bytes.IndexByte(b[i:min(len(b), i+len("[IPv6:]")+maxIPv6)], ']')
	if n < 0 {
		return i
	}
	// Many leave the "IPv6:" out.
	const tag = "ipv6:"
	literal := b[i+1 : i+n]
	six := hasFoldPrefix(literal, tag)
	if six {
		literal = literal[len(tag):]
	}
	if a, err := netip.ParseAddr(string(literal)); err != nil || a.Is4() && six || a.Zone() != "" {
		return i
	}
	return i + n + 1
}

// hostLabel returns the end of the label at i, and i if there is none.
func hostLabel(b []byte, i int) int {
	start := i
	for i < len(b) {
		if c := b[i]; c < utf8.RuneSelf {
			if !isAlnum(c) && (c != '-' && c != '_' || i == start) {
				break
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if !isWordRune(r) {
			break
		}
		i += size
		if i-start > maxEmail {
			break
		}
	}
	return i
}

// topLevel returns how much of label is a top-level domain: letters only, or punycode. The
// last label may go on after it with what is not a part of the address, and one with "_"
// may be in the name of a file.
func topLevel(label []byte, last bool) int {
	n := 0
	for n < len(label) && isLetter(label[n]) {
		n++
	}
	switch {
	case n == 0 && !isAlnum(label[0]):
		if n = bytes.IndexFunc(label, isIdeograph); n <= 0 {
			n = len(label)
		}
		if utf8.RuneCount(label[:n]) < 2 || bytes.ContainsAny(label[:n], "0123456789-_") {
			return 0
		}
		return n
	case n == 2 && len(label) > 4 && bytes.EqualFold(label[:4], []byte("xn--")):
		for n < len(label) && (isAlnum(label[n]) || label[n] == '-') {
			n++
		}
	case n < 2 || isFileType(label[:n]):
		return 0
	}
	if n == len(label) {
		return n
	}
	r, _ := utf8.DecodeRune(label[n:])
	if r == '_' || last && (r == '-' || isIdeograph(r)) {
		return n
	}
	return 0
}

// isFileType reports whether a name that ends so is a file: logo@2x.png. None is
// a top-level domain.
func isFileType(label []byte) bool {
	var lower [4]byte
	if len(label) > len(lower) {
		return false
	}
	for i, c := range label {
		lower[i] = c | 0x20
	}
	switch string(lower[:len(label)]) {
	case "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "css", "js", "jsx", "ts", "tsx",
		"json", "yaml", "yml", "xml", "html", "htm", "txt", "log", "exe", "dll", "jar":
		return true
	}
	return false
}

// isVersionPart reports whether label is a number, perhaps after a "v".
func isVersionPart(label []byte) bool {
	label = bytes.TrimPrefix(label, []byte("v"))
	for _, c := range label {
		if !isDigit(c) {
			return false
		}
	}
	return len(label) > 0
}

// isPathOnHost reports whether user@host is not an address of mail but a place for git
// or scp: "git@github.com:org/repo", "deploy@web1.example.com:/srv".
func isPathOnHost(local, rest []byte) bool {
	if len(rest) < 2 || rest[0] != ':' {
		return false
	}
	if string(local) == "git" {
		return true
	}
	digits := true
	for _, c := range rest[1:min(len(rest), 1+maxEmail)] {
		switch {
		case c == '/':
			return !digits || rest[1] == '/'
		case !isAlnum(c) && c != '.' && c != '_' && c != '-' && c != '~':
			return false
		}
		digits = digits && isDigit(c)
	}
	return false
}

// normaliseEmail appends the address in lower case: by the letter of RFC 5321 local parts
// can differ in case only, but no two people have such addresses.
func normaliseEmail(dst, value []byte) []byte {
	return append(dst, bytes.ToLower(value)...)
}
