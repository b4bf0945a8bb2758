package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/retention"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// retentionCommand is about how long records are kept.
func (c *cli) retentionCommand() *cobra.Command {
	cmd := c.group("retention", "Show what is removed when, remove it now, or hold it", `Records are kept for as many days as audit.retention_days in vault.json says.
Then whole files of them are removed, by every agent that has the vault open,
once a day. A hold wins over that, whatever the age of what it covers.`,
		"flexor retention status", "flexor retention apply --dry-run", "flexor retention hold --from 2026-04-01 --to 2026-04-30 --reason case-12")
	cmd.AddCommand(c.retentionStatusCommand(), c.retentionApplyCommand(), c.retentionHoldCommand(), c.retentionReleaseCommand(), c.retentionHoldsCommand(), c.retentionForgetCommand())
	return cmd
}

// retentionOf is the retention that vault.json asks for.
func (c *cli) retentionOf(p *place) (retention.Policy, error) {
	confirmed, err := flexor.Confirmed(p.cfg, wired())
	return retention.Policy{Days: p.cfg.Audit.RetentionDays, LogName: filepath.Base(p.dir), Confirmed: confirmed, Now: c.now}, err
}

// retentionStatusCommand shows what goes when.
func (c *cli) retentionStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the days that the log has, when each goes, and what keeps it",
		Long: `Shows each day that the log has, how large it is, when its time is over, and
what keeps it beyond that: a hold, or a destination that does not have it yet.
Only the oldest days can go, so what keeps a day keeps those after it too. Then
it says how large the log is, how fast it grows, and how large it will be when
it is as old as the retention.`,
		Example: examples("flexor retention status", "flexor retention status --format json"),
		Args:    noArgs,
	}
	format := addFormat(cmd)
	cmd.RunE = c.overLog(func(ctx context.Context, a *actor, p *place) error {
		policy, err := c.retentionOf(p)
		if err != nil {
			return err
		}
		plan, err := retention.Make(ctx, p.log, a, policy)
		if err != nil {
			return err
		}
		if format.value == "json" {
			return writeJSON(c.out, plan, "  ")
		}
		if err := retentionDays(c.now()).write(c, format.value, plan.Items); err != nil {
			return err
		}
		c.summarize(&plan, policy)
		return c.waitsFor(ctx, p, &plan)
	})
	return cmd
}

// overLog returns what a command does with the log of the vault, for who may view it; a
// vault without an owner is open to everybody who can read its files.
func (c *cli) overLog(do func(ctx context.Context, a *actor, p *place) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		p, err := c.openToRead(ctx)
		if err != nil {
			return err
		}
		c.warnDisabled(p)
		if p.log == nil {
			c.nothingYet(p)
			return p.neverWritten()
		}
		a, err := c.actIn(ctx, p.cfg, control.Config{})
		if err != nil {
			return err
		}
		return errors.Join(a.failure(do(ctx, a, p)), a.Close())
	}
}

// summarize says what all the days come to.
func (c *cli) summarize(p *retention.Plan, policy retention.Policy) {
	if p.First > 0 {
		c.note("the records before %d were removed", p.First)
	} else if len(p.Items) == 0 {
		c.note("nothing has been recorded yet")
	}
	if n, bytes := p.Due(policy); n > 0 {
		c.note("due now: %s, %s (flexor retention apply)", count(int(n), "record"), size(bytes))
	}
	text := fmt.Sprintf("kept %d days; the log has %s", p.Days, size(p.Bytes))
	if p.PerDay > 0 {
		text += fmt.Sprintf(" and grows by %s a day: %s when all its days are kept", size(p.PerDay), size(p.Forecast))
	}
	c.note("%s", text)
}

// waitsFor names the places that the oldest day which could go waits for.
func (c *cli) waitsFor(ctx context.Context, p *place, plan *retention.Plan) error {
	i := slices.IndexFunc(plan.Items, func(it retention.Item) bool { return it.Waits && !it.Goes.After(c.now()) })
	if i < 0 {
		return nil
	}
	copies, err := archive.Status(ctx, p.cfg.Dir)
	if err != nil {
		return err
	}
	copies = slices.DeleteFunc(copies, func(to archive.Copy) bool { return to.Log != p.log.Origin() })
	named := map[string]bool{}
	for _, to := range p.copies() {
		named[to.Raw] = true
		if !slices.ContainsFunc(copies, func(c archive.Copy) bool { return c.Destination == to.Raw }) {
			c.note("waits for %s, to which nothing was sent yet", to.Raw)
		}
	}
	for _, to := range copies {
		if (to.Program || named[to.Destination]) && (to.Stopped || to.Confirmed <= plan.Items[i].End) {
			c.note("waits for %s, which has %s of the log (flexor status shows why)", to.Destination, count(int(to.Confirmed), "record"))
		}
	}
	return nil
}

// copies returns the places with copies that vault.json names.
func (p *place) copies() []vaultcfg.Location {
	all := append([]vaultcfg.Location{p.cfg.Audit.Destination}, p.cfg.Audit.SecondaryDestinations...)
	return slices.DeleteFunc(all, func(to vaultcfg.Location) bool { return to.Scheme == "vault" || wired().Feeds.Takes(to) })
}

