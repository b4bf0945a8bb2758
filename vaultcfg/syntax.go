package vaultcfg

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDepth is how deep objects and arrays may nest. A valid vault.json nests
// four deep; the limit keeps the walks over the document, which recurse, small.
const maxDepth = 64

// checkSyntax reports whether a file is a JSON document that is worth reading
// further, and says in found why not.
func checkSyntax(file *source, found *findings) bool {
	offset, bad := syntaxError(file.data)
	if bad != nil {
		at := place{line: 1, column: 1}.advance(file.data, offset)
		found.at(file, at, "", bad.msg, bad.hint)
	}
	return bad == nil
}

// syntaxError returns the first thing that keeps data from being a JSON document,
// and where it is.
func syntaxError(data []byte) (offset int, bad *complaint) {
	switch {
	case len(data) > maxSize:
		return 0, &complaint{"the file is larger than 1 MiB", "is it the right file?"}
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return 0, &complaint{"the file begins with a byte order mark", "save it as UTF-8 without BOM"}
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return 0, &complaint{"the file is in UTF-16", "save it as UTF-8 without BOM"}
	case len(bytes.TrimSpace(data)) == 0:
		return 0, &complaint{"the file is empty", `"name", "tier" and "environment" are required`}
	}
	if at := invalidUTF8(data); at >= 0 {
		return at, &complaint{fmt.Sprintf("byte 0x%02x is not valid UTF-8", data[at]), "save the file as UTF-8"}
	}
	if at := tooDeep(data); at >= 0 {
		return at, &complaint{fmt.Sprintf("nested deeper than %d", maxDepth), "a vault.json nests four deep"}
	}
	var document json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&document)
	// Of a syntax error only the offset is used. Its text describes the state of
	// a scanner; what stands at the offset says better what to do.
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return trailing(data, int(dec.InputOffset()))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return len(data), &complaint{"the file ends too early", `is a closing quote, "}" or "]" missing?`}
	case errors.As(err, &syntax) && 0 < syntax.Offset && int(syntax.Offset) <= len(data):
		return explain(data, int(syntax.Offset)-1)
	}
	return 0, &complaint{"malformed JSON: " + err.Error(), ""}
}

// trailing returns what follows the document that ends at an offset.
func trailing(data []byte, end int) (offset int, bad *complaint) {
	rest := bytes.TrimLeft(data[end:], " \t\r\n")
	if len(rest) == 0 {
		return 0, nil
	}
	at := len(data) - len(rest)
	if isComment(rest[0]) {
		return explain(data, at)
	}
	r, _ := utf8.DecodeRune(rest)
	return at, &complaint{fmt.Sprintf("unexpected %q after the end of the JSON document", r), "a vault.json holds a single object"}
}

// invalidUTF8 returns the offset of the first byte that is not part of a UTF-8
// sequence, or -1.
func invalidUTF8(data []byte) int {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// tooDeep returns the offset of the bracket that nests deeper than [maxDepth],
// or -1. It runs before the document is known to be well-formed, since it is
// there to protect what finds that out.
func tooDeep(data []byte) int {
	depth, quoted := 0, false
	for at := 0; at < len(data); at++ {
		switch c := data[at]; {
		case quoted && c == '\\':
			at++ // whatever is escaped does not end the string
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth > maxDepth {
				return at
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return -1
}

// explain says what is wrong with the byte at an offset, the first that the
// decoder did not take.
func explain(data []byte, at int) (offset int, bad *complaint) {
	r, _ := utf8.DecodeRune(data[at:])
	before := bytes.TrimRight(data[:at], " \t\r\n")
	var last byte // the byte that stands before, white space aside
	if len(before) > 0 {
		last = before[len(before)-1]
	}
	msg := fmt.Sprintf("unexpected %q", r)
	switch {
	case isComment(data[at]):
		return at, &complaint{"comments are not allowed in JSON", `remove it; there is "description" for a remark`}
	case (r == '}' || r == ']') && last == ',':
		return len(before) - 1, &complaint{fmt.Sprintf("comma before the closing %q", r), "remove the comma"}
	case r == '\n' || r == '\r':
		return at, &complaint{"the line ends inside a string", "is a closing quote missing?"}
	case unicode.IsControl(r):
		return at, &complaint{fmt.Sprintf("control character %U", r), `in a string write it as an escape, such as \t for a tab`}
	case strings.ContainsRune("'`‘’“”„", r):
		return at, &complaint{msg, `strings and keys stand in double quotes (")`}
	case r == '"' && endsValue(last):
		return at, &complaint{msg, `is a "," or a ":" missing before it?`}
	}
	return at, &complaint{msg, ""}
}

// isComment reports whether c, outside a string, is meant to begin a comment.
func isComment(c byte) bool { return c == '/' || c == '#' }

// endsValue reports whether a key or a value can end with c.
func endsValue(c byte) bool {
	return c == '"' || c == '}' || c == ']' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z'
}
