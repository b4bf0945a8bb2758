package redact

import "bytes"

// newConnectionDetector returns the detector of passwords in connection strings:
// URLs of any scheme with a password, the DSNs of Go's and Oracle's drivers, and
// the semicolon lists of ADO, ODBC and Azure. Only the password is replaced, so that
// one can still see what was connected to.
func newConnectionDetector() *detector {
	d := newSecretDetector("connection_string", labelSecret,
		`://[^/@\s]*:`, pgpassTrigger, `@(?:tcp|udp|unix)\(`, `(?i)jdbc:oracle:`,
		`(?i)(?:password|pwd|accountkey|sharedaccesskey|sharedsecretvalue)[ ]*=`)
	d.find = func(t *text, hits []hit) []hit { return findConnections(d, t, hits) }
	return d
}

func findConnections(d *detector, t *text, hits []hit) []hit {
	b := t.b
	c := connections{b: b}
	done := 0 // the end of the last find
	for i := 1; i < len(b); i++ {
		var start, end int
		var why string
		switch {
		case b[i] == ':' && bytes.HasPrefix(b[i:], []byte("://")) && base62.has[b[i-1]]:
			start, end = c.urlPassword(i)
			why = "password in a URL"
		case b[i] == ':' && pgpassPort(b[i:]) > 0:
			start, end = pgpassPassword(b, i)
			why = "password in .pgpass"
		case b[i] == '@':
			start, end = c.driverPassword(i)
			why = "password in a driver's connection string"
		case b[i] == '=':
			start, end = c.listPassword(i)
			why = "password in a connection string"
		}
		if end > start && start >= done && !standIn(b[start:end]) {
			hits = append(hits, hit{start: start, end: end, d: d, why: why})
			done = end
			i = max(i, end-1)
		}
	}
	return hits
}

// connections looks for passwords in b. It goes on from left to right, and remembers
// what lies ahead, so that a text of nothing but beginnings takes no longer.
type connections struct {
	b       []byte
	nextAt  int // the first @ from the place last asked for, or the end of b
	nextEnd int // the first character that no URL has from there
}

// urlEnd are the characters that end a URL in running text. A password may hold
// any other character: people do not escape what they paste.
var urlEnd = newAlphabet(" \t\r\n\"'`<>\\")

// urlPassword returns the password of the URL whose :// stands at i.
func (c *connections) urlPassword(i int) (start, end int) {
	b := c.b
	i += len("://")
	user := i
	for user < len(b) && b[user] != ':' && b[user] != '/' && b[user] != '@' && !urlEnd.has[b[user]] {
		user++
	}
	if user == len(b) || b[user] != ':' {
		return 0, 0
	}
	start = user + 1
	for c.nextEnd < start || c.nextEnd < len(b) && !urlEnd.has[b[c.nextEnd]] {
		c.nextEnd++
	}
	at := -1
	j := start
	for ; j < c.nextEnd && b[j] != '/' && b[j] != '?' && b[j] != '#'; j++ {
		if b[j] == '@' {
			at = j
		}
	}
	if at >= 0 {
		return start, at
	}
	// The password may hold a slash, unless what stands before it is a port.
	for c.nextAt < j || c.nextAt < len(b) && b[c.nextAt] != '@' {
		c.nextAt++
	}
	if c.nextAt >= c.nextEnd || decimal.run(b, start) == j || bytes.HasPrefix(b[j:], []byte("://")) {
		return 0, 0
	}
	return start, c.nextAt
}

// pgpassTrigger matches the port in a line of .pgpass: host:port:database:user:password. Of other ports too many things
// are written like that.
const pgpassTrigger = `:(?:5432|5433|6432|\*):`

// pgpassPort returns the size of such a port and the colons around it, or 0.
func pgpassPort(b []byte) int {
	for _, port := range [...]string{":5432:", ":5433:", ":6432:", ":*:"} {
		if bytes.HasPrefix(b, []byte(port)) {
			return len(port)
		}
	}
	return 0
}

