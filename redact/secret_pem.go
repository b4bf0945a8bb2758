package redact

import (
	"bytes"
	"unicode/utf8"
)

// newPrivateKeyDetector returns the detector of private keys in text: PEM and PGP
// armour, PuTTY files, age identities. A block that is cut off reaches to the end
// of the text: what follows its beginning is the key.
func newPrivateKeyDetector() *detector {
	d := newSecretDetector("private_key", "PRIVATE_KEY",
		`(?i)BEGIN[ 0-9A-Z_-]*PRIVATE KEY`, literals(false, puttyBegin), literals(false, ageBegin))
	d.find = func(t *text, hits []hit) []hit { return findPrivateKeys(d, t, hits) }
	return d
}

// What private keys begin and end with.
const (
	puttyBegin = "PuTTY-User-Key-File-"
	puttyEnd   = "Private-MAC:"
	ageBegin   = "AGE-SECRET-KEY-"
)

func findPrivateKeys(d *detector, t *text, hits []hit) []hit {
	b := t.b
	for i := 0; i < len(b); i++ {
		var end int
		var why string
		switch {
		case b[i] == '-' && (i == 0 || b[i-1] != '-') && bytes.HasPrefix(b[i:], []byte("----")):
			end, why = pemEnd(b, i), "PEM block"
		case b[i] == 'P' && bytes.HasPrefix(b[i:], []byte(puttyBegin)):
			end, why = puttyBlockEnd(b, i), "PuTTY private key"
		case b[i] == 'A' && bytes.HasPrefix(b[i:], []byte(ageBegin)):
			end, why = ageChars.run(b, i), "age identity"
			if end-i < len(ageBegin)+20 || blank(b[i+len(ageBegin)+2:end]) {
				end = 0
			}
		}
		if end > i {
			hits = append(hits, hit{start: i, end: end, d: d, why: why})
			i = end - 1
		}
	}
	return hits
}

var ageChars = newAlphabet("0-9A-Z-")

// pemHeader is how long the line that begins a block may be.
const pemHeader = 128

// pemEnd returns the end of the private key whose dashes start at i, or 0.
func pemEnd(b []byte, i int) int {
	line := b[i:min(len(b), i+pemHeader)]
	name := bytes.TrimLeft(line, "-")
	name = bytes.TrimPrefix(name, []byte(" "))
	if !hasFoldPrefix(name, "begin") {
		return 0
	}
	key := indexFold(name, "private key")
	if key < 0 || pemName.run(name, 0) < key {
		return 0
	}
	body := i + len(line) - len(name) + key + len("private key")
	if bytes.HasPrefix(b[body:], []byte(" BLOCK")) {
		body += len(" BLOCK")
	}
	for body < len(b) && (b[body] == '-' || b[body] == ' ') {
		body++
	}
	rest := b[body:]
	if bytes.HasPrefix(rest, []byte("END")) { // nothing in it
		return 0
	}
	at := bytes.Index(rest, []byte("--END"))
	if at >= 0 {
		rest = rest[:at]
	}
	if ssh := bytes.Index(rest, []byte("-- END")); ssh >= 0 { // RFC 4716
		at, rest = ssh, rest[:ssh]
	}
	switch {
	case !holdsText(rest):
		return 0
	case at < 0:
		return len(b)
	}
	end := body + at
	for end < len(b) && b[end] == '-' {
		end++
	}
	for end < len(b) && pemName.has[b[end]] && b[end] != '-' {
		end++
	}
	for end < len(b) && b[end] == '-' {
		end++
	}
	return end
}

var pemName = newAlphabet("0-9A-Za-z _-")

// holdsText reports whether b is more than dots, quotes, the n of \n and masks.
func holdsText(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if end := maskAt(b, i); end > 0 {
			i = end - 1
		} else if (base62.has[b[i]] || b[i] >= utf8.RuneSelf) && (i == 0 || b[i-1] != '\\') {
			return true
		}
	}
	return false
}

// puttyBlockEnd returns the end of the PuTTY key that starts at i.
func puttyBlockEnd(b []byte, i int) int {
	at := bytes.Index(b[i:], []byte(puttyEnd))
	if at < 0 {
		return len(b)
	}
	end := i + at + len(puttyEnd)
	for end < len(b) && b[end] == ' ' {
		end++
	}
	return hexAny.run(b, end)
}

// indexFold returns where the lower case s first stands in b in any case, or -1.
func indexFold(b []byte, s string) int {
	for i := 0; i+len(s) <= len(b); i++ {
		if hasFoldPrefix(b[i:], s) {
			return i
		}
	}
	return -1
}
