package vaultcfg

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A node is a value of the document that knows where it stands. The whole of
// vault.json is checked and decoded from one tree of nodes, so that there is one
// reading of it: package json by itself lets the last of two equal keys win, and
// takes "Name" for "name".
type node struct {
	start    place // of the value's first byte
	keyStart place // of its key; of the value itself when it has none

	file   *source // of the root only
	parent *node
	key    string // in a parent that is an object
	index  int    // in a parent that is an array

	// value is what JSON decodes to: nil, bool, string, int64 or float64, and
	// for the other two kinds, whose content is in children, object or array.
	value    any
	children []*node
	byKey    map[string]*node // of an object; of equal keys the first
}

// The kinds of value that have children.
type (
	object struct{}
	array  struct{}
)

// A source is a file that was read.
type source struct {
	path  string // as the caller named it
	full  string // absolute; empty when not known
	data  []byte
	layer int // how many layers it stands above the vault
}

// A place is a byte of a file. The zero value is no particular place.
type place struct {
	offset       int
	line, column int // from 1, the column counted in characters
}

// source returns the file that n is from.
func (n *node) source() *source {
	for n.parent != nil {
		n = n.parent
	}
	return n.file
}

// get returns the value at key, or nil when n is nil, not an object, or has none.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	return n.byKey[key]
}

// asString returns the string at n, and false when n is nil or not a string.
func (n *node) asString() (string, bool) {
	if n == nil {
		return "", false
	}
	text, ok := n.value.(string)
	return text, ok
}

// list returns the items of n, and none when n is nil or not a list.
func (n *node) list() []*node {
	if n == nil || n.value != (array{}) {
		return nil
	}
	return n.children
}

// items returns the items of n like list, and n itself where it is a string in the place
// of a list.
func (n *node) items() []*node {
	if _, ok := n.asString(); ok {
		return []*node{n}
	}
	return n.list()
}

// pointer returns the path of n from the top, such as audit.pii_patterns[2].name.
// It is made when it is asked for: stored in each node, the paths below a key of
// a few hundred kilobytes would take up gigabytes.
func (n *node) pointer() string {
	switch {
	case n.parent == nil:
		return ""
	case n.parent.value == array{}:
		return n.parent.pointer() + "[" + strconv.Itoa(n.index) + "]"
	}
	return n.parent.child(n.key)
}

// child returns the path of the key below n, whether it exists or not.
func (n *node) child(key string) string {
	path := n.pointer()
	switch {
	case !isWord(key):
		return path + "[" + quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// isWord reports whether a key can stand in a path without quotes.
func isWord(key string) bool {
	for _, c := range []byte(key) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '$') {
			return false
		}
	}
	return 0 < len(key) && len(key) <= maxQuoted
}

// maxQuoted is how many characters of the file an error repeats.
const maxQuoted = 40

// quote returns text in double quotes, cut to [maxQuoted] characters and with
// everything escaped that could move the cursor or turn the line around.
func quote(text string) string {
	count := 0
	for at := range text {
		if count++; count > maxQuoted {
			return strconv.Quote(text[:at]) + "…"
		}
	}
	return strconv.Quote(text)
}

// tree returns n in the form that the schema validator takes.
func (n *node) tree() any {
	switch n.value.(type) {
	case object:
		m := make(map[string]any, len(n.byKey))
		for key, child := range n.byKey {
			m[key] = child.tree()
		}
		return m
	case array:
		list := make([]any, len(n.children))
		for i, child := range n.children {
			list[i] = child.tree()
		}
		return list
	}
	return n.value
}

// readDocument returns the root of the document in a file, which [checkSyntax]
// has found well-formed, and reports duplicate keys and numbers out of range.
func readDocument(file *source, found *findings) *node {
	dec := json.NewDecoder(bytes.NewReader(file.data))
	dec.UseNumber()
	root := &node{file: file}
	r := reader{data: file.data, dec: dec, at: place{line: 1, column: 1}, found: found}
	r.read(root)
	return root
}

// A reader makes nodes of tokens.
type reader struct {
	data  []byte
	dec   *json.Decoder
	at    place // of the last token
	found *findings
}

// read fills in n with the next value. It recurses as deep as the document
// nests, which is [maxDepth] at most.
func (r *reader) read(n *node) {
	n.start = r.next()
	if n.keyStart == (place{}) {
		n.keyStart = n.start
	}
	switch token := r.token().(type) {
	case json.Delim:
		if token == '{' {
			r.readObject(n)
		} else {
			r.readArray(n)
		}
	case json.Number:
		n.value = r.number(n, token)
	default:
		n.value = token
	}
}

func (r *reader) readObject(n *node) {
	n.value, n.byKey = object{}, make(map[string]*node)
	for r.dec.More() {
		child := &node{parent: n, keyStart: r.next()}
		child.key, _ = r.token().(string)
		r.read(child)
		n.children = append(n.children, child)
		if first, ok := n.byKey[child.key]; ok {
			r.found.key(child, "duplicate key", fmt.Sprintf("it is first given on line %d", first.keyStart.line))
			continue
		}
		n.byKey[child.key] = child
	}
	r.token() // the closing bracket
}

func (r *reader) readArray(n *node) {
	n.value = array{}
	for r.dec.More() {
		child := &node{parent: n, index: len(n.children)}
		r.read(child)
		n.children = append(n.children, child)
	}
	r.token() // the closing bracket
}

// number returns the value of a number as the validator is to see it. The
// literal itself would do, but the validator works with exact fractions, and
// 1e999999999 as a fraction takes minutes and gigabytes.
func (r *reader) number(n *node, literal json.Number) any {
	if i, err := literal.Int64(); err == nil {
		return i
	}
	f, err := literal.Float64()
	if err != nil {
		r.found.value(n, "number out of range", "")
		return int64(0)
	}
	return f
}

// next returns the place of the next token, which is past the white space, the
// comma or the colon that follow the last one.
func (r *reader) next() place {
	to := int(r.dec.InputOffset())
	for to < len(r.data) && strings.IndexByte(" \t\r\n,:", r.data[to]) >= 0 {
		to++
	}
	r.at = r.at.advance(r.data, to)
	return r.at
}

// advance returns the place of a later offset. Who goes through a file this way
// looks at each byte once: a hostile file can hold a hundred thousand values on
// a single line.
func (p place) advance(data []byte, offset int) place {
	passed := data[p.offset:offset]
	if n := bytes.Count(passed, []byte{'\n'}); n > 0 {
		p.line, p.column = p.line+n, 1
		passed = passed[bytes.LastIndexByte(passed, '\n')+1:]
	}
	p.column += utf8.RuneCount(passed)
	p.offset = offset
	return p
}

// token returns the next token. In a document that is known to be well-formed
// there is no error but the end.
func (r *reader) token() json.Token {
	token, _ := r.dec.Token()
	return token
}
