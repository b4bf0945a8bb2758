package main

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/flexorhq/flexor-go/audit"
)

// exported is an entry as the JSON formats have it: with its place in the log.
type exported struct {
	*audit.Entry
	Position uint64 `json:"position"`
}

// writeJSON writes v as JSON and a newline, indented or on one line, with <, > and &
// as they are.
func writeJSON(w io.Writer, v any, indent string) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	return enc.Encode(v)
}

// jsonlPrinter writes one run a line.
type jsonlPrinter struct {
	c    *cli
	full completer
}

func (p *jsonlPrinter) put(e *audit.Entry) error {
	e, err := p.full.complete(e)
	if err != nil {
		return err
	}
	return writeJSON(p.c.out, exported{e, e.Position}, "")
}

func (p *jsonlPrinter) flush() error { return nil }
func (p *jsonlPrinter) end() error   { return nil }

// jsonPrinter writes one array. Should something fail on the way, the array is not
// closed, so that nobody takes it for all there is.
type jsonPrinter struct {
	c    *cli
	full completer
	some bool
}

func (p *jsonPrinter) put(e *audit.Entry) error {
	e, err := p.full.complete(e)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := writeJSON(&b, exported{e, e.Position}, "  "); err != nil {
		return err
	}
	lead := ",\n"
	if !p.some {
		lead, p.some = "[\n", true
	}
	_, err = p.c.out.WriteString(lead + "  " + string(bytes.ReplaceAll(bytes.TrimSpace(b.Bytes()), []byte("\n"), []byte("\n  "))))
	return err
}

func (p *jsonPrinter) flush() error { return nil }

func (p *jsonPrinter) end() error {
	tail := "\n]\n"
	if !p.some {
		tail = "[]\n"
	}
	_, err := p.c.out.WriteString(tail)
	return err
}
