package redact

import (
	"bytes"
	"net/netip"
	"strings"
)

// ipDetector finds IPv4 and IPv6 addresses, with a zone and a prefix length
// where they have one. Every address counts, also those that name no one,
// such as 127.0.0.1: which networks are private is not for us to know.
func ipDetector() *detector {
	return &detector{
		name:  "ip_address",
		group: groupPII,
		label: "IP",
		triggers: []string{
			`[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]`,
			`::`,
			colonGroups,
		},
		find:      findIPs,
		normalise: normaliseIP,
	}
}

const (
	maxIPv4 = len("255.255.255.255")
	maxIPv6 = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
	maxZone = 32 // more than the name of an interface has on any system
)

// findIPs looks at each longest run of the bytes that addresses consist of: first
// as an IPv6 address as a whole, else for an IPv4 address among its parts.
func findIPs(t *text, hits []hit) []hit {
	b := t.b
	for from := 0; ; {
		i := nextIPRun(b, from)
		if i == len(b) {
			return hits
		}
		start, end := ipBytes.before(b, i, i-from), ipBytes.run(b, i)
		from = end
		colons := bytes.Count(b[start:end], []byte(":"))
		if colons >= 2 {
			if s, e := ipv6At(b, start, end); e > 0 {
				hits = append(hits, hit{start: s, end: e, why: "IPv6"})
				from = max(end, e)
				continue
			}
		}
		if colons >= 5 && start == 0 && end == len(b) {
			return hits // a value that is an IPv6 address but for an error has no IPv4 address in it
		}
		hits = findIPv4s(t, start, end, hits)
	}
}

// nextIPRun returns a place in the first run of the bytes of addresses from i on that has two colons
// or three dots, as all addresses have; the length of b if there is none. In text made of signs it is
// what costs most, so it counts without branches.
func nextIPRun(b []byte, i int) int {
	const (
		twoColons = 2
		fourDots  = 4 << 8
	)
	counts := 0
	for ; i < len(b); i++ {
		s := &ipSigns[b[i]]
		counts = (counts + s.adds) & s.keeps
		if counts&twoColons != 0 || (counts+1<<8)&fourDots != 0 {
			return i
		}
	}
	return i
}

// ipBytes are those that addresses consist of.
var ipBytes = newAlphabet("0-9A-Fa-f:.")

// ipSigns says of each byte what it adds to the colons of a run, which are counted in the lowest byte of a number, and
// to the dots, in the next one, and which counts it keeps: what does not stand in an address keeps none.
var ipSigns = func() (signs [256]struct{ adds, keeps int }) {
	for c := range signs {
		if ipBytes.has[c] {
			signs[c].keeps = -1
		}
	}
	signs[':'].adds, signs['.'].adds = 1, 1<<8
	return signs
}()

// ipv6At returns the bounds of the address that the run b[start:end] is, with
// what follows it of zone and prefix length; 0, 0 if it is none.
func ipv6At(b []byte, start, end int) (int, int) {
	// A colon before it ends a name, as in "peer:2001:db8::1"; one dot or colon
	// after it belongs to the sentence.
	if start > 0 && b[start] == ':' && byteAt(b, start+1) != ':' {
		start++
	} else if isGlueBefore(b, start) {
		return 0, 0 // std::a, text2001:db8::1
	}
	if c := b[end-1]; c == '.' || c == ':' && b[end-2] != ':' {
		end--
	} else if next := byteAt(b, end); isAlnum(next) || next == '_' || maskAt(b, end) > 0 {
		return 0, 0 // ::begin, fe80::1text
	}
	run := b[start:end]
	if len(run) > maxIPv6 || !sixShape(run) || !sixSigns(run) {
		return 0, 0
	}
	if _, err := netip.ParseAddr(string(run)); err != nil {
		return 0, 0
	}
	full, ok := zoneEnd(b, end)
	if !ok || full > end && len(run) == len("::") { // [::%x] is a format
		return 0, 0
	}
	full = prefixEnd(b, full, 128)
	prev, next := byteAt(b, start-1), byteAt(b, full)
	lone := start == 0 && next == 0 || prev == '[' && next == ']'
	if len(run) == len("::") { // listen=:: port=80, but not Haskell's f :: Int
		lone = lone || prev == '=' && (next == 0 || next == ' ') || prev == ' ' && next == 0
	}
	if !lone && full == end && !clearlySix(b, start, end) {
		return 0, 0
	}
	return start, full
}

