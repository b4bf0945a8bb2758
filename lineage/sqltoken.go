package lineage

import "strings"

// sqlKind is what a token of SQL is.
type sqlKind byte

const (
	sqlWord    sqlKind = iota + 1 // a keyword or a name without quotes; text is in lower case
	sqlQuoted                     // a name in quotes; text is what they hold
	sqlLiteral                    // a string, a number or a parameter
	sqlMark                       // one character of anything else; text is that
)

// sqlToken is a token of SQL.
type sqlToken struct {
	kind sqlKind
	text string
}

// is reports whether t is one of some keywords or marks.
func (t sqlToken) is(texts ...string) bool {
	if t.kind != sqlWord && t.kind != sqlMark {
		return false
	}
	for _, s := range texts {
		if t.text == s {
			return true
		}
	}
	return false
}

// sqlTokens returns the tokens of a query without its comments. It knows the quoting of
// PostgreSQL, SQLite, MySQL and SQL Server at once. Where these would read the query in
// different ways, so that one could hide from us what another runs, clear is false.
func sqlTokens(query string) (tokens []sqlToken, clear bool) {
	l := &sqlLexer{src: query, clear: true}
	for l.pos < len(l.src) {
		l.next()
	}
	return l.tokens, l.clear
}

// sqlLexer cuts a query into tokens.
type sqlLexer struct {
	src    string
	pos    int
	tokens []sqlToken
	clear  bool

	brackets int // of subscripts and lists that have begun
}

func (l *sqlLexer) add(kind sqlKind, text string) {
	l.tokens = append(l.tokens, sqlToken{kind, text})
}

// at returns the byte that stands n after the position, 0 if none does.
func (l *sqlLexer) at(n int) byte {
	if i := l.pos + n; i >= 0 && i < len(l.src) {
		return l.src[i]
	}
	return 0
}

// next reads one token, or skips a space or a comment.
func (l *sqlLexer) next() {
	c := l.src[l.pos]
	switch {
	case c == ' ' || '\t' <= c && c <= '\r':
		l.pos++
	case c == '-' && l.at(1) == '-':
		l.lineComment()
	case c == '/' && l.at(1) == '*':
		l.blockComment()
	case c == '#' && l.at(1) != '>' && l.at(1) != '-':
		l.clear = false // a comment for one, an operator for another
		l.mark()
	case c == '\'':
		l.text(false)
	case c == '"', c == '`':
		l.add(sqlQuoted, l.quoted(c))
	case c == '[' && l.bracketQuotes():
		l.add(sqlQuoted, l.quoted(']'))
	case c == '$':
		l.dollar()
	case (c == ':' || c == '@') && isSQLStart(l.at(1)) && l.at(-1) != ':':
		l.parameter()
	case isSQLDigit(c):
		l.number()
	case isSQLStart(c):
		l.word()
	default:
		l.mark()
	}
}

func (l *sqlLexer) mark() {
	switch l.src[l.pos] {
	case '[':
		l.brackets++
	case ']':
		l.brackets = max(0, l.brackets-1)
	}
	l.add(sqlMark, l.src[l.pos:l.pos+1])
	l.pos++
}

// lineComment skips a comment up to the end of its line.
func (l *sqlLexer) lineComment() {
	// MySQL subtracts what is negative, unless a space follows.
	if c := l.at(2); isSQLDigit(c) || c == '(' || isSQLStart(c) && (isSQLPart(l.at(-1)) || l.at(-1) == ')') {
		l.clear = false
	}
	if end := strings.IndexByte(l.src[l.pos:], '\n'); end >= 0 {
		l.pos += end
		return
	}
	l.pos = len(l.src)
}

// blockComment skips a comment. PostgreSQL nests them, others do not; MySQL runs some.
func (l *sqlLexer) blockComment() {
	if c := l.at(2); c == '!' || c == 'M' && l.at(3) == '!' {
		l.clear = false
	}
	depth := 0
	for l.pos < len(l.src) {
		switch {
		case l.src[l.pos] == '/' && l.at(1) == '*':
			if depth++; depth > 1 {
				l.clear = false
			}
			l.pos += 2
		case l.src[l.pos] == '*' && l.at(1) == '/':
			l.pos += 2
			if depth--; depth == 0 {
				return
			}
		default:
			l.pos++
		}
	}
	l.clear = false // it has no end
}

// text reads a string. Only if it is escaped does a backslash hide a quote; in others
// MySQL says yes, the standard no.
func (l *sqlLexer) text(escaped bool) {
	for l.pos++; l.pos < len(l.src); l.pos++ {
		switch c := l.src[l.pos]; {
		case c == '\\' && escaped:
			l.pos++
		case c == '\\':
			l.backslashes('\'')
		case c == '\'' && l.at(1) == '\'':
			l.pos++
		case c == '\'':
			l.pos++
			l.add(sqlLiteral, "")
			return
		}
	}
	l.clear = false // it has no end
}

