package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
)

// retentionHoldCommand keeps days from being removed.
func (c *cli) retentionHoldCommand() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "hold",
		Short: "Keep what was recorded on some days, however old it is",
		Long: `Keeps what was recorded from one day to another, both included, in UTC, from
being removed until the hold is released. Without --from it begins with the log,
without --to it goes on. It takes an owner, and a reason.`,
		Example: examples("flexor retention hold --from 2026-04-01 --to 2026-04-30 --reason case-12", "flexor retention hold --from 2026-04-01 --reason inquiry"),
		Args:    noArgs,
	}
	cmd.Flags().StringVar(&from, "from", "", "the first `DAY`, or month, that is kept")
	cmd.Flags().StringVar(&to, "to", "", "the last `DAY`, or month, that is kept")
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		start, end, err := interval(from, to, c.now())
		if err != nil {
			return err
		}
		if !end.IsZero() {
			end = end.Add(-1) // the days of control are both included
		}
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			h, out, err := a.Hold(cmd.Context(), start, end, c.reason(*reason))
			if err != nil {
				return err
			}
			o := a.ordered(out, "hold")
			o.Hold = &h
			return c.report(format.value, o, "hold %d keeps %s", h.Index, holdDays(h))
		})
	}
	return cmd
}

// holdDays says what a hold covers.
func holdDays(h control.Hold) string {
	switch {
	case h.From == "" && h.To == "":
		return "everything"
	case h.From == "":
		return "everything to " + h.To
	case h.To == "":
		return "everything from " + h.From + " on"
	}
	return h.From + " to " + h.To
}

// retentionReleaseCommand ends a hold.
func (c *cli) retentionReleaseCommand() *cobra.Command {
	var id uint64
	cmd := &cobra.Command{
		Use:     "release",
		Short:   "End a hold",
		Long:    `Ends a hold: what it kept goes as its time comes, or came. It takes an owner.`,
		Example: examples("flexor retention release --hold 7 --reason closed"),
		Args:    noArgs,
	}
	cmd.Flags().Uint64Var(&id, "hold", 0, "the `NUMBER` of the hold, as flexor retention holds lists it")
	reason, format := addReason(cmd), addOutcome(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if !cmd.Flags().Changed("hold") {
			return misuse("flexor retention holds", "flexor retention release needs --hold")
		}
		return c.giving(cmd, control.Config{}, func(a *actor) error {
			out, err := a.Release(cmd.Context(), id, c.reason(*reason))
			if errors.Is(err, control.ErrNotFound) {
				return fail(exitNotFound, "flexor retention holds lists what is held", "%w", err)
			}
			if err != nil {
				return err
			}
			return c.report(format.value, a.ordered(out, "release"), "hold %d is released", id)
		})
	}
	return cmd
}

// retentionHoldsCommand lists the holds.
func (c *cli) retentionHoldsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "holds",
		Short:   "List the holds that were not released",
		Long:    `Lists what is held, since when, by whom and why.`,
		Example: examples("flexor retention holds", "flexor retention holds --format json"),
		Args:    noArgs,
	}
	format := addFormat(cmd)
	cmd.RunE = c.viewing(func(cmd *cobra.Command, a *actor) error {
		holds, err := a.Holds(cmd.Context())
		if err != nil {
			return err
		}
		if len(holds) == 0 {
			c.note("nothing is held")
		}
		return holdView().write(c, format.value, holds)
	})
	return cmd
}

// holdView is how holds are shown.
func holdView() view[control.Hold] {
	v := view[control.Hold]{
		columns: left("HOLD", "FROM", "TO", "AT (UTC)", "BY", "REASON"),
		heads:   []string{"hold", "from", "to", "at", "by", "role", "reason"},
		cells: func(h control.Hold) []cell {
			return plain(strconv.FormatUint(h.Index, 10), h.From, h.To, clock(h.At), h.By.String(), h.Reason)
		},
		fields: func(h control.Hold) []field {
			return []field{number(int64(h.Index)), word(h.From), word(h.To), when(h.At), text(h.By.String()), word(h.Role.String()), text(h.Reason)}
		},
	}
	v.columns[0].right = true
	return v
}

// size is a number of bytes for people.
func size(n int64) string {
	const units = "kMGT"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), -1
	for value >= 999.5 && unit < len(units)-1 {
		value /= 1000
		unit++
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %cB", value, units[unit])
	}
	return fmt.Sprintf("%.0f %cB", value, units[unit])
}