// sixShape reports whether run can be an IPv6 address by its colons. Eight
// pairs are a MAC address (EUI-64), though they would parse.
func sixShape(run []byte) bool {
	if bytes.Contains(run, []byte("::")) {
		return true
	}
	colons := bytes.Count(run, []byte(":"))
	if bytes.IndexByte(run, '.') >= 0 {
		return colons == 6
	}
	pairs := len(run) == len("01:02:03:04:05:06:07:08")
	for i := 2; pairs && i < len(run); i += 3 {
		pairs = run[i] == ':'
	}
	return colons == 7 && !pairs
}

// sixSigns reports whether the signs in run are right for an IPv6 address. The parser would say so too, but
// makes an error each time.
func sixSigns(run []byte) bool {
	if bytes.Contains(run, []byte(":::")) {
		return false
	}
	return bytes.IndexByte(run, '.') < 0 || isQuad(run[bytes.LastIndexByte(run, ':')+1:])
}

// clearlySix reports whether the address b[start:end] is one in the middle of a
// text as well, where "::" also joins the names of programs, and separates.
func clearlySix(b []byte, start, end int) bool {
	run := b[start:end]
	digits, hexes, groups := 0, 0, 0
	for i, c := range run {
		if isDigit(c) {
			digits++
		}
		if isHex(c) {
			hexes++
			if i == 0 || run[i-1] == ':' {
				groups++
			}
		}
	}
	if run[0] == ':' { // ::1, but not Thread(3)::1 and not ::add
		return digits > 0 && !isClosing(byteAt(b, start-1))
	}
	if byteAt(b, start-1) == ':' && run[len(run)-1] == ':' {
		return false // the empty name in john:x:1005:1006::/home/john
	}
	return hexes >= 4 && (digits > 0 || groups >= 3)
}

// isGlueBefore reports whether b[i] goes on with the word before it. A mask stands for
// a word, or a second pass would see an address that the first did not.
func isGlueBefore(b []byte, i int) bool {
	prev := byteAt(b, i-1)
	return isAlnum(prev) || prev == '_' || isMaskBefore(b, i)
}

func isClosing(c byte) bool { return c == ')' || c == ']' || c == '>' || c == '}' }

// zoneEnd returns the end of the zone, such as "%eth0", at i: i if there is none,
// and false for a percent sign without a well-formed one.
func zoneEnd(b []byte, i int) (int, bool) {
	if byteAt(b, i) != '%' {
		return i, true
	}
	j := i + 1
	for j < len(b) && (isAlnum(b[j]) || b[j] == '.' || b[j] == '_' || b[j] == '-') {
		j++
	}
	end := j
	for end > i+1 && !isAlnum(b[end-1]) {
		end-- // the full stop of the sentence
	}
	n := end - i - 1
	return end, 0 < n && n <= maxZone && byteAt(b, j) != '%' && byteAt(b, j) != ':'
}

// prefixEnd returns the end of the prefix length, such as "/24", at i, and i if there
// is none of at most limit.
func prefixEnd(b []byte, i, limit int) int {
	if byteAt(b, i) != '/' {
		return i
	}
	n, j := 0, i+1
	for ; j < len(b) && j <= i+4 && isDigit(b[j]); j++ {
		n = n*10 + int(b[j]-'0')
	}
	zero := j > i+2 && b[i+1] == '0'
	next := byteAt(b, j)
	if j == i+1 || n > limit || zero || isAlnum(next) || next == '/' || next == '_' || next == '.' && isDigit(byteAt(b, j+1)) {
		return i
	}
	return j
}

// findIPv4s appends the IPv4 addresses of b[start:end], which is a run of the bytes of
// addresses.
func findIPv4s(t *text, start, end int, hits []hit) []hit {
	b := t.b
	for i := start; i < end; i++ {
		if !isDigit(b[i]) && b[i] != '.' {
			continue
		}
		s := i
		for i < end && (isDigit(b[i]) || b[i] == '.') {
			i++
		}
		e := i
		if b[e-1] == '.' {
			e--
		}
		if !isQuad(b[s:e]) || !quadStandsAlone(b, s, e) || isVersion(t, s, e) {
			continue
		}
		if byteAt(b, s-1) != '/' { // http://10.0.0.1/24 is a path
			e = prefixEnd(b, e, 32)
		}
		hits = append(hits, hit{start: s, end: e, why: "IPv4"})
		i = max(i, e) - 1
	}
	return hits
}

