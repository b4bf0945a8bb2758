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
	for _, s := range [...]string{"sess", "sid", "auth", "csrf", "xsrf", "login", "remember"} {
		if indexFold(name, s) >= 0 {
			return len(value) >= 6
		}
	}
	kind := nameOf(name)
	return kind >= softSecret && len(value) >= 4 || random(value)
}

// curlUser returns the password of curl's -u user:password and --user, which stand
// behind the command at i and on the same line or its continuations.
func curlUser(b []byte, i int) (start, end int, ok bool) {
	const argsMost = 2048
	args := b[i:min(len(b), i+argsMost)]
	if next := bytes.Index(args[1:], []byte("curl ")); next >= 0 {
		args = args[:1+next]
	}
	for at := 0; ; {
		next := bytes.IndexByte(args[at:], '-')
		if next < 0 {
			return 0, 0, false
		}
		at += next
		if args[at-1] != ' ' && args[at-1] != '\n' {
			at++
			continue
		}
		switch {
		case bytes.HasPrefix(args[at:], []byte("-u")):
			start = at + len("-u")
		case bytes.HasPrefix(args[at:], []byte("--user ")), bytes.HasPrefix(args[at:], []byte("--user=")):
			start = at + len("--user")
		default:
			at++
			continue
		}
		if start < len(args) && args[start] == '=' {
			start++
		}
		a, found := valueAt(b, i+blanks(args, start), assignment{op: ' '})
		if !found {
			return 0, 0, false
		}
		if close := a.end + len(a.quote); a.quote != nil && close < len(b) && b[close] == ':' { // "user":"password"
			a, found = valueAt(b, close+1, assignment{op: ' '})
			return a.start, a.end, found && a.end-a.start >= 3 && !standIn(b[a.start:a.end])
		}
		colon := bytes.IndexByte(b[a.start:a.end], ':')
		if colon < 0 {
			return 0, 0, false
		}
		start, end = a.start+colon+1, a.end
		if start == end { // the name is the key, as Stripe has it
			start, end = a.start, end-1
		}
		v := b[start:end]
		return start, end, len(v) >= 3 && !standIn(v) && v[0] != '$'
	}
}
