package control

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/redact"
)

const (
	// maxReason is the size in bytes that no reason exceeds.
	maxReason = 1 << 10
	// maxGiven is how much of a reason is looked at.
	maxGiven = 64 << 10
	// removed stands for a reason of which nothing is left, or that could not be
	// looked at.
	removed = "[REDACTED]"
)

// tidy returns a reason as it is recorded: without what must not be in a log that
// nobody can change, and as one line of text. A reason never becomes none, since
// some orders need one.
func (c *Control) tidy(reason string) string {
	given := ident.Text(strings.TrimSpace(reason), maxGiven)
	if given == "" {
		return ""
	}
	// What is cut off comes last: half of a secret is no secret to a redactor.
	return cmp.Or(ident.Text(strings.TrimSpace(c.redacted(given)), maxReason), removed)
}

// redacted returns what the redactor leaves of a reason.
func (c *Control) redacted(reason string) (left string) {
	defer func() {
		if recover() != nil {
			left = removed // a redactor that fails closes
		}
	}()
	given, err := encode(reason)
	if err != nil {
		return removed
	}
	r, err := c.redactor()
	if err != nil {
		return removed
	}
	out, _ := r.Redact("reason", given)
	if err := json.Unmarshal(out, &left); err != nil {
		return removed
	}
	return left
}

// redactor returns the redactor of reasons. It is made when it is first needed, as
// most who open a vault give no order.
func (c *Control) redactor() (audit.Redactor, error) {
	if c.cfg.Redactor != nil {
		return c.cfg.Redactor, nil
	}
	c.secretsOnce.Do(func() { c.secrets, c.secretsErr = redact.New(redact.Config{Detectors: []string{"secrets"}}) })
	return c.secrets, c.secretsErr
}
