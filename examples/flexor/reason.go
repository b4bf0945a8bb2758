package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// reasonVariable holds the reason of orders that are given without one.
const reasonVariable = "FLEXOR_REASON"

// noReason is recorded as the reason of who stops something and gives none.
const noReason = "no reason was given"

// reason returns why something is ordered: what was given, else what the environment
// says.
func (c *cli) reason(given string) string {
	fromEnv, _ := c.getenv(reasonVariable)
	return cmp.Or(given, fromEnv)
}

// reasonToStop is reason for pauses and kills, which need one outside the sandbox. On a
// terminal it is asked for. To stop something must never fail for want of words, so
// without an answer that is what is recorded.
func (c *cli) reasonToStop(ctx context.Context, given string, env rbac.Environment) string {
	why := c.reason(given)
	if why != "" || env == rbac.Sandbox {
		return why
	}
	if c.interactive() {
		why = c.ask(ctx, "reason, for the record: ")
	}
	if why == "" {
		c.note("note: %s; give one with --reason or %s", noReason, reasonVariable)
		return noReason
	}
	return why
}

// reasonRedactor redacts reasons like all else that is recorded in the vault. It is made
// when there is one. If vault.json does not allow to make it, nothing is left of the
// reason, and the order is given all the same: it may be to stop something.
type reasonRedactor struct {
	c   *cli
	cfg *vaultcfg.Config
}

func (r reasonRedactor) Redact(field string, src []byte) ([]byte, []audit.Redaction) {
	made, err := r.c.vaultRedactor(r.cfg)
	if err != nil {
		return nil, nil
	}
	return made.Redact(field, src)
}

// interactive reports whether somebody can be asked.
func (c *cli) interactive() bool {
	for _, end := range []any{c.in, c.err} {
		f, ok := end.(*os.File)
		if !ok || !term.IsTerminal(int(f.Fd())) {
			return false
		}
	}
	return true
}

// ask asks for a line. An interruption ends the waiting for it; what was to be done with
// it then fails, as its context is over.
func (c *cli) ask(ctx context.Context, question string) string {
	_ = c.out.Flush() // its error sticks, and finish reports it
	fmt.Fprint(c.err, question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(c.in, 4<<10)).ReadString('\n') // what was typed before the end of input counts
		answer <- strings.TrimSpace(line)
	}()
	select {
	case line := <-answer:
		return line
	case <-ctx.Done():
		return ""
	}
}
