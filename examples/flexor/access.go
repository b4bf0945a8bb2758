package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// accessCommand is about who has which role.
func (c *cli) accessCommand() *cobra.Command {
	cmd := c.group("access", "Give and take roles, and ask who may do what", `Gives and takes roles in a vault, and says who may do what there, and why.

  viewer    sees agents, the audit log and lineage
  operator  besides, deploys to sandbox, and pauses and kills everywhere
  admin     besides, deploys, rolls back and resumes everywhere, and edits L2
            vaults
  owner     besides, gives and takes roles and keys, and edits vault.json

A person or a service has one role in a vault, and none in any other. Each order
and each denial is a signed event of the vault's governance log.`,
		"flexor access grant --user alice@fund.com --role operator", "flexor access list", "flexor access who deploy --env production")
	cmd.AddCommand(c.grantCommand(), c.revokeCommand(), c.accessListCommand(), c.canCommand(), c.whoCommand(), c.accessLogCommand())
	return cmd
}

// group returns a command that only has others.
func (c *cli) group(name, short, long string, lines ...string) *cobra.Command {
	return &cobra.Command{
		Use:     name,
		Short:   short,
		Long:    long,
		Example: examples(lines...),
		Args:    noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(c.err)
			if err := cmd.Help(); err != nil {
				return err
			}
			return misuse(cmd.CommandPath()+" --help", "%s needs a command", cmd.CommandPath())
		},
	}
}

// subject is the flags that name a person or a service.
type subject struct{ user, service string }

func addSubject(cmd *cobra.Command, who string) *subject {
	s := &subject{}
	cmd.Flags().StringVar(&s.user, "user", "", "the person `WHO` "+who+", such as alice@fund.com")
	cmd.Flags().StringVar(&s.service, "service", "", "the service `NAME` "+who+", such as ci, in place of a person")
	return s
}

// given reports whether somebody was named.
func (s *subject) given() bool { return s.user != "" || s.service != "" }

// parse returns who was named.
func (s *subject) parse(cmd *cobra.Command) (rbac.Subject, error) {
	switch {
	case !s.given():
		return rbac.Subject{}, misuse(cmd.CommandPath()+" --help", "%s needs --user or --service", cmd.CommandPath())
	case s.user != "" && s.service != "":
		return rbac.Subject{}, misuse("name one of them", "--user and --service name two, and %s is about one", cmd.CommandPath())
	case s.service != "":
		return rbac.Service(s.service), nil
	}
	who, err := rbac.ParseSubject(s.user)
	if err != nil {
		return who, misuse(cmd.CommandPath()+" --user alice@fund.com", "--user: %w", err)
	}
	return who, nil
}

// roles are the names of the roles.
func roles() []string {
	return []string{rbac.Viewer.String(), rbac.Operator.String(), rbac.Admin.String(), rbac.Owner.String()}
}

// grantCommand gives a role.
func (c *cli) grantCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "grant",
		Short: "Give somebody a role in the vault",
		Long: `Gives a person or a service a role in the vault, in place of the one they have
there. It takes an owner. A role alone is not enough to act: see flexor keys
create.`,
		Example: examples(
			"flexor access grant --user alice@fund.com --role operator --vault company",
			"flexor access grant --user bob@fund.com --role viewer",
			"flexor access grant --service ci --role admin --expires 90d",
		),
		Args: noArgs,
	}
	who := addSubject(cmd, "who gets the role")
	role := cmd.Flags().String("role", "", "the `ROLE`: "+strings.Join(roles(), ", "))
	completeWith(cmd, "role", roles())
	expires := cmd.Flags().String("expires", "", "`WHEN` the role ends: 90d, 2026-12-31, or a time with its zone (default never)")
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		to, err := who.parse(cmd)
		if err != nil {
			return err
		}
		if err := needed(cmd, "role"); err != nil {
			return err
		}
		gives, err := rbac.ParseRole(*role)
		if err != nil {
			return misuse(cmd.CommandPath()+" --user "+to.String()+" --role viewer", "--role: %w", notAllowed(*role, roles()))
		}
		until, err := parseDeadline("--expires", *expires, c.now())
		if err != nil {
			return err
		}
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			out, err := a.GrantRole(cmd.Context(), to, gives, until, c.reason(*reason))
			if err != nil {
				return err
			}
			return c.granted(format.value, a, out)
		})
	}
	return cmd
}

// granted tells of a role that was given.
func (c *cli) granted(format string, a *actor, out control.Outcome) error {
	r := &out.Decision.Request
	o := a.ordered(out, rbac.GrantRole)
	o.Subject, o.Gives, o.Expires = &r.Target, r.Role, r.Expires
	if !out.Repeated {
		o.Replaced = out.Decision.Replaced.Role
	}
	if err := c.report(format, o, "%s is %s in %s%s", r.Target, r.Role, r.Vault, until(r.Expires)); err != nil {
		return err
	}
	if o.Replaced != 0 {
		c.note("%s was %s before", r.Target, o.Replaced)
	}
	return nil
}

// until returns when something ends, for the end of a sentence.
func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " until " + clock(t) + " UTC"
}

// revokeCommand takes a role.
func (c *cli) revokeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke",
		Short: "Take somebody's role in the vault away",
		Long: `Takes the role of a person or a service in the vault away. It takes an owner,
but everybody may drop their own. The last owner who can act stays.`,
		Example: examples("flexor access revoke --user bob@fund.com"),
		Args:    noArgs,
	}
	who := addSubject(cmd, "who loses the role")
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		from, err := who.parse(cmd)
		if err != nil {
			return err
		}
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			out, err := a.RevokeRole(cmd.Context(), from, c.reason(*reason))
			if err != nil {
				return err
			}
			o := a.ordered(out, rbac.RevokeRole)
			o.Subject, o.Replaced = &from, out.Decision.Replaced.Role
			return c.report(format.value, o, "%s is %s in %s no more", from, o.Replaced, o.Vault)
		})
	}
	return cmd
}
