package redact

import "bytes"

// macDetector finds MAC addresses, EUI-48 and EUI-64, written 00:1a:2b:3c:4d:5e,
// 00-1A-2B-3C-4D-5E or 001a.2b3c.4d5e; with spaces only as a whole value, and without
// anything between only under or behind a name that says MAC.
func macDetector() *detector {
	const pair = `[0-9A-Fa-f]{2}`
	return &detector{
		name:  "mac_address",
		group: groupPII,
		label: "MAC",
		triggers: []string{
			colonGroups,
			`[0-9A-Fa-f]-` + pair + `-` + pair + `-` + pair + `-`,
			`[0-9A-Fa-f]\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}`,
			`[0-9A-Fa-f] ` + pair + ` ` + pair + ` ` + pair + ` `,
			`(?i)mac|bssid`,
		},
		find:      findMACs,
		normalise: normaliseMAC,
	}
}

// findMACs looks at each longest chain of groups of one size with one
// separator. Chains of another length are fingerprints and dumps.
func findMACs(t *text, hits []hit) []hit {
	b := t.b
	for i := 0; i < len(b); i++ {
		if !isAlnum(b[i]) {
			continue
		}
		start := i
		end, groups := hexChain(b, start)
		if isMAC(b, start, end, groups) {
			hits = append(hits, hit{start: start, end: end, why: "groups of hexadecimal digits"})
		}
		if end-start == len("001a2b3c4d5e") && isBareMAC(b[start:end]) && (saysMAC([]byte(t.key)) || saysMAC(nameBefore(b, start))) {
			hits = append(hits, hit{start: start, end: end, why: "hexadecimal digits, and a name says so"})
		}
		i = end
	}
	return hits
}

// isBareMAC reports whether word is hexadecimal digits, not all of them decimal.
func isBareMAC(word []byte) bool {
	return hexAny.run(word, 0) == len(word) && decimal.run(word, 0) < len(word)
}

// nameBefore returns what may be the name of the value at b[i]: the words before it on its
// line, and behind the last comma.
func nameBefore(b []byte, i int) []byte {
	const most = 24
	name := b[max(0, i-most):i]
	return name[1+bytes.LastIndexAny(name, ",;\n"):]
}

// saysMAC reports whether one of the words of a name says that its value is a MAC address.
func saysMAC(name []byte) bool {
	for i := 0; i < len(name); {
		if !base62.has[name[i]] {
			i++
			continue
		}
		end := nameWordEnd(name, i)
		if word := name[i:end]; foldEqual(word, "mac") || hasFoldPrefix(word, "macaddr") || foldEqual(word, "bssid") {
			return true
		}
		i = end
	}
	return false
}

// hexChain returns the end of the chain of groups that begins with the word at
// i, and how many groups it has; the end of that word and 0 if it is no group.
func hexChain(b []byte, i int) (end, groups int) {
	end, size := hexWord(b, i)
	if size != 2 && size != 4 {
		return end, 0
	}
	groups = 1
	sep := byteAt(b, end)
	if sep != ':' && sep != '-' && sep != '.' && sep != ' ' {
		return end, groups
	}
	for byteAt(b, end) == sep {
		next, n := hexWord(b, end+1)
		if n != size {
			break
		}
		end = next
		groups++
	}
	return end, groups
}

// hexWord returns the end of the letters and digits at i, and how many there are if
// all are hexadecimal digits, else 0.
func hexWord(b []byte, i int) (end, size int) {
	hex := true
	end = i
	for ; end < len(b) && isAlnum(b[end]); end++ {
		hex = hex && isHex(b[end])
	}
	if !hex {
		return end, 0
	}
	return end, end - i
}

func isMAC(b []byte, start, end, groups int) bool {
	if groups < 3 {
		return false
	}
	chain := b[start:end]
	pairs := !isHex(chain[2])
	sep := chain[2]
	if !pairs {
		sep = chain[4]
	}
	if byteAt(b, end) == sep && sep == byteAt(b, end+1) {
		return false // 01:02:03:04:05:06::ab is a broken IPv6 address
	}
	if pairs == (sep == '.') {
		return false
	}
	// Groups of decimal digits only are dates, versions and amounts, but with colons.
	if sep != ':' && !bytes.ContainsAny(chain, "abcdefABCDEF") {
		return false
	}
	switch {
	case sep == ' ' && (start > 0 || end < len(b)):
		return false
	case !pairs:
		return groups == 3 || groups == 4
	case groups == 14: // the Ethernet header in a line of the Linux firewall
		return bytes.HasSuffix(b[:start], []byte("MAC="))
	}
	return groups == 6 || groups == 8
}

// normaliseMAC appends the hexadecimal digits in lower case.
func normaliseMAC(dst, value []byte) []byte {
	for _, c := range value {
		if isHex(c) {
			dst = append(dst, c|0x20) // digits have that bit already
		}
	}
	return dst
}
