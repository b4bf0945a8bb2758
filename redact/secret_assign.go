package redact

import "bytes"

// An assignment is a place at which a value is given to a name: key=value,
// "key": "value", --key value, <key>value</key>, setProperty("key", "value").
type assignment struct {
	op         byte   // '=', ':', ',', '(', '>' or, behind a flag, ' '
	start, end int    // of the value; the end is not sought further than valuePeek
	quote      []byte // what closes it; nil: it stands bare
}

// How far apart the parts of an assignment may be.
const (
	gapMost   = 24  // blanks between name, sign and value
	valuePeek = 512 // what is looked at to tell whether a value is one
)

// nameChars are those of names of variables, members, headers and flags.
var nameChars = newAlphabet("0-9A-Za-z_.-")

// assigned returns the assignment to the name from start to end in b.
func assigned(b []byte, start, end int) (a assignment, ok bool) {
	i := nameClose(b, end)
	closed := i > end
	gap := i
	i = blanks(b, i)
	if i == len(b) {
		return a, false
	}
	if start > 0 && b[start-1] == '<' && b[i] == '>' {
		a.op = '>'
		i++
		for i < len(b) && i-gap < 2*gapMost && (b[i] == '\n' || b[i] == '\r' || b[i] == ' ' || b[i] == '\t') {
			i++
		}
		return valueAt(b, i, a)
	}
	if closed {
		if j := pairValue(b, i); j > 0 {
			a.op = '='
			return valueAt(b, blanks(b, j), a)
		}
	}
	if j := pairElement(b, start, i, closed); j > 0 {
		a.op = '>'
		return valueAt(b, j, a)
	}
	if j := pairLine(b, start, i); j > 0 {
		a.op = '='
		return valueAt(b, j, a)
	}
	i = typeName(b, i)
	j := signEnd(b, i)
	switch {
	case j > i:
		a.op = b[j-1]
		if a.op == '>' || bytes.IndexByte(b[i:j], '=') >= 0 {
			a.op = '='
		}
	case b[i] == ',' && closed, b[i] == '(':
		a.op = b[i]
		j = i + 1
	case i > gap && isFlag(b[start:end]) && (b[i] != '-' || mixed(b[i:wordEnd(b, i)])): // no other flag
		a.op = ' '
		j = i
	default:
		return a, false
	}
	return valueAt(b, nextLine(b, blockScalar(b, decoration(b, blanks(b, j), a.op), a.op), a.op), a)
}

// spoken returns what a sentence says that a password is: "the password is hunter2", "bad password
// 'hunter2'". Words are none, as in "password is wrong", and of a token only what a machine made.
func spoken(b []byte, start, end int, kind nameKind) (a assignment, ok bool) {
	name, i := b[start:end], blanks(b, end)
	ofPath := start > 0 && b[start-1] == '/' // /etc/passwd
	if i == end || ofPath || kind < tokenSecret || foldEqual(name, "pass") {
		return a, false
	}
	if hasFoldPrefix(b[i:], "for ") { // "the password for joe is …"
		who := i + len("for ")
		end := nameChars.run(b[:min(len(b), who+nameMost)], who)
		if next := blanks(b, end); end > who && next > end && (hasFoldPrefix(b[next:], "is ") || hasFoldPrefix(b[next:], "was ")) {
			i = next
		} else if end > who && end < len(b)-1 && b[end] == ':' && b[end+1] == ' ' {
			i = end + 2
		}
	}
	for _, verb := range [...]string{"is", "was"} {
		if j := i + len(verb); hasFoldPrefix(b[i:], verb) && j < len(b) && (b[j] == ' ' || b[j] == ':') {
			if b[j] == ':' {
				j++
			}
			i = blanks(b, j)
			break
		}
	}
	hash := i+2 < len(b) && decimal.has[b[i]] && b[i+1] == ' ' // how routers write that it is one: secret 5 $1$…
	if hash {
		i += 2
	}
	a, ok = valueAt(b, i, assignment{op: 'i'})
	if !ok {
		return a, false
	}
	a = a.whole(b)
	if a.quote == nil {
		a.end = a.start + len(bytes.TrimRight(b[a.start:a.end], ".!?:)"))
	}
	v := b[a.start:a.end]
	if len(v) < 4 || standIn(v) || reference(v) || numeric(v, 4) || wordy(v) || !holdsText(v) || codeLike(v) {
		return a, false
	}
	return a, kind == wordSecret && (letters.has[v[0]] && !foldEqual(name, "secret") || hash) || random(v)
}

// wordEnd returns where the word of a command line at i ends, or no word is that long.
func wordEnd(b []byte, i int) int {
	end := i
	for end < min(len(b), i+64) && !bareStop.has[b[end]] {
		end++
	}
	return end
}

// isFlag reports whether name is one of a command line: -key, --key.
func isFlag(name []byte) bool {
	dashes := len(name) - len(bytes.TrimLeft(name, "-"))
	return dashes == 1 || dashes == 2
}

// blanks returns the end of the blanks at i.
func blanks(b []byte, i int) int {
	most := min(len(b), i+gapMost)
	for i < most && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	return i
}