// pgpassPassword returns the password of the line of .pgpass of which the port stands at i.
func pgpassPassword(b []byte, i int) (start, end int) {
	host := i
	for host > 0 && i-host < nameMost && (nameChars.has[b[host-1]] || b[host-1] == '*') {
		host--
	}
	if host == i || host > 0 && b[host-1] != '\n' {
		return 0, 0
	}
	i += pgpassPort(b[i:])
	for range 2 { // database and user
		field := i
		for i < len(b) && i-field < nameMost && b[i] != ':' && !urlEnd.has[b[i]] {
			i++
		}
		if i == field || i == len(b) || b[i] != ':' {
			return 0, 0
		}
		i++
	}
	start, end = i, i
	for end < len(b) && end-start < listMost && !urlEnd.has[b[end]] {
		end++
	}
	if end == start || end < len(b) && b[end] != '\n' && b[end] != '\r' || wordy(b[start:end]) || numeric(b[start:end], 4) {
		return 0, 0
	}
	return start, end
}

// driverMost is how long user and password may be before the @ of a driver.
const driverMost = 512

// driverPassword returns the password that ends before the @ at i, if the host
// is written as Go's MySQL driver (user:password@tcp(host)/db) or Oracle's
// (jdbc:oracle:thin:user/password@host) want it.
func (c *connections) driverPassword(i int) (start, end int) {
	b := c.b
	first := i
	for first > 0 && i-first < driverMost && b[first-1] != '@' && !urlEnd.has[b[first-1]] {
		first--
	}
	const oracle = "jdbc:oracle:"
	user := b[first:i]
	after := b[i+1:]
	switch {
	case bytes.HasPrefix(after, []byte("tcp(")), bytes.HasPrefix(after, []byte("udp(")), bytes.HasPrefix(after, []byte("unix(")):
		if at := bytes.IndexByte(user, ':'); at >= 0 {
			return first + at + 1, i
		}
	default:
		if at := indexFold(user, oracle); at >= 0 {
			if slash := bytes.IndexByte(user[at:], '/'); slash >= 0 {
				return first + at + slash + 1, i
			}
		}
	}
	return 0, 0
}

// listMost is how long a value in a list is at most.
const listMost = 1024

// listPassword returns the secret that stands behind the = at i, if what is before
// is one of the names that ADO, ODBC, JDBC and Azure use in lists with semicolons.
func (c *connections) listPassword(i int) (start, end int) {
	b := c.b
	nameEnd := i
	if b[nameEnd-1] == ' ' {
		nameEnd--
	}
	name := b[letters.before(b, nameEnd, 24):nameEnd]
	azure := foldEqual(name, "accountkey") || foldEqual(name, "sharedaccesskey") || foldEqual(name, "sharedsecretvalue")
	if !azure && !foldEqual(name, "password") && !foldEqual(name, "pwd") {
		return 0, 0
	}
	start = i + 1
	if start < len(b) && b[start] == ' ' {
		start++
	}
	if azure {
		end = base64Std.run(b, start)
		if end-start < 20 {
			return 0, 0
		}
		return start, end
	}
	most := min(len(b), start+listMost)
	stop := byte(';')
	switch {
	case start == most:
	case b[start] == '{': // how ODBC quotes
		stop = '}'
		start++
	case b[start] == '\'':
		stop = '\''
		start++
	}
	if start < most && b[start] == '{' { // {{ of a template
		return 0, 0
	}
	end = start
	for end < most && b[end] != stop && b[end] != '"' && b[end] != '\n' && b[end] != '\r' {
		end++
	}
	before := nameEnd - len(name)
	for before > 0 && b[before-1] == ' ' && nameEnd-before < 32 {
		before--
	}
	if (before == 0 || b[before-1] != ';') && !listGoesOn(b, end) {
		return 0, 0
	}
	return start, end
}

// listGoesOn reports whether another member of a list follows the value that ends
// at i: ;Database=
func listGoesOn(b []byte, i int) bool {
	if i < len(b) && (b[i] == '\'' || b[i] == '}') {
		i++
	}
	if i == len(b) || b[i] != ';' {
		return false
	}
	name := blanks(b, i+1)
	end := listName.run(b[:min(len(b), name+32)], name)
	return end > name && end < len(b) && b[end] == '='
}

var listName = newAlphabet("A-Za-z ")

var letters = newAlphabet("A-Za-z")

// foldEqual reports whether b is the lower case s in any case.
func foldEqual(b []byte, s string) bool {
	return len(b) == len(s) && hasFoldPrefix(b, s)
}
