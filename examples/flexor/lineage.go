package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"

	"github.com/spf13/cobra"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/redact"
)

// lineageQuery is the command line of flexor lineage.
type lineageQuery struct {
	record    string
	direction *choice
	depth     int
	asOf      string
	from, to  string // of the first step

	agents, runs, sources []string
	ops                   *choices[audit.Op]
	explicit, noFailed    bool

	format *choice
	limit  int    // 0: all
	prove  string // a directory to be made; empty: nothing is proved
}

// exampleRecord is the record of the examples.
const exampleRecord = "plexifact://prod/catalog/equity-prices/2026-04-30"

// lineageLimit is how many lines a tree or a table shows unless --limit says otherwise.
// With what stands around them that is less than a hundred.
const lineageLimit = 95

// The directions of flexor lineage.
const (
	downstream = "downstream"
	upstream   = "upstream"
	both       = "both"
)

// lineageCommand shows who touched a record, and what was made from it.
func (c *cli) lineageCommand() *cobra.Command {
	q := &lineageQuery{}
	cmd := &cobra.Command{
		Use:   "lineage --record URI",
		Short: "Show who touched a data record, and what was made from it",
		Long: `Shows the runs that touched a data record: those that wrote it, those that read
it, those that made another record from it, and those that read such a record.
Each line shows the first access of its run. --direction upstream shows what the
record was made from in place of what was made from it.

The record is named by its URI, in any spelling. One that ends in / stands for
all that begins so.

What a run writes counts as made from all that it read before, unless its code
said from which records it was made; --explicit follows only what was said.
Filters such as --agent select from the answer, and do not change what is
followed.

The last line says whether the answer is complete: whether anything that was
recorded was not followed, and why. A tree and a table show 95 runs and records;
standard error says how many there are.

--prove DIR keeps the answer, and every record of the log that it rests on with
the proof that it stands there. flexor verify --proof DIR checks it without the
vault.`,
		Example: examples(
			"flexor lineage --record "+exampleRecord,
			"flexor lineage --record "+exampleRecord+" --direction upstream",
			"flexor lineage --record plexifact://prod/catalog/equity-prices/ --agent feed-monitor",
			"flexor lineage --record "+exampleRecord+" --depth 1 --as-of 2026-04-30",
			"flexor lineage --record "+exampleRecord+" --from 2026-04-30",
			"flexor lineage --record "+exampleRecord+" --format mermaid",
			"flexor lineage --record "+exampleRecord+" --prove lineage.proof",
		),
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&q.record, "record", "", "the `URI` of the record, or of a collection if it ends in /")
	f.IntVar(&q.depth, "depth", 0, "go at most `N` steps from the record; 0 for all")
	f.StringVar(&q.asOf, "as-of", "", "leave out what happened after `TIME`, or after that day or month")
	f.StringVar(&q.from, "from", "", "begin only with accesses of the record at `TIME` or later; what follows from them is not bounded")
	f.StringVar(&q.to, "to", "", "begin only with accesses of the record before `TIME`, or before the end of that day or month")
	f.StringSliceVar(&q.agents, "agent", nil, "only runs of the agent `NAME`; repeat it, or separate several with commas")
	f.StringSliceVar(&q.runs, "run", nil, "only the run with the id `RUN`, or with one that begins or ends so")
	f.StringSliceVar(&q.sources, "source", nil, "only accesses of the source `NAME`")
	f.BoolVar(&q.explicit, "explicit", false, "follow only what was said to be made from a record")
	f.BoolVar(&q.noFailed, "exclude-failed", false, "do not follow failed runs; they may have left data behind")
	f.IntVar(&q.limit, "limit", 0, "only `N` lines; 0 for all (default 95 for a tree or table, all for exports)")
	f.StringVar(&q.prove, "prove", "", "write the answer and what proves it into the new directory `DIR`")
	q.direction = addChoice(cmd, "direction", "where to look from the record", downstream, upstream, both)
	q.ops = addChoices(cmd, "op", "only these accesses", audit.OpRead, audit.OpWrite, audit.OpAppend, audit.OpDelete)
	q.format = addChoice(cmd, "format", "form of the output", "tree", "table", "json", "jsonl", "csv", "dot", "mermaid", "openlineage", "prov")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if q.forPeople() && !cmd.Flags().Changed("limit") {
			q.limit = lineageLimit
		}
		return c.lineage(cmd.Context(), q)
	}
	cmd.AddCommand(c.lineageExportCommand())
	return cmd
}

// forPeople reports whether people read the answer: it is short, and shows no edges.
func (q *lineageQuery) forPeople() bool { return q.format.value == "tree" || q.format.value == "table" }

// check refuses flags that do not go together.
func (q *lineageQuery) check() error {
	switch {
	case q.record == "":
		return misuse(`flexor lineage --record "`+exampleRecord+`"`, "lineage: --record is missing")
	case q.depth < 0:
		return misuse("--depth 0 goes all the way", "--depth %d: there is no negative number of steps", q.depth)
	case q.limit < 0:
		return misuse("--limit 0 is all of them", "--limit %d: there is no negative number of lines", q.limit)
	case q.limit > 0 && !q.forPeople():
		return misuse("leave --limit out: exports are whole", "--limit is for tree and table, not for %s", q.format.value)
	}
	return nil
}

