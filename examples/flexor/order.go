package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// ordered is the JSON form of an order that was carried out.
type ordered struct {
	Order    string       `json:"order"` // as in the governance log, without its version
	Vault    string       `json:"vault"`
	By       rbac.Subject `json:"by,omitzero"`        // none: the log is damaged, and cannot say who it was
	Role     rbac.Role    `json:"role,omitzero"`      // of By
	Grant    *uint64      `json:"grant,omitempty"`    // index of the event that gave By the role
	Event    *uint64      `json:"event,omitempty"`    // index of its own; none after --dry-run
	Repeated bool         `json:"repeated,omitempty"` // it was so already
	DryRun   bool         `json:"dry_run,omitempty"`  // nothing was done

	Subject     *rbac.Subject       `json:"subject,omitempty"`
	Gives       rbac.Role           `json:"gives,omitzero"`    // to Subject
	Replaced    rbac.Role           `json:"replaced,omitzero"` // that Subject had before
	Expires     time.Time           `json:"expires,omitzero"`
	Key         string              `json:"key,omitempty"`    // id
	Secret      string              `json:"secret,omitempty"` // the whole key, shown this once
	Until       time.Time           `json:"until,omitzero"`   // of the key that Key replaces
	Agent       string              `json:"agent,omitempty"`
	Environment rbac.Environment    `json:"environment,omitempty"`
	Deployment  *control.Deployment `json:"deployment,omitempty"`
	Hold        *control.Hold       `json:"hold,omitempty"`
	Reason      string              `json:"reason,omitempty"`
}

// ordered returns what was ordered, as far as all orders have it in common.
func (a *actor) ordered(o control.Outcome, order rbac.Action) ordered {
	d := &o.Decision
	out := ordered{
		Order: string(order), Vault: d.Request.Vault, By: d.Subject, Role: d.Role,
		Repeated: o.Repeated, Environment: d.Request.Environment, Reason: d.Request.Reason,
	}
	if d.Role != 0 {
		out.Grant = &d.Grant.Index
	}
	if o.Recorded || o.Repeated {
		out.Event = &o.Index
	}
	return out
}

// report writes what was ordered: a sentence for people, or all of it as JSON.
func (c *cli) report(format string, o ordered, sentence string, args ...any) error {
	if format == "json" {
		return writeJSON(c.out, o, "  ")
	}
	text := fmt.Sprintf(sentence, args...)
	switch {
	case o.DryRun:
		text = "would be carried out: " + text
	case o.Repeated:
		text += ", as before; nothing was recorded"
	case o.Event != nil:
		text += fmt.Sprintf(" (event %d, by %s as %s)", *o.Event, o.By, o.Role)
	}
	_, err := fmt.Fprintln(c.out, printable(text))
	return err
}

// addOutcome adds the flag that chooses the form of the outcome of an order.
func addOutcome(cmd *cobra.Command) *choice {
	return addChoice(cmd, "format", "form of the output", "text", "json")
}

// addReason adds the flag that says why.
func addReason(cmd *cobra.Command) *string {
	return cmd.Flags().String("reason", "", "`WHY`, for the governance log (default $"+reasonVariable+")")
}

// giving opens the governance to give an order, has give do that, and closes it.
func (c *cli) giving(cmd *cobra.Command, settings control.Config, give func(a *actor) error) error {
	a, err := c.act(cmd.Context(), settings)
	if err != nil {
		return err
	}
	return errors.Join(a.failure(give(a)), a.Close())
}

// needed refuses flags that were left out or are empty.
func needed(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if f := cmd.Flags().Lookup(name); f.Value.String() == "" {
			return misuse(cmd.CommandPath()+" --help", "%s needs --%s", cmd.CommandPath(), name)
		}
	}
	return nil
}
