package redact

import "bytes"

// sqlMost is how far behind the beginning of a statement its password is looked for.
const sqlMost = 256

// sqlPassword returns the password that a statement of SQL gives to an account behind the word from start to end in b:
// CREATE USER joe IDENTIFIED BY 'x', ALTER ROLE joe PASSWORD 'x', SET PASSWORD FOR joe = 'x'.
func sqlPassword(b []byte, start, end int) (a assignment, ok bool) {
	word := b[start:end]
	i := blanks(b, end)
	set := false
	switch {
	case foldEqual(word, "identified"):
		if !hasFoldPrefix(b[i:], "by ") { // WITH plugin BY, WITH plugin AS
			if !hasFoldPrefix(b[i:], "with ") {
				return a, false
			}
			i = blanks(b, nameChars.run(b, blanks(b, i+len("with"))))
		}
		if !hasFoldPrefix(b[i:], "by ") && !hasFoldPrefix(b[i:], "as ") {
			return a, false
		}
		i = blanks(b, i+len("by"))
		if hasFoldPrefix(b[i:], "password ") || hasFoldPrefix(b[i:], "values ") {
			i = blanks(b, nameChars.run(b, i))
		}
	case foldEqual(word, "password") && hasFoldPrefix(b[i:], "for ") && hasFoldSuffix(b[:start], "set "):
		line := b[i:min(len(b), i+nameMost)]
		sign := bytes.IndexByte(line, '=')
		if sign < 0 || bytes.IndexByte(line[:sign], '\n') >= 0 {
			return a, false
		}
		i, set = blanks(b, i+sign+1), true
		if hasFoldPrefix(b[i:], "password(") {
			i += len("password(")
		}
	case foldEqual(word, "password") && i < len(b):
		if b[i] == '(' {
			i++
		}
	default:
		return a, false
	}
	a, ok = valueAt(b, i, assignment{op: '='})
	if !ok || standIn(b[a.start:a.end]) || !set && !accountStatement(b[max(0, start-sqlMost):start]) {
		return a, false
	}
	if a.quote == nil { // in prose, somebody may be identified by name
		ok = foldEqual(word, "identified") && (word[0] == 'I' && word[1] == 'D' || !wordy(b[a.start:a.end]))
		a.end = a.start + len(bytes.TrimRight(b[a.start:a.end], ";"))
	}
	return a, ok
}

// accountStatement reports whether b holds the beginning of a statement that makes or alters an account.
func accountStatement(b []byte) bool {
	for i, c := range b {
		var beginnings []string
		switch c | 0x20 {
		case 'a':
			beginnings = accountStatements[:3]
		case 'c':
			beginnings = accountStatements[3:6]
		case 'd', 'g', 'u':
			beginnings = accountStatements[6:]
		}
		for _, s := range beginnings {
			if hasFoldPrefix(b[i:], s) {
				return true
			}
		}
	}
	return false
}

var accountStatements = []string{"alter user ", "alter role ", "alter login ", "create user ", "create role ", "create login ", "database link ", "grant ", "user mapping "}

// hasFoldSuffix reports whether b ends in the lower case s in any case.
func hasFoldSuffix(b []byte, s string) bool {
	return len(b) >= len(s) && hasFoldPrefix(b[len(b)-len(s):], s)
}

// netrcPassword returns the password behind the word from start to end in b, if that is what .netrc says of a machine:
// machine h login joe password x.
func netrcPassword(b []byte, start, end int) (a assignment, ok bool) {
	if !foldEqual(b[start:end], "password") {
		return a, false
	}
	before := b[max(0, start-sqlMost):start]
	words := bytes.Fields(before)
	if n := len(words); n < 4 || string(words[n-2]) != "login" || !bytes.Contains(before, []byte("machine ")) {
		return a, false
	}
	a, ok = valueAt(b, blanks(b, end), assignment{op: ' '})
	a = a.whole(b)
	return a, ok && a.start > end && !standIn(b[a.start:a.end])
}
