package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// tableLimit is how many runs a table shows unless --limit says otherwise.
const tableLimit = 50

// auditQuery is the command line of flexor audit.
type auditQuery struct {
	agents, runs []string
	from, to     string
	statuses     *choices[audit.Status]
	triggers     *choices[audit.TriggerType]
	envs         *choices[string]

	format  *choice
	rows    *choice
	limit   int // 0: all
	reverse bool
	follow  bool
}

// auditCommand lists runs.
func (c *cli) auditCommand() *cobra.Command {
	q := &auditQuery{}
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "List runs",
		Long: `Lists the finished runs of a vault that match everything asked for.

--from and --to bound the time of the trigger. Both take a day (2026-04-30), a
month (2026-04), a time with its zone (2026-04-30T14:00:00Z), so long ago (90m,
2h, 7d), today or yesterday. Days and months are those of UTC, and --to includes
all of the one it names. The interval used is printed on standard error.

A table shows the last 50 runs, the newest first. The other formats are exports:
they hold all runs, the oldest first. --limit N keeps the last N in either, and
--reverse turns the order round. The order is that in which runs ended.

csv has a row for each run: the fields of the specification, then the others,
with lists and objects as JSON in their cells. A text that a spreadsheet would
take for a formula has ' put before it. --rows decisions, tasks, errors or
accesses gives a row for each of those instead; accesses, of data records, are
in no other format.`,
		Example: examples(
			"flexor audit --agent feed-monitor --limit 50",
			"flexor audit --from 2026-04-01 --to 2026-04-30",
			"flexor audit --status failed",
			"flexor audit --from 2026-04-01 --to 2026-04-30 --format csv > audit-april.csv",
			"flexor audit --from 7d --status failed,partial --env production",
			"flexor audit --agent feed-monitor --rows decisions",
			"flexor audit --format jsonl",
		),
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringSliceVar(&q.agents, "agent", nil, "only runs of the agent `NAME`; repeat it, or separate several with commas")
	f.StringVar(&q.from, "from", "", "only runs triggered at `TIME` or later")
	f.StringVar(&q.to, "to", "", "only runs triggered before `TIME`, or before the end of that day or month")
	f.StringSliceVar(&q.runs, "run", nil, "only the run with the id `RUN`, or with one that begins or ends so")
	f.IntVar(&q.limit, "limit", 0, "only the last `N` runs; 0 for all (default 50 for a table, all for exports)")
	f.BoolVar(&q.reverse, "reverse", false, "oldest first in a table, newest first in an export")
	f.BoolVarP(&q.follow, "follow", "f", false, "go on with runs as they finish, until interrupted")
	q.statuses = addChoices(cmd, "status", "only runs with this status", audit.Success, audit.Partial, audit.Failed)
	q.triggers = addChoices(cmd, "trigger", "only runs with this trigger", audit.Schedule, audit.Event, audit.Webhook, audit.Manual)
	q.envs = addChoices(cmd, "env", "only runs in this environment",
		string(vaultcfg.Sandbox), string(vaultcfg.Staging), string(vaultcfg.Production))
	q.format = addChoice(cmd, "format", "form of the output", "table", "json", "jsonl", "csv")
	q.rows = addChoice(cmd, "rows", "what table and csv have a row for", rowsRuns, rowsDecisions, rowsTasks, rowsErrors, rowsAccesses)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if q.format.value == "table" && !cmd.Flags().Changed("limit") {
			q.limit = tableLimit
		}
		return c.audit(cmd.Context(), q)
	}
	return cmd
}