// retentionDays is how the days of a log are shown. The file of a day that goes on is not
// sent to its end before that has come, so that nothing waits for a destination yet.
func retentionDays(now time.Time) view[retention.Item] {
	keeper := func(it retention.Item) string {
		switch {
		case it.Hold != nil:
			return fmt.Sprintf("hold %d", it.Hold.Index)
		case it.Waits && it.Day.Equal(day(now).start):
			return "still written to"
		case it.Waits:
			return "not everywhere yet"
		}
		return ""
	}
	v := view[retention.Item]{
		columns: left("DAY (UTC)", "RECORDS", "FILES", "SIZE", "GOES", "KEPT BY"),
		heads:   []string{"day", "first", "end", "files", "bytes", "goes", "hold", "waits"},
		cells: func(it retention.Item) []cell {
			return plain(it.Day.Format(time.DateOnly), fmt.Sprint(it.End-it.First), fmt.Sprint(it.Segments), size(it.Bytes), it.Goes.Format(time.DateOnly), keeper(it))
		},
		fields: func(it retention.Item) []field {
			hold := word("")
			if it.Hold != nil {
				hold = number(int64(it.Hold.Index))
			}
			return []field{word(it.Day.Format(time.DateOnly)), number(int64(it.First)), number(int64(it.End)), number(int64(it.Segments)), number(it.Bytes),
				word(it.Goes.Format(time.DateOnly)), hold, word(fmt.Sprint(it.Waits))}
		},
	}
	for i := 1; i <= 3; i++ {
		v.columns[i].right = true
	}
	return v
}

// retentionApplyCommand removes what the retention no longer keeps.
func (c *cli) retentionApplyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Remove what is no longer kept, as agents do once a day",
		Long: `Removes the files of the days whose time is over, the oldest first, up to the
first that a hold keeps, that a destination does not have yet, or that has
records of a run without an entry. Each file is verified before it goes. What is
removed cannot be brought back, and the governance log records what it was: the
range, and the root hash of the log at its end. It does what every agent does by
itself once a day, and so takes no more than a key that may look.`,
		Example: examples("flexor retention apply --dry-run", "flexor retention apply"),
		Args:    noArgs,
	}
	dry := cmd.Flags().Bool("dry-run", false, "say what would be removed, and remove nothing")
	format := addOutcome(cmd)
	cmd.RunE = c.overLog(func(ctx context.Context, a *actor, p *place) (err error) {
		policy, err := c.retentionOf(p)
		if err != nil {
			return err
		}
		policy.Confirmed = c.askFirst(p, policy.Confirmed)
		log, err := vault.Open(ctx, p.dir, &vault.Config{Now: c.now})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, log.Close()) }()
		res, err := retention.Apply(ctx, log, a, policy, *dry)
		if err != nil {
			return err
		}
		return c.purged(format.value, res, *dry)
	})
	return cmd
}

// askFirst asks the places with copies whether they still hold what they confirmed, perhaps
// long ago. Of one that does not answer that counts, as for agents.
func (c *cli) askFirst(p *place, confirmed func(context.Context) (uint64, error)) func(context.Context) (uint64, error) {
	return func(ctx context.Context) (uint64, error) {
		for _, to := range p.copies() {
			holds, err := stillHolds(ctx, p, to)
			if err != nil {
				c.note("note: %s does not answer, so what it confirmed before counts: %s", to.Raw, cause(err))
			} else if !holds {
				c.note("note: %s no longer holds what was sent there, so nothing is removed; the next agent sends it again", to.Raw)
				return 0, nil
			}
		}
		return confirmed(ctx)
	}
}

// stillHolds asks one place.
func stillHolds(ctx context.Context, p *place, to vaultcfg.Location) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	store, err := flexor.OpenStore(ctx, p.cfg, wired().Sinks, to)
	if err != nil {
		return false, err
	}
	holds, err := archive.Holds(ctx, store, p.cfg.Dir, p.dir, to.String())
	return holds, errors.Join(err, store.Close())
}

// purged says what was removed.
func (c *cli) purged(format string, res retention.Result, dry bool) error {
	for _, name := range res.Left {
		c.note("note: %s is in use; its records are gone from the log, and the file goes with the next apply", name)
	}
	if format == "json" {
		return writeJSON(c.out, struct {
			From     uint64   `json:"from"`
			To       uint64   `json:"to"`
			Root     string   `json:"root"`
			Files    int      `json:"files"`
			Bytes    int64    `json:"bytes"`
			Left     []string `json:"left"`
			Recorded bool     `json:"recorded"` // in the governance log
			DryRun   bool     `json:"dry_run"`
		}{res.From, res.To, res.Root.String(), res.Segments, res.Bytes, orEmpty(res.Left), res.Recorded, dry}, "  ")
	}
	if res.Segments == 0 {
		_, err := fmt.Fprintln(c.out, "nothing is due")
		return err
	}
	verb, recorded := "removed", ""
	if dry {
		verb = "would be removed"
	} else if res.Recorded {
		recorded = ", and the governance log says so"
	}
	_, err := fmt.Fprintf(c.out, "%s: records %d to %d, %s, %s%s\n", verb, res.From, res.To-1, count(res.Segments, "file"), size(res.Bytes), recorded)
	return err
}
