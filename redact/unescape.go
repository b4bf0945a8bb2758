package redact

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/flexorhq/flexor-go/internal/multire"
)

// unescape gives a string with escapes its text, and scans that if it is JSON.
// It reports whether the escapes are what JSON allows.
func (p *pass) unescape(n int32, raw []byte, layer int) bool {
	if !p.copied {
		p.arena = append(p.arena[:0], p.text...)
		p.copied = true
	}
	start := len(p.arena)
	var ok bool
	p.arena, ok = appendUnescaped(p.arena, raw)
	p.text = p.arena
	if !ok {
		return false
	}
	end := len(p.arena)
	p.spans[n] = multire.Span{Start: start, End: end}
	t := &p.items[n]
	if t.kind == stringItem && layer < maxLayers && looksJSON(p.arena[start:end]) {
		items, docs, extra := len(p.items), len(p.docs), len(p.extra)
		p.docs = append(p.docs, doc{n, multire.Span{Start: start, End: end}})
		if p.scan(start, end, t.parent, t.index, layer+1) {
			t = &p.items[n]
			t.marks |= nested | quiet // its items are looked at, not the whole
			t.link = int32(len(p.items))
			return true
		}
		p.items, p.spans, p.docs, p.extra = p.items[:items], p.spans[:items], p.docs[:docs], p.extra[:extra]
		p.arena = p.arena[:end]
		p.text = p.arena
	}
	p.markLong(n)
	return true
}

// looksJSON reports whether text may be a JSON object or array.
func looksJSON(text []byte) bool {
	text = trimSpace(text)
	if len(text) < 2 {
		return false
	}
	first, last := text[0], text[len(text)-1]
	return first == '{' && last == '}' || first == '[' && last == ']'
}

// trimSpace removes the white space of JSON around text.
func trimSpace(text []byte) []byte {
	for len(text) > 0 && isSpace(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && isSpace(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// appendUnescaped appends what the inside of a JSON string says, and reports
// whether its escapes are right. Half a surrogate pair says U+FFFD.
func appendUnescaped(dst, raw []byte) ([]byte, bool) {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		if i+1 >= len(raw) {
			return dst, false
		}
		switch c = raw[i+1]; c {
		case '"', '\\', '/':
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, ok := hexRune(raw, i+2)
			if !ok {
				return dst, false
			}
			i += 6
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if i+1 < len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					low, ok = hexRune(raw, i+2)
				}
				if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		default:
			return dst, false
		}
		dst = append(dst, c)
		i += 2
	}
	return dst, true
}

// hexRune reads four hexadecimal digits.
func hexRune(raw []byte, i int) (r rune, ok bool) {
	if i+4 > len(raw) {
		return 0, false
	}
	for _, c := range raw[i : i+4] {
		d := unhex(c)
		if d > 15 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

// unhex returns the value of a hexadecimal digit, or more than 15.
func unhex(c byte) byte {
	switch {
	case c-'0' < 10:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}