// check refuses flags that do not go together.
func (q *auditQuery) check() error {
	lists := q.format.value == "json" || q.format.value == "jsonl"
	switch {
	case q.limit < 0:
		return misuse("--limit 0 is all of them", "--limit %d: there is no negative number of runs", q.limit)
	case lists && q.rows.value == rowsAccesses:
		return misuse("--format csv", "--rows accesses is for table and csv, not for %s: no run has them in it", q.format.value)
	case lists && q.rows.value != rowsRuns:
		return misuse("leave --rows out: each run has its "+q.rows.value+" in it", "--rows %s is for table and csv, not for %s", q.rows.value, q.format.value)
	case q.follow && q.format.value == "json":
		return misuse("flexor audit --follow --format jsonl", "--follow has no end, and a JSON array needs one")
	case q.follow && q.reverse:
		return misuse("leave --reverse out", "--follow is always oldest first")
	}
	return nil
}

// newestFirst reports the order of the output.
func (q *auditQuery) newestFirst() bool {
	return !q.follow && (q.format.value == "table") != q.reverse
}

// audit lists runs.
func (c *cli) audit(ctx context.Context, q *auditQuery) error {
	if err := q.check(); err != nil {
		return err
	}
	filter, err := q.filter(c)
	if err != nil {
		return err
	}
	p, err := c.openToRead(ctx)
	if err != nil {
		return err
	}
	c.warnDisabled(p)
	if text := described(filter.From, filter.To); text != "" {
		c.note("%s", text)
	}
	out := c.printer(ctx, p, q)
	if p.log == nil {
		c.nothingYet(p)
		return out.end()
	}
	open, err := c.inFlight(ctx, p)
	if err != nil {
		return err
	}
	l := listing{c: c, place: p, query: q, filter: filter}
	if err := l.resolveRuns(ctx); err != nil {
		return err
	}
	if err := l.list(ctx, out); err != nil {
		return err
	}
	if q.follow {
		return l.follow(ctx, out)
	}
	if err := out.end(); err != nil {
		return err
	}
	if err := l.sum(ctx); err != nil {
		return err
	}
	if err := c.notePurged(p, filter.From); err != nil {
		return err
	}
	if n := len(idsOf(open, false)); n > 0 {
		c.note("note: %s not ended yet; flexor status shows them", have(n, "run"))
	}
	return nil
}

// filter returns what the command line selects.
func (q *auditQuery) filter(c *cli) (audit.Filter, error) {
	f := audit.Filter{
		Agents: q.agents, Statuses: q.statuses.values, TriggerTypes: q.triggers.values, Environments: q.envs.values,
	}
	for _, text := range q.runs {
		if _, err := parseRunQuery(text); err != nil {
			return f, flagError("--run", err)
		}
	}
	if i := slices.Index(q.agents, ""); i >= 0 {
		return f, misuse("flexor audit --agent feed-monitor", "--agent: the name is empty")
	}
	var err error
	f.From, f.To, err = interval(q.from, q.to, c.now())
	return f, err
}

// have returns a number with its noun and verb.
func have(n int, noun string) string {
	if n == 1 {
		return count(n, noun) + " has"
	}
	return count(n, noun) + " have"
}

// agentNames returns the names of the agents that have finished runs, at most one more
// than most.
func agentNames(ctx context.Context, p *place, most int) ([]string, error) {
	var names []string
	for e, err := range p.log.Entries(ctx, audit.Filter{}) {
		if err != nil {
			return nil, err
		}
		names = withName(names, e.AgentName)
		if len(names) > most {
			break
		}
	}
	return names, nil
}

// nothingFound says that no run matched, and which agents there are if one was
// asked for.
func (c *cli) nothingFound(ctx context.Context, p *place, f audit.Filter) error {
	const most = 10
	if len(f.Agents) == 0 {
		c.note("no run matched")
		return nil
	}
	names, err := agentNames(ctx, p, most)
	switch {
	case err != nil:
		return err
	case len(names) == 0:
		c.note("no run matched: no run has finished in this vault yet")
	case len(names) > most:
		c.note("no run matched")
	default:
		c.note("no run matched; the agents of this vault are %s", strings.Join(names, ", "))
	}
	return nil
}