// backslashes skips all but the last of some backslashes. MySQL takes each second one for
// itself; if one is left over, it takes the quote after it.
func (l *sqlLexer) backslashes(quote byte) {
	n := 1
	for l.at(1) == '\\' {
		l.pos++
		n++
	}
	if n%2 == 1 && l.at(1) == quote {
		l.clear = false
	}
}

// quoted reads a name in quotes, of which two are one.
func (l *sqlLexer) quoted(end byte) string {
	var b strings.Builder
	for l.pos++; l.pos < len(l.src); l.pos++ {
		c := l.src[l.pos]
		switch {
		case c == end && l.at(1) != end:
			l.pos++
			return b.String()
		case c == end:
			l.pos++
		case c == '\\' && end == '"':
			start := l.pos
			l.backslashes(end) // for MySQL it may be a string
			b.WriteString(l.src[start:l.pos])
		case end == ']' && (c == '\'' || c == '"'):
			l.clear = false // it may be a list of strings
		}
		b.WriteByte(c)
	}
	l.clear = false // it has no end
	return b.String()
}

// bracketQuotes reports whether a bracket begins a name, as in SQL Server and SQLite,
// and no subscript.
func (l *sqlLexer) bracketQuotes() bool {
	if len(l.tokens) == 0 || l.brackets > 0 {
		return false
	}
	switch last := l.tokens[len(l.tokens)-1]; last.kind {
	case sqlWord:
		return last.is("from", "join", "into", "update", "table", "only", "using", "merge", "delete", "insert", "view", "exists", "apply")
	case sqlMark:
		return last.is(",", ".", "(")
	}
	return false
}

// dollar reads a string in dollar quotes, or a parameter.
func (l *sqlLexer) dollar() {
	end := l.pos + 1
	for end < len(l.src) && isSQLPart(l.src[end]) && l.src[end] != '$' {
		end++
	}
	if end == len(l.src) || l.src[end] != '$' || isSQLDigit(l.at(1)) {
		l.add(sqlLiteral, "")
		l.pos = end
		return
	}
	tag := l.src[l.pos : end+1]
	l.pos = end + 1
	l.add(sqlLiteral, "")
	if end := strings.Index(l.src[l.pos:], tag); end >= 0 {
		l.pos += end + len(tag)
		return
	}
	l.pos, l.clear = len(l.src), false // it has no end
}

// number reads a number up to the first letter that cannot be of it: what follows may be
// a keyword.
func (l *sqlLexer) number() {
	l.add(sqlLiteral, "")
	if l.at(0) == '0' && strings.IndexByte("xXbBoO", l.at(1)) >= 0 {
		for l.pos++; isSQLPart(l.at(0)); l.pos++ {
		}
		return
	}
	for isSQLDigit(l.at(0)) || l.at(0) == '.' || l.at(0) == '_' {
		l.pos++
	}
	if l.at(0)|0x20 == 'e' && (isSQLDigit(l.at(1)) || l.at(1) == '-' || l.at(1) == '+') {
		for l.pos += 2; isSQLDigit(l.at(0)); l.pos++ {
		}
	}
}

// parameter reads a parameter or a variable, which may be named like a keyword.
func (l *sqlLexer) parameter() {
	l.add(sqlLiteral, "")
	for l.pos++; isSQLPart(l.at(0)); l.pos++ {
	}
}

// word reads a word, and the string that it introduces.
func (l *sqlLexer) word() {
	start := l.pos
	for l.pos < len(l.src) && isSQLPart(l.src[l.pos]) {
		l.pos++
	}
	word := strings.ToLower(l.src[start:l.pos])
	switch {
	case l.at(0) == '\'' && word == "e":
		l.text(true)
	case l.at(0) == '\'' && (word == "q" || word == "nq"): // Oracle's q'[…]'
		l.clear = false
		l.text(false)
	case l.at(0) == '\'' && (word == "n" || word == "b" || word == "x" || strings.HasPrefix(word, "_")):
		l.text(false)
	case word == "u" && l.at(0) == '&' && (l.at(1) == '\'' || l.at(1) == '"'):
		l.clear = false // escapes that are said after it
		l.pos++
	default:
		l.add(sqlWord, word)
	}
}

func isSQLDigit(c byte) bool { return '0' <= c && c <= '9' }
func isSQLStart(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c >= 0x80 }
func isSQLPart(c byte) bool  { return isSQLStart(c) || isSQLDigit(c) || c == '$' }
