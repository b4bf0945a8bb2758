package main

import (
	"io"
	"os"
	"runtime"

	"golang.org/x/term"

	"github.com/flexorhq/flexor-go/audit"
)

// palette colours text, or leaves it as it is. Colour never says what the words do
// not say as well.
type palette struct{ on bool }

// paletteFor decides whether what goes to w is coloured: only on a terminal, and not
// where the user asked for none (https://no-color.org). The consoles of Windows need
// to be told before they understand colour, so there is none.
func paletteFor(w io.Writer, env func(string) (string, bool)) palette {
	noColor, _ := env("NO_COLOR")
	terminal, _ := env("TERM")
	return palette{noColor == "" && terminal != "dumb" && runtime.GOOS != "windows" && isTerminal(w)}
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// roomOf returns how many columns the terminal w has; 0: it is none, or does not say.
func roomOf(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

func (p palette) paint(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p palette) bold(text string) string { return p.paint("1", text) }

// status colours the word of a status, which text holds, perhaps padded.
func (p palette) status(s audit.Status, text string) string {
	switch s {
	case audit.Success:
		return p.paint("32", text)
	case audit.Partial:
		return p.paint("33", text)
	}
	return p.paint("31", text)
}
