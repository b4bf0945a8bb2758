package redact

import (
	"cmp"
	"slices"
)

// made is what an item becomes: a text, or null.
type made struct {
	text []byte
	null bool
}

// written returns what an item says now.
func (p *pass) written(n int32) []byte {
	if m := p.fates[n].made; m > 0 {
		return p.made[m-1].text
	}
	return p.textOf(n)
}

// replace makes an item something else. Text is what it says then; null stands
// for a value that is dropped.
func (p *pass) replace(n int32, text []byte, null bool) {
	p.renamed = p.renamed || p.items[n].kind == keyItem
	p.made = append(p.made, made{text, null && p.items[n].kind != keyItem})
	p.fates[n].made = int32(len(p.made))
}

// write appends the JSON in text[start:end] with what its items became.
func (p *pass) write(dst []byte, start, end int, from, to int32) []byte {
	for n := from; n < to; {
		t := &p.items[n]
		next := n + 1
		if t.marks&nested != 0 {
			next = t.link
		}
		a, b := int(t.start), int(t.end)
		if t.kind == keyItem || t.kind == stringItem {
			a, b = a-1, b+1 // with its quotes
		}
		switch m := p.fates[n].made; {
		case m > 0 && p.made[m-1].null:
			dst, start = append(append(dst, p.text[start:a]...), "null"...), b
		case m > 0:
			dst, start = appendQuoted(append(dst, p.text[start:a]...), p.made[m-1].text), b
		case t.marks&nested != 0 && p.changed(n+1, next):
			i, _ := slices.BinarySearchFunc(p.docs, n, func(d doc, n int32) int { return cmp.Compare(d.item, n) })
			inside := p.write(nil, p.docs[i].Start, p.docs[i].End, n+1, next)
			dst, start = appendQuoted(append(dst, p.text[start:a]...), inside), b
		}
		n = next
	}
	return append(dst, p.text[start:end]...)
}

// changed reports whether any of the items changes.
func (p *pass) changed(from, to int32) bool {
	return slices.ContainsFunc(p.fates[from:to], func(f fate) bool { return f.made > 0 })
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends text as a JSON string. It escapes no more than the
// recorder does: quotes, backslashes, control characters, and the two characters
// that are line ends to some readers.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c != 0xE2 {
			i++
			continue
		}
		if c == 0xE2 {
			if i+2 < len(text) && text[i+1] == 0x80 && text[i+2]&^1 == 0xA8 { // U+2028 and U+2029
				dst = append(dst, text[from:i]...)
				dst = append(dst, `\u202`...)
				dst = append(dst, hexDigits[text[i+2]&15])
				i += 3
				from = i
				continue
			}
			i++
			continue
		}
		dst = append(dst, text[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, text[from:]...), '"')
}