// isQuad reports whether run is four numbers of at most 255, none with a
// leading zero (which some would read as octal).
func isQuad(run []byte) bool {
	if len(run) > maxIPv4 {
		return false
	}
	parts, n, digits := 0, 0, 0
	for i := 0; i <= len(run); i++ {
		if i < len(run) && run[i] != '.' {
			if digits > 0 && n == 0 {
				return false
			}
			n = n*10 + int(run[i]-'0')
			digits++
			continue
		}
		if digits == 0 || n > 255 {
			return false
		}
		parts, n, digits = parts+1, 0, 0
	}
	return parts == 4
}

// quadStandsAlone reports whether b[s:e] is not a part of a longer word or of
// the name of a file or a package.
func quadStandsAlone(b []byte, s, e int) bool {
	prev, next := byteAt(b, s-1), byteAt(b, e)
	if isAlnum(prev) || prev == '~' || isAlnum(next) || isMaskBefore(b, s) || maskAt(b, e) > 0 {
		return false
	}
	// 3.10.0.7-generic, 1.2.3.4+build; and openssl-1.0.2.1.tar.gz, lib_1.2.3.4.so,
	// but a range of addresses and the name of a reverse look-up are none.
	letters := isLetter(byteAt(b, e+1))
	if letters && (next == '-' || next == '+') {
		return false
	}
	if prev == '-' || prev == '_' {
		return !(letters && next == '.' && isGlueBefore(b, s-1))
	}
	return true
}

// isVersion reports whether the four numbers t.b[s:e] are a version or a section
// or another number with dots by the words before them or by their key.
func isVersion(t *text, s, e int) bool {
	b := t.b
	if namesVersion(t.key) {
		return true
	}
	// Products in a user agent: Chrome/116.0.0.0. After a slash stands an address in
	// "host/10.0.0.1" too, but none that ends like this.
	if byteAt(b, s-1) == '/' && isLetter(byteAt(b, s-2)) && bytes.HasSuffix(b[s:e], []byte(".0.0.0")) {
		return true
	}
	if bytes.HasSuffix(b[:s], []byte("§")) {
		return true
	}
	i := s
	for i > 0 && s-i < 4 && strings.IndexByte(" .:=#\"'(/-", b[i-1]) >= 0 {
		i--
	}
	end := i
	for i > 0 && end-i < 16 && isLetter(b[i-1]) {
		i--
	}
	if i > 0 && strings.IndexByte(".@-", b[i-1]) >= 0 {
		return false // the end of a name: acme.build 10.0.0.1
	}
	return i < end && isVersionWord(string(b[i:end]))
}

// namesVersion reports whether a key names a version: os_version, buildNumber.
func namesVersion(key string) bool {
	word := lastWord(key)
	switch strings.ToLower(word) {
	case "number", "no", "num", "string", "id", "tag", "name":
		word = lastWord(strings.TrimRight(key[:len(key)-len(word)], "_- ."))
	}
	return isVersionWord(word)
}

// lastWord returns the last word of a name in snake_case, kebab-case or camelCase.
func lastWord(name string) string {
	i := len(name)
	for i > 0 && isLetter(name[i-1]) {
		i--
		if name[i] < 'a' && i+1 < len(name) && name[i+1] >= 'a' {
			break
		}
	}
	return name[i:]
}

func isVersionWord(w string) bool {
	switch strings.ToLower(w) {
	case "v", "ver", "version", "versions", "release", "rel", "build", "rev", "revision", "firmware",
		"oid", "rfc", "section", "sections", "clause", "chapter", "figure", "appendix":
		return true
	}
	return false
}

// normaliseIP appends the canonical form: ::ffff:192.0.2.1 is 192.0.2.1, and
// 2001:DB8:0::1 is 2001:db8::1.
func normaliseIP(dst, value []byte) []byte {
	addr, bits, found := bytes.Cut(value, []byte("/"))
	a, err := netip.ParseAddr(string(addr))
	if err != nil {
		return append(dst, value...)
	}
	if found {
		// The length counts the bits of the form it was written with.
		return append(append(a.AppendTo(dst), '/'), bits...)
	}
	return a.Unmap().AppendTo(dst)
}
