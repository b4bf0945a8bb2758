package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/spf13/cobra"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/redact"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// redactCommand shows what is redacted, and why.
func (c *cli) redactCommand() *cobra.Command {
	q := &redactQuery{}
	cmd := &cobra.Command{
		Use:   "redact [FILE...]",
		Short: "Redact text or JSON lines, and explain what is found",
		Long: `Reads text or JSON lines from the files, or from standard input, and writes them
without personal data and secrets. With --explain it lists what is found
instead: where, by which detector, why, and what is written for it. It never
shows what was found.

A line that is a JSON object or array is redacted as JSON: names are seen as
well as values, and JSON inside strings. The lines of a private key belong
together. A line of more than 1 MiB is replaced as a whole.

All built-in detectors look, unless --detectors names some. With --vault it is
those that the vault uses, with its audit.pii_patterns and audit.pii_keys;
pseudonyms are then made with a key of this one time. --pattern adds a regular
expression, to try it.`,
		Example: examples(
			`echo "write to alice@fund.com" | flexor redact`,
			`echo "write to alice@fund.com" | flexor redact --explain`,
			"flexor redact --detectors email,credit_card vault.json",
			`echo "account ACC-00012345" | flexor redact --pattern "ACC-([0-9]{8})"`,
			"flexor redact --vault . --explain --format jsonl audit-log/segments/*/*.jsonl",
		),
		DisableFlagsInUseLine: true,
	}
	names := append([]string{"pii", "secrets", "all"}, redact.Detectors()...)
	f := cmd.Flags()
	f.StringSliceVar(&q.detectors, "detectors", nil, "what to look for, with commas: `NAME`s of detectors, pii, secrets or all (default all)")
	completeWith(cmd, "detectors", names)
	f.StringArrayVar(&q.patterns, "pattern", nil, "look for the regular expression `RE` (RE2) as well; of one with groups, the first is replaced; repeatable")
	f.BoolVar(&q.explain, "explain", false, "list what is found instead of the redacted text")
	q.format = addChoice(cmd, "format", "form of --explain", "table", "json", "jsonl")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		q.vault = cmd.Flags().Changed("vault")
		if cmd.Flags().Changed("format") && !q.explain {
			return misuse("flexor redact --explain --format "+q.format.value, "--format is the form of --explain; the redacted text has the form of what is read")
		}
		for _, name := range q.detectors {
			if !slices.Contains(names, name) {
				return misuse("flexor redact --help", "--detectors: %w", notAllowed(name, names))
			}
		}
		if q.vault && len(q.detectors) > 0 {
			return misuse("leave out one of them", "--vault says which detectors look, and so does --detectors")
		}
		return c.redact(cmd.Context(), q, files)
	}
	return cmd
}

// redactQuery is what the command line of flexor redact says.
type redactQuery struct {
	detectors []string
	patterns  []string
	vault     bool // use the settings of the vault
	explain   bool
	format    *choice
}

// redactor returns the redactor that the command line asks for.
func (c *cli) redactor(q *redactQuery) (*redact.Redactor, error) {
	var extra []redact.Pattern
	for i, expr := range q.patterns {
		p := redact.Pattern{Name: fmt.Sprintf("pattern-%d", i+1), Regexp: expr, Group: firstGroup(expr)}
		if err := p.Check(); err != nil {
			return nil, misuse("the syntax is RE2: https://github.com/google/re2/wiki/Syntax", "--pattern: %w", err)
		}
		extra = append(extra, p)
	}
	if !q.vault {
		detectors := q.detectors
		if len(detectors) == 0 {
			detectors = []string{"all"}
		}
		return redact.New(redact.Config{Detectors: detectors, Patterns: extra})
	}
	cfg, _, err := c.config()
	if err != nil {
		return nil, err
	}
	cfg.Audit.PIIPatterns = append(cfg.Audit.PIIPatterns, extra...)
	return c.vaultRedactor(cfg)
}

// vaultRedactor returns the redactor that a vault.json asks for. Its pseudonyms are made
// with a key of this one time.
func (c *cli) vaultRedactor(cfg *vaultcfg.Config) (*redact.Redactor, error) {
	return flexor.NewRedactor(cfg, onceKey())
}

// onceKey returns a key of pseudonyms that nobody has again.
func onceKey() redact.KeyProvider {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return redact.StaticKey("once", key)
}

// firstGroup returns 1 if a regular expression has a group, else 0. One that is wrong
// has none; whoever compiles it says so.
func firstGroup(expr string) int {
	if (redact.Pattern{Regexp: expr, Group: 1}).Check() != nil {
		return 0
	}
	return 1
}

// redact redacts the files, or standard input.
func (c *cli) redact(ctx context.Context, q *redactQuery, files []string) error {
	r, err := c.redactor(q)
	if err != nil {
		return err
	}
	w := &redacting{c: c, r: r}
	if q.explain {
		w.out = c.spotPrinter(q.format.value, len(files) > 1)
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, name := range files {
		if err := w.file(ctx, name); err != nil {
			return err
		}
	}
	if w.out == nil {
		return nil
	}
	if w.found == 0 {
		c.note("nothing would be redacted")
	}
	return w.out.end()
}

// redacting is one run of flexor redact.
type redacting struct {
	c     *cli
	r     *redact.Redactor
	out   spotPrinter // nil: the redacted text is written
	found int
}

// file redacts one file.
func (w *redacting) file(ctx context.Context, name string) error {
	in, shown := w.c.in, ""
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fail(exitNotFound, "name a file that is there", "redact: %w", err)
		}
		defer f.Close() // opened for reading: nothing to lose
		in, shown = f, name
	}
	lines := &lineReader{r: bufio.NewReaderSize(in, 64<<10)}
	for ctx.Err() == nil {
		text, line, err := lines.next()
		if text != "" {
			if err := w.text(shown, text, line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("redact %s: %w", name, err)
		}
		if lines.r.Buffered() == 0 && w.out == nil {
			if err := w.c.out.Flush(); err != nil { // whoever types waits for an answer
				return err
			}
		}
	}
	return ctx.Err()
}

// text redacts one or several whole lines, of which the first has the given number.
func (w *redacting) text(file, text string, line int) error {
	if w.out == nil {
		body, end := cutLineEnd(text)
		redacted, _ := w.r.Text(body)
		_, err := w.c.out.WriteString(redacted + end)
		return err
	}
	body, _ := cutLineEnd(text)
	_, found := w.r.Explain(body)
	for _, f := range found {
		w.found++
		before := body[:min(f.Offset, len(body))]
		at := line + bytes.Count([]byte(before), []byte("\n"))
		before = before[1+lastNewline(before):]
		err := w.out.put(spot{file, at, 1 + utf8.RuneCountInString(before), f.Field, f.Detector, f.Why, f.Replacement})
		if err != nil {
			return err
		}
	}
	return nil
}

// cutLineEnd separates the end of the last line from the text.
func cutLineEnd(text string) (body, end string) {
	n := len(text)
	for n > 0 && (text[n-1] == '\n' || text[n-1] == '\r') && len(text)-n < 2 {
		n--
	}
	return text[:n], text[n:]
}

func lastNewline(s string) int { return bytes.LastIndexByte([]byte(s), '\n') }
