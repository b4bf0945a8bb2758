package main

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/rbac"
)

// viewing returns what a command does that shows something of the governance to
// who may view it.
func (c *cli) viewing(show func(cmd *cobra.Command, a *actor) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		a, err := c.governed(cmd.Context())
		if err != nil {
			return err
		}
		return errors.Join(a.failure(show(cmd, a)), a.Close())
	}
}

// accessListCommand lists the roles.
func (c *cli) accessListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List who has which role in the vault",
		Long: `Lists who has which role in the vault, until when, and who gave it on the
strength of which grant. Followed from grant to grant this leads to the first
owner.`,
		Example: examples("flexor access list", "flexor access list --format csv"),
		Args:    noArgs,
	}
	format := addFormat(cmd)
	cmd.RunE = c.viewing(func(cmd *cobra.Command, a *actor) error {
		grants, err := a.Grants(cmd.Context())
		if err != nil {
			return err
		}
		return c.grants().write(c, format.value, grants)
	})
	return cmd
}

// grants is how grants are shown.
func (c *cli) grants() view[rbac.Grant] {
	v := view[rbac.Grant]{
		columns: left("SUBJECT", "ROLE", "EXPIRES (UTC)", "GRANTED BY", "EVENT", "UNDER"),
		heads:   []string{"subject", "role", "expires", "by", "event", "under"},
	}
	v.columns[4].right, v.columns[5].right = true, true
	v.cells = func(g rbac.Grant) []cell {
		return plain(g.Subject.String(), g.Role.String(), c.expiry(g.Expires), g.By.String(), strconv.FormatUint(g.Index, 10), strconv.FormatUint(g.Under, 10))
	}
	v.fields = func(g rbac.Grant) []field {
		return []field{text(g.Subject.String()), word(g.Role.String()), optional(g.Expires.IsZero(), when(g.Expires)),
			text(g.By.String()), number(int64(g.Index)), number(int64(g.Under))}
	}
	return v
}

// expiry returns when something ends, for a table.
func (c *cli) expiry(t time.Time) string {
	switch {
	case t.IsZero():
		return "never"
	case !t.After(c.now()):
		return clock(t) + ", over"
	}
	return clock(t)
}

// actions are the names of what a role may be needed for.
func actions() []string {
	var names []string
	for _, a := range rbac.Actions() {
		names = append(names, string(a))
	}
	return names
}

// addEnvironment adds the flag that names an environment; none is the default.
func addEnvironment(cmd *cobra.Command, usage string) *choice {
	all := environments()
	c := &choice{allowed: all}
	cmd.Flags().Var(c, "env", usage)
	completeWith(cmd, "env", all)
	return c
}

func environments() []string {
	return []string{string(rbac.Sandbox), string(rbac.Staging), string(rbac.Production)}
}

// action reads the action that a question is about.
func action(cmd *cobra.Command, args []string, env string) (rbac.Request, error) {
	if len(args) != 1 {
		return rbac.Request{}, misuse(cmd.CommandPath()+" deploy --env production", "%s takes one action, but got %d arguments", cmd.CommandPath(), len(args))
	}
	if !slices.Contains(actions(), args[0]) {
		return rbac.Request{}, misuse(cmd.CommandPath()+" --help", "%w", notAllowed(args[0], actions()))
	}
	r := rbac.Request{Action: rbac.Action(args[0]), Environment: rbac.Environment(env)}
	if r.Environment == "" && slices.Contains([]rbac.Action{rbac.Deploy, rbac.Rollback, rbac.Resume, rbac.Pause, rbac.Kill}, r.Action) {
		return r, misuse(cmd.CommandPath()+" "+args[0]+" --env production", "to %s happens in an environment: name it with --env", args[0])
	}
	return r, nil
}

// whoCommand lists who may do something.
func (c *cli) whoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "who ACTION",
		Short: "List who may do something",
		Long: `Lists who has a role that allows an action, and by which grant. What a role
allows for one's own role and keys only is left aside.

ACTION is one of view, deploy, rollback, resume, pause, kill, edit_vault,
edit_config, edit_retention, grant, revoke, key_create, key_rotate, key_revoke.`,
		Example:   examples("flexor access who deploy --env production", "flexor access who grant"),
		ValidArgs: actions(),
	}
	env := addEnvironment(cmd, "where it happens")
	format := addFormat(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := action(cmd, args, env.value)
		if err != nil {
			return err
		}
		return c.viewing(func(cmd *cobra.Command, a *actor) error {
			grants, code := a.WhoCan(cmd.Context(), r)
			if code != rbac.Permitted {
				return fail(exitFailed, "flexor verify --access", "it cannot be told: %s", code)
			}
			if len(grants) == 0 {
				c.note("nobody may")
			}
			return c.grants().write(c, format.value, grants)
		})(cmd, nil)
	}
	return cmd
}