// nameClose returns the end of the quotes and brackets that close a name at i:
// "key", [\"key\"], key[], key[25].
func nameClose(b []byte, i int) int {
	most := min(len(b), i+8)
	for i < most {
		switch b[i] {
		case '"', '\'', '`', ']', ')', '\\':
			i++
		case '[':
			j := decimal.run(b, i+1)
			if j == len(b) || b[j] != ']' {
				return i
			}
			i = j + 1
		default:
			return i
		}
	}
	return i
}

// pairValue returns where the value starts if name and value are said by two
// members, as in {"name":"password","value":"…"} and <add key="Password" value="…"/>, or 0.
func pairValue(b []byte, i int) int {
	most := min(len(b), i+gapMost)
	for i < most && (b[i] == ',' || b[i] == ' ' || b[i] == '"' || b[i] == '\'' || b[i] == '\\') {
		i++
	}
	if !hasFoldPrefix(b[i:], "value") {
		return 0
	}
	i = blanks(b, nameClose(b, i+len("value")))
	if i == len(b) || b[i] != '=' && b[i] != ':' {
		return 0
	}
	return i + 1
}

// pairElement returns where the value starts if the name that starts in b and is closed at i is said by an element, or
// by its attribute: <name>password</name><value>…</value>, <entry key="password">…</entry>; or 0.
func pairElement(b []byte, start, i int, quoted bool) int {
	switch {
	case quoted && b[i] == '>':
		tag := bytes.LastIndexByte(b[max(0, start-gapMost):start], '<')
		if tag < 0 {
			return 0
		}
		switch string(firstWord(b[max(0, start-gapMost)+tag+1 : start])) {
		case "entry", "param", "property", "setting", "variable":
			return i + 1
		}
	case b[i] == '<' && start > 0 && b[start-1] == '>':
		for _, end := range [...]string{"</name>", "</key>"} {
			if rest := b[i:min(len(b), i+4*gapMost)]; bytes.HasPrefix(rest, []byte(end)) {
				rest = bytes.TrimLeft(rest[len(end):], " \t\r\n")
				for _, value := range [...]string{"<value>", "<string>"} {
					if bytes.HasPrefix(rest, []byte(value)) {
						return min(len(b), i+4*gapMost) - len(rest) + len(value)
					}
				}
			}
		}
	}
	return 0
}

// pairLine returns where the value starts if the name that starts in b and ends a line at i is said by a line, and its
// value by the next one, as in Kubernetes' "- name: DB_PASSWORD" and "value: …"; or 0.
func pairLine(b []byte, start, i int) int {
	before := bytes.TrimRight(b[max(0, start-gapMost):start], " \t\"'")
	if !bytes.HasSuffix(before, []byte("name:")) && !bytes.HasSuffix(before, []byte("key:")) {
		return 0
	}
	rest := b[i:min(len(b), i+4*gapMost)]
	line := bytes.TrimLeft(rest, " \t\r")
	if len(line) == 0 || line[0] != '\n' {
		return 0
	}
	line = bytes.TrimLeft(line, " \t\r\n")
	if !bytes.HasPrefix(line, []byte("value:")) {
		return 0
	}
	return blanks(b, i+len(rest)-len(line)+len("value:"))
}

// typeName skips the type of a declaration: var key string = "value".
func typeName(b []byte, i int) int {
	j := i
	if b[j] == ':' {
		j = blanks(b, j+1)
	}
	if !hasFoldPrefix(b[j:], "str") {
		return i
	}
	j = blanks(b, letters.run(b, j))
	if j < len(b) && b[j] == '=' {
		return j
	}
	return i
}

// signEnd returns the end of the sign of assignment or comparison at i, or i: = and :,
// alone or as in :=, =>, ==, !=, ?=, +=, .=, ||= and :::=.
func signEnd(b []byte, i int) int {
	j := signStart.run(b[:min(len(b), i+3)], i)
	equals := j
	for equals < len(b) && equals-j < 3 && b[equals] == '=' {
		equals++
	}
	switch {
	case equals == j+1 && equals < len(b) && b[equals] == '>':
		return equals + 1
	case equals > j:
		return equals
	case j == i+1 && b[i] == ':':
		return j
	}
	return i
}

var signStart = newAlphabet(":!?+.|")

// decoration skips an anchor or a tag of YAML: &name, !!str.
func decoration(b []byte, i int, op byte) int {
	if op != ':' || !bytes.HasPrefix(b[i:], []byte("&")) && !bytes.HasPrefix(b[i:], []byte("!!")) {
		return i
	}
	end := nameChars.run(b, i+1)
	if b[i] == '!' {
		end = nameChars.run(b, i+2)
	}
	if next := blanks(b, end); next > end && next < len(b) && b[next] != '\n' && b[next] != '#' {
		return next
	}
	return i
}

