package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/rbac"
)

// keyListCommand lists keys.
func (c *cli) keyListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the keys that the vault knows",
		Long: `Lists the keys that the vault knows or knew, by their ids, which are no secrets:
whose they are, whether they are valid and until when, and who made them known.`,
		Example: examples("flexor keys list", "flexor keys list --user alice@fund.com"),
		Args:    noArgs,
	}
	who := addSubject(cmd, "whose keys are listed (default everybody's)")
	format := addFormat(cmd)
	cmd.RunE = c.viewing(func(cmd *cobra.Command, a *actor) error {
		var whose rbac.Subject
		if who.given() {
			var err error
			if whose, err = who.parse(cmd); err != nil {
				return err
			}
		}
		keys, err := a.Keys(cmd.Context())
		if err != nil {
			return err
		}
		var list []keyStatus
		var holders []string
		for _, k := range keys {
			holders = withName(holders, k.Subject.String())
			if !who.given() || k.Subject == whose {
				list = append(list, keyStatus{k, stateOf(&k, c.now())})
			}
		}
		if len(list) == 0 {
			c.note("%s has no key in %s; keys were made for %s", whose, a.Vault(), few(holders))
		}
		return keyStatuses().write(c, format.value, list)
	})
	return cmd
}

// keyStatus is a key, and whether it is valid.
type keyStatus struct {
	rbac.Key
	State string `json:"state"`
}

// stateOf says in a word whether a key is valid, and if not why.
func stateOf(k *rbac.Key, at time.Time) string {
	switch {
	case k.Valid(at) && !k.Revoked.IsZero():
		return "ending"
	case k.Valid(at):
		return "valid"
	case k.Successor != "":
		return "rotated"
	case !k.Revoked.IsZero() && !k.Revoked.After(at):
		return "revoked"
	}
	return "expired"
}

// ends is when a key is not valid any more.
func (k *keyStatus) ends() time.Time {
	if !k.Revoked.IsZero() && k.Revoked.Before(k.Expires) {
		return k.Revoked
	}
	return k.Expires
}

// keyStatuses is how keys are shown.
func keyStatuses() view[keyStatus] {
	v := view[keyStatus]{
		columns: left("KEY", "SUBJECT", "STATE", "CREATED (UTC)", "UNTIL (UTC)", "BY", "EVENT"),
		heads:   []string{"key", "subject", "state", "created", "expires", "revoked", "successor", "by", "event", "under"},
	}
	v.columns[6].right = true
	v.cells = func(k keyStatus) []cell {
		return plain(k.ID, k.Subject.String(), k.State, clock(k.Created), clock(k.ends()), k.By.String(), strconv.FormatUint(k.Index, 10))
	}
	v.fields = func(k keyStatus) []field {
		return []field{word(k.ID), text(k.Subject.String()), word(k.State), when(k.Created), when(k.Expires), optional(k.Revoked.IsZero(), when(k.Revoked)),
			word(k.Successor), text(k.By.String()), number(int64(k.Index)), number(int64(k.Under))}
	}
	return v
}
