package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/lineage"
)

// lineageExportCommand writes the lineage of a period for other tools.
func (c *cli) lineageExportCommand() *cobra.Command {
	var from, to string
	var send lineageSend
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write or send what runs read and wrote, as OpenLineage events",
		Long: `Writes the finished runs of a period as events of OpenLineage 2-0-2, one a line:
for each run its start, and its end with the records that it read and wrote. A
catalogue that takes such events can be fed with it. --from and --to are those
of flexor audit.

--send posts the events to a server that takes them by HTTP, such as Marquez, in
place of writing them. A URL without a path gets /api/v1/lineage. The API key is
read from OPENLINEAGE_API_KEY. An event is sent again until the server has taken
it; one that it refuses ends the command. With --cursor, FILE keeps how far the
server is, and the next time only later runs are sent: each at least once, and
none left out. So a job that runs again and again keeps a server up to date:

  flexor lineage export --send https://marquez.example --cursor marquez.cursor`,
		Example: examples(
			"flexor lineage export --from 2026-04-01 --to 2026-04-30 > april.jsonl",
			"flexor lineage export --from 7d",
		),
		Args: noArgs,
	}
	cmd.Flags().StringVar(&from, "from", "", "only runs triggered at `TIME` or later")
	cmd.Flags().StringVar(&to, "to", "", "only runs triggered before `TIME`, or before the end of that day or month")
	cmd.Flags().StringVar(&send.url, "send", "", "post the events to the OpenLineage server at `URL`")
	cmd.Flags().StringVar(&send.cursor, "cursor", "", "go on from, and keep in `FILE`, how far the server is")
	addChoice(cmd, "format", "form of the output", "openlineage")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("send") || cmd.Flags().Changed("cursor") {
			return c.lineageSend(cmd.Context(), send, from, to)
		}
		return c.lineageExport(cmd.Context(), from, to)
	}
	return cmd
}

// openPeriod opens the log of a vault, to read a period of it. There is none if nothing
// has been recorded yet.
func (c *cli) openPeriod(ctx context.Context, from, to string) (p *place, start, end time.Time, err error) {
	if start, end, err = interval(from, to, c.now()); err != nil {
		return nil, start, end, err
	}
	if p, err = c.openToRead(ctx); err != nil {
		return nil, start, end, err
	}
	c.warnDisabled(p)
	if text := described(start, end); text != "" {
		c.note("%s", text)
	}
	if p.log == nil {
		c.nothingYet(p)
	}
	return p, start, end, nil
}

// lineageExport writes the events of a period.
func (c *cli) lineageExport(ctx context.Context, from, to string) error {
	p, start, end, err := c.openPeriod(ctx, from, to)
	if err != nil || p.log == nil {
		return err
	}
	for event, err := range lineage.OpenLineage(ctx, p.log, start, end) {
		if err != nil {
			return err
		}
		if _, err := c.out.Write(append(event, '\n')); err != nil {
			return err
		}
	}
	return c.noteInFlight(ctx, p)
}

// noteInFlight says how many runs have no events yet.
func (c *cli) noteInFlight(ctx context.Context, p *place) error {
	open, err := c.inFlight(ctx, p)
	if err != nil {
		return err
	}
	if n := len(idsOf(open, false)); n > 0 {
		c.note("note: %s not ended yet, and will have events when they have", have(n, "run"))
	}
	return nil
}
