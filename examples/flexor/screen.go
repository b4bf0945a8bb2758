package main

import (
	"bytes"
	"io"
	"regexp"
	"unicode/utf8"
)

// screen writes to a terminal, and escapes what could drive it: csv and JSON keep what was
// recorded as it is, which is right in a file and not here. Our own colours go through.
type screen struct {
	w    io.Writer
	rest []byte // the beginning of a character or a colour, to go on with
}

// colours are those of palette, and unfinished the beginning of one at the end of a text.
var (
	colours    = regexp.MustCompile(`\x1b\[(0|1|31|32|33)m`)
	unfinished = regexp.MustCompile(`\x1b(\[[0-3]{0,2})?$`)
)

// onScreen returns a writer to w that escapes if w is a terminal.
func onScreen(w io.Writer, terminal bool) io.Writer {
	if !terminal {
		return w
	}
	return &screen{w: w}
}

// Write implements [io.Writer].
func (s *screen) Write(p []byte) (int, error) {
	text := append(s.rest, p...)
	end := len(text)
	if at := unfinished.FindIndex(text); at != nil {
		end = at[0]
	}
	for cut := end - 1; cut >= max(0, end-utf8.UTFMax); cut-- {
		if utf8.RuneStart(text[cut]) {
			if !utf8.FullRune(text[cut:end]) {
				end = cut
			}
			break
		}
	}
	var b bytes.Buffer
	at := 0
	for _, colour := range append(colours.FindAllIndex(text[:end], -1), []int{end, end}) {
		escape(&b, text[at:colour[0]])
		b.Write(text[colour[0]:colour[1]])
		at = colour[1]
	}
	s.rest = bytes.Clone(text[end:])
	if _, err := s.w.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escape writes text with what does not print escaped, but for line breaks and tabs.
func escape(b *bytes.Buffer, text []byte) {
	for len(text) > 0 {
		n := bytes.IndexAny(text, "\n\t")
		if n < 0 {
			n = len(text)
		}
		b.WriteString(printable(string(text[:n])))
		if n < len(text) {
			b.WriteByte(text[n])
			n++
		}
		text = text[n:]
	}
}
