package redact

import "bytes"

// findCookies appends the secrets among the cookies of a Cookie or Set-Cookie header
// whose name ends at i; for i = 0 b is the header's value. It returns how far it looked.
func findCookies(d *detector, b []byte, i int, hits []hit) ([]hit, int) {
	done := i
	if i > 0 {
		i = blanks(b, nameClose(b, i))
		if i == len(b) || b[i] != ':' {
			return hits, done
		}
		i++
	}
	for {
		for i < len(b) && (b[i] == ' ' || b[i] == '"' || b[i] == '\'' || b[i] == '\\') {
			i++
		}
		nameEnd := nameChars.run(b, i)
		if nameEnd == i || nameEnd == len(b) || b[nameEnd] != '=' {
			return hits, done
		}
		end := nameEnd + 1
		for end < len(b) && b[end] != ';' && !bareStop.has[b[end]] {
			end++
		}
		if v := b[nameEnd+1 : end]; len(v) > 0 && sessionCookie(b[i:nameEnd], v) && !standIn(v) {
			hits = append(hits, hit{start: nameEnd + 1, end: end, d: d, why: "cookie of a session"})
		}
		done = end
		if end == len(b) || b[end] != ';' {
			return hits, done
		}
		i = end + 1
	}
}

// sessionCookie reports whether the cookie with that name and value lets its holder in.
func sessionCookie(name, value []byte) bool {
	if namesSession(name) {
		return len(value) >= 6
	}
	kind := nameOf(name)
	return kind >= softSecret && len(value) >= 4 || random(value)
}

// namesSession reports whether a cookie of that name is one of a session.
func namesSession(name []byte) bool {
	for _, s := range [...]string{"sess", "sid", "auth", "csrf", "xsrf", "login", "remember"} {
		if indexFold(name, s) >= 0 {
			return true
		}
	}
	return false
}

// isUserPassword reports whether b is a name and a password as basic authentication encodes
// them (RFC 7617).
func isUserPassword(b []byte) bool {
	const most = 512
	b = bytes.TrimRight(b, "=")
	if len(b) < 6 || len(b) > most {
		return false
	}
	var plain [most]byte
	n, ok := decodeBase64(plain[:], b)
	return ok && bytes.IndexByte(plain[:n], ':') > 0 && printable(plain[:n])
}