// query returns what the command line asks for.
func (q *lineageQuery) query(ctx context.Context, c *cli, p *place) (lineage.Query, error) {
	out := lineage.Query{
		Record: q.record, Depth: q.depth, Agents: q.agents, Sources: q.sources, Ops: q.ops.values,
		Explicit: q.explicit, ExcludeFailed: q.noFailed, NoEdges: q.forPeople() && q.prove == "",
		Direction: map[string]lineage.Direction{downstream: lineage.Downstream, upstream: lineage.Upstream, both: lineage.Both}[q.direction.value],
	}
	var err error
	if out.Redactor, err = c.recorderRedactor(p); err != nil {
		return out, err
	}
	if q.asOf != "" {
		s, err := parseTime(q.asOf, c.now())
		if err != nil {
			return out, flagError("--as-of", err)
		}
		out.AsOf = s.end
		if s.end.After(s.start) {
			out.AsOf = s.end.Add(-1)
		}
		c.note("as of %s (UTC)", stamp(out.AsOf))
	}
	if out.From, out.To, err = interval(q.from, q.to, c.now()); err != nil {
		return out, err
	}
	if text := described(out.From, out.To); text != "" {
		c.note("%s", text)
	}
	for _, text := range q.runs {
		r, err := parseRunQuery(text)
		if err != nil {
			return out, flagError("--run", err)
		}
		id := string(r)
		if !r.whole() && p.log != nil {
			if id, err = r.resolve(ctx, p.log); err != nil {
				return out, flagError("--run", err)
			}
		}
		out.Runs = append(out.Runs, id)
	}
	return out, nil
}

// recorderRedactor returns the redactor that agents record with, so that a query looks
// for what is in the log. It has no key for pseudonyms.
func (c *cli) recorderRedactor(p *place) (*redact.Redactor, error) {
	if r, err := flexor.NewRedactor(p.cfg, nil); err == nil {
		return r, nil
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails
	r, err := flexor.NewRedactor(p.cfg, redact.StaticKey("none", key))
	if err == nil {
		c.note("note: vault.json has pseudonyms, whose key only the agents have; give a URI that has one as it stands in the log")
	}
	return r, err
}

// lineage shows the lineage of a record.
func (c *cli) lineage(ctx context.Context, q *lineageQuery) error {
	if err := q.check(); err != nil {
		return err
	}
	if _, err := audit.RecordURI(q.record, nil); err != nil {
		return misuse(`flexor lineage --record "`+exampleRecord+`"`, "--record: %w", err)
	}
	if there, err := os.ReadDir(q.prove); err == nil && len(there) > 0 && q.prove != "" {
		return fail(exitFailed, "choose another directory, or remove that one", "--prove: %s exists already, and is not empty", q.prove)
	}
	p, err := c.openToRead(ctx)
	if err != nil {
		return err
	}
	c.warnDisabled(p)
	query, err := q.query(ctx, c, p)
	if err != nil {
		return err
	}
	if p.log == nil {
		c.nothingYet(p)
		return nil
	}
	trace := func() (*lineage.Result, error) { return lineage.Trace(ctx, p.log, query) }
	if q.prove != "" {
		trace = func() (*lineage.Result, error) { return lineage.Prove(ctx, p.log, query, q.prove) }
	}
	res, err := trace()
	if err != nil {
		if errors.Is(err, audit.ErrInvalid) {
			return misuse("give the URI as it stands in the log", "--record: %w", err)
		}
		return err
	}
	if err := c.writeLineage(ctx, p, q, res); err != nil {
		return err
	}
	if q.prove != "" {
		c.note("wrote %s, with %s of the log; check it anywhere with flexor verify --proof %s --key %q", q.prove, count(len(res.Cites()), "record"), q.prove, p.log.PublicKey())
	}
	switch {
	case !res.Found():
		c.note("no access of %s was recorded; a URI that ends in / asks for all that begins so", res.Record)
	case len(linesOf(res)) == 0:
		c.note("%s was accessed, and nothing of that is by what --agent, --run, --source and --op select", res.Record)
	}
	return nil
}

// writeLineage writes an answer in the format asked for.
func (c *cli) writeLineage(ctx context.Context, p *place, q *lineageQuery, res *lineage.Result) error {
	lines := linesOf(res)
	switch q.format.value {
	case "json":
		return writeJSON(c.out, res, "  ")
	case "jsonl":
		return c.lineageJSONL(res)
	case "openlineage":
		return c.lineageEvents(ctx, p, res, lines)
	case "prov":
		return writeJSON(c.out, res.PROV(), "  ")
	case "csv":
		return c.lineageCSV(res, lines)
	case "dot":
		return c.lineageDot(res)
	case "mermaid":
		return c.lineageMermaid(res)
	}
	shown := some(lines, q.limit)
	write := c.lineageTree
	if q.format.value == "table" {
		write = c.lineageTable
	}
	if err := write(res, shown); err != nil {
		return err
	}
	if len(shown) < len(lines) {
		c.note("showing %d of %d (--limit 0 shows all)", len(shown), len(lines))
	}
	return nil
}