// blockScalar skips the beginning of YAML's texts of several lines.
func blockScalar(b []byte, i int, op byte) int {
	if op != ':' || i >= len(b) || b[i] != '|' && b[i] != '>' {
		return i
	}
	j := i + 1
	if j < len(b) && (b[j] == '-' || b[j] == '+') {
		j++
	}
	j = blanks(b, j)
	if j < len(b) && b[j] == '\r' {
		j++
	}
	if j < len(b) && b[j] == '\n' {
		return blanks(b, j+1)
	}
	return i
}

// nextLine skips the end of a line at i before a value in quotes, as formatters of programs put it.
func nextLine(b []byte, i int, op byte) int {
	j := i
	if op == '=' && j < len(b) && b[j] == '\r' {
		j++
	}
	if op != '=' || j >= len(b) || b[j] != '\n' {
		return i
	}
	if j = blanks(b, j+1); j < len(b) && (b[j] == '"' || b[j] == '\'' || b[j] == '`') {
		return j
	}
	return i
}

// valueAt finds the end of the value that starts at i.
func valueAt(b []byte, i int, a assignment) (assignment, bool) {
	if i+1 < len(b) && bytes.IndexByte([]byte("@rbufRBUFNE$"), b[i]) >= 0 && (b[i+1] == '"' || b[i+1] == '\'') {
		i++ // the prefix of a literal
	}
	escaped := i // backslashes before the quote, of JSON inside a string
	for escaped < len(b) && escaped-i < 4 && b[escaped] == '\\' {
		escaped++
	}
	if escaped < len(b) && (b[escaped] == '"' || b[escaped] == '\'' || b[escaped] == '`') {
		quote := b[i : escaped+1]
		start := escaped + 1
		if q := b[escaped]; len(quote) == 1 && start+1 < len(b) && b[start] == q && b[start+1] == q {
			start += 2
		}
		if end := quoteEnd(b, start, min(len(b), start+valuePeek), quote); end >= 0 {
			a.quote, a.start, a.end = quote, start, end
			return a, true
		}
		i = start
	}
	if a.op == '(' || a.op == ',' {
		return a, false
	}
	a.start = i
	most := min(len(b), i+valuePeek)
	a.end = bareEnd(b, i, most)
	if a.op == '>' { // all that is in an element
		if n := bytes.IndexAny(b[i:most], "<\n"); n >= 0 && b[i+n] == '<' && byteAt(b, i+n+1) == '/' {
			a.end = i + len(bytes.TrimRight(b[i:i+n], " \t"))
		}
	}
	return a, a.end > a.start
}

// whole returns a with the end of its value, however far that is.
func (a assignment) whole(b []byte) assignment {
	switch {
	case a.end-a.start < valuePeek:
	case a.quote != nil:
		a.end = quoteEnd(b, a.start, len(b), a.quote)
	default:
		a.end = bareEnd(b, a.start, len(b))
	}
	return a
}

// quoteEnd returns where the value that starts at i is closed with quote, or most.
// It is -1 if the line ends first.
func quoteEnd(b []byte, i, most int, quote []byte) int {
	for start := i; i < most && b[i] != '\n'; i++ {
		switch {
		case i > start && len(quote) == 1 && quote[0] == '\'' && b[i] == '\'' && i+1 < most && b[i+1] == '\'': // one, in SQL and YAML
			i++
		case bytes.HasPrefix(b[i:], quote):
			return i
		case len(quote) == 1 && b[i] == '\\' && quote[0] != '`' && i+1 < most && b[i+1] != '\n':
			i++
		}
	}
	if i < len(b) && i >= most {
		return most
	}
	return -1
}

// bareEnd returns the end of the value without quotes that starts at i, or most: it
// ends at a blank, at a quote, or at a separator behind which another name is
// given a value.
func bareEnd(b []byte, i, most int) int {
	end := i
	for end < most && !bareStop.has[b[end]] {
		c := b[end]
		if c == '<' && end+1 < len(b) && b[end+1] == '/' { // <key>value</key>
			break
		}
		if (c == '&' || c == ',' || c == ';' || c == '|') && end > i && separates(b, end+1) {
			break
		}
		end++
	}
	if end == most && most < len(b) {
		return most
	}
	for end > i && bareTrail.has[b[end-1]] {
		if c := b[end-1]; (c == ')' || c == ']' || c == '}' || c == '>') && bytes.IndexByte(b[i:min(end, i+valuePeek)], opening(c)) >= 0 {
			break
		}
		end--
	}
	return end
}

var (
	bareStop  = newAlphabet(" \t\r\n\"'`")
	bareTrail = newAlphabet(",;)\\]}>&|")
)

// opening returns the bracket that c closes.
func opening(c byte) byte {
	switch c {
	case ')':
		return '('
	case ']':
		return '['
	case '>':
		return '<'
	}
	return '{'
}

// separates reports whether what stands at i ends a value before it: a blank, the
// end, or a name with a sign.
func separates(b []byte, i int) bool {
	if i == len(b) || bareStop.has[b[i]] {
		return true
	}
	end := nameChars.run(b[:min(len(b), i+nameMost)], i)
	return end > i && end < len(b) && (b[end] == '=' || b[end] == ':')
}
