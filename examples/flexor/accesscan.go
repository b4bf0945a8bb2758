package main

import (
	"cmp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// canCommand says whether somebody may do something, and why.
func (c *cli) canCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "can [ACTION]",
		Short: "Say whether somebody may do something, and why",
		Long: `Says whether a person or a service may do something in the vault, and why: the
role, the grant that gives it, and the lowest role that would do. Without --user
or --service it is about you; without ACTION it lists all that they may do.

ACTION is one of view, deploy, rollback, resume, pause, kill, edit_vault,
edit_config, edit_retention, grant, revoke, key_create, key_rotate, key_revoke.

The exit code is 4 for what they may not do.`,
		Example: examples(
			"flexor access can pause --env production --user alice@fund.com",
			"flexor access can",
		),
		ValidArgs: actions(),
	}
	who := addSubject(cmd, "whom it is about")
	env := addEnvironment(cmd, "where it happens")
	format := addChoice(cmd, "format", "form of the output", "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var r rbac.Request
		var err error
		if len(args) > 0 {
			if r, err = action(cmd, args, env.value); err != nil {
				return err
			}
		}
		var subject rbac.Subject
		if who.given() {
			if subject, err = who.parse(cmd); err != nil {
				return err
			}
		}
		return c.viewing(func(cmd *cobra.Command, a *actor) error {
			if subject == (rbac.Subject{}) {
				subject, _ = a.Actor()
			}
			if r.Action == "" {
				return c.allThat(cmd, a, subject, format.value)
			}
			return c.can(cmd, a, subject, r, format.value)
		})(cmd, nil)
	}
	return cmd
}

// decided is the JSON form of a decision.
type decided struct {
	Allowed     bool             `json:"allowed"`
	Code        rbac.Code        `json:"code"`
	Reason      string           `json:"reason"`
	Subject     rbac.Subject     `json:"subject"`
	Action      rbac.Action      `json:"action"`
	Environment rbac.Environment `json:"environment,omitempty"`
	Role        rbac.Role        `json:"role,omitzero"`
	Grant       *rbac.Grant      `json:"grant,omitempty"`
	Needed      rbac.Role        `json:"needed,omitzero"`
	Head        rbac.Head        `json:"head"`
}

// can tells one decision.
func (c *cli) can(cmd *cobra.Command, a *actor, subject rbac.Subject, r rbac.Request, format string) error {
	d := a.Can(cmd.Context(), subject, r)
	onlyWithReason := d.Code == rbac.ReasonMissing
	if onlyWithReason { // that is no obstacle to who has one
		r.Reason = "any"
		d = a.Can(cmd.Context(), subject, r)
	}
	reason := control.Reason(d)
	if onlyWithReason && d.Allowed {
		reason = strings.TrimSuffix(reason, ".") + ", with a reason."
	}
	if format == "json" {
		out := decided{d.Allowed, d.Code, reason, subject, r.Action, r.Environment, d.Role, nil, d.Needed, d.Head}
		if d.Grant.Role != 0 {
			out.Grant = &d.Grant
		}
		if err := writeJSON(c.out, out, "  "); err != nil {
			return err
		}
	} else if err := c.writeDecision(&d, reason); err != nil {
		return err
	}
	if !d.Allowed {
		ask := "flexor access who " + string(r.Action)
		if r.Environment != "" {
			ask += " --env " + string(r.Environment)
		}
		return fail(exitDenied, ask+" lists who may", "%s may not", subject)
	}
	return nil
}

// writeDecision writes a decision for people.
func (c *cli) writeDecision(d *rbac.Decision, reason string) error {
	verdict := "denied"
	if d.Allowed {
		verdict = "allowed"
	}
	var f facts
	f.add(verdict, "%s", printable(reason))
	if d.Grant.Role != 0 {
		f.add("role", "%s%s, granted by %s", d.Role, until(d.Grant.Expires), printable(d.Grant.By.String()))
		f.add("grant", "event %d, on the strength of event %d", d.Grant.Index, d.Grant.Under)
	}
	if d.Needed != 0 {
		f.add("needed", "%s", d.Needed)
	}
	f.add("as of", "%s of the governance log, root %s", count(int(d.Head.Size), "record"), cmp.Or(d.Head.Root, "not known"))
	return f.write(c.out, "")
}

// permissions are all that somebody may do.
type permissions struct {
	Subject     rbac.Subject      `json:"subject"`
	Vault       string            `json:"vault"`
	At          time.Time         `json:"at"`
	Permissions []rbac.Permission `json:"permissions"`
}

// allThat lists all that somebody may do.
func (c *cli) allThat(cmd *cobra.Command, a *actor, subject rbac.Subject, format string) error {
	all := a.WhatCan(cmd.Context(), subject)
	if format == "json" {
		return writeJSON(c.out, permissions{subject, a.Vault(), c.now().UTC(), orEmpty(all)}, "  ")
	}
	if len(all) == 0 {
		c.note("%s may do nothing in %s", subject, a.Vault())
		return nil
	}
	var f facts
	for _, p := range all {
		where := []string{}
		if p.Environment != "" {
			where = append(where, "in "+string(p.Environment))
		}
		if p.Reason {
			where = append(where, "with a reason")
		}
		if p.Own {
			where = append(where, "their own only")
		}
		f.add(string(p.Action), "%s", strings.Join(where, ", "))
	}
	return f.write(c.out, "")
}
