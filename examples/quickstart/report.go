package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// report shows what the log holds from a position on: the runs, one of them
// explained, and whether the log is what was written.
func report(ctx context.Context, v *flexor.Vault, from uint64, w io.Writer) error {
	var entries []audit.Entry
	for e, err := range v.Log.Entries(ctx, audit.Filter{}) {
		if err != nil {
			return err
		}
		if e.Position >= from {
			entries = append(entries, e)
		}
	}
	printRuns(w, entries)
	if i := slices.IndexFunc(entries, func(e audit.Entry) bool { return e.Status == audit.Partial }); i >= 0 {
		printRun(w, entries[i])
	}
	verified, err := v.Log.Verify(ctx, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nThe log is intact: %s, %d records, %d of them finished runs, root %s\n",
		verified.Verdict, verified.Head.Size, verified.Entries, verified.Head.Root)
	return printNext(ctx, w, v, entries)
}

// printRuns prints a line for each run, in the order in which they started.
func printRuns(w io.Writer, entries []audit.Entry) {
	entries = slices.SortedFunc(slices.Values(entries), func(a, b audit.Entry) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.RunID, b.RunID))
	})
	fmt.Fprintf(w, "\n%d runs, as recorded\n\n", len(entries))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tAGENT\tTRIGGER\tAT (UTC)\tDURATION\tSTATUS\tDECISIONS\tERRORS")
	for _, e := range entries {
		agent := e.AgentName
		if e.ParentRunID != "" {
			agent = "└ " + agent
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%dms\t%s\t%d\t%d\n", e.RunID, agent, e.TriggerType,
			e.TriggerAt.Format("2006-01-02 15:04:05"), e.DurationMS, e.Status, len(e.Decisions), len(e.Errors))
	}
	table.Flush()
}

// printRun explains one run: its tasks, decisions and errors in their order.
func printRun(w io.Writer, e audit.Entry) {
	fmt.Fprintf(w, "\nWhy is %s %s?\n\n", e.RunID, e.Status)
	type event struct {
		seq  int
		text string
	}
	var events []event
	for _, t := range e.Tasks {
		events = append(events, event{t.Seq, fmt.Sprintf("task      %s: %s", t.Skill, t.Outcome)})
	}
	for _, d := range e.Decisions {
		events = append(events, event{d.Seq, fmt.Sprintf("decision  %s? %s, not %s\n            %s",
			d.Condition, d.Branch, strings.Join(d.Alternatives, " or "), named(d.Values))})
	}
	for _, x := range e.Errors {
		events = append(events, event{x.Seq, "error     " + x.Message})
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Compare(a.seq, b.seq) })
	fmt.Fprintf(w, "  trigger   %s by %s at %s\n", e.TriggerType, e.TriggeredBy, e.TriggerAt.Format(time.RFC3339))
	for _, x := range events {
		fmt.Fprintf(w, "  %s\n", x.text)
	}
	fmt.Fprintf(w, "  outputs   %s\n", named(e.Outputs))
}

// named lists values with their names.
func named(values audit.Values) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, fmt.Sprintf("%s = %s", v.Name, v.JSON))
	}
	return strings.Join(parts, ", ")
}

// printNext says what to try next with the runs that were recorded.
func printNext(ctx context.Context, w io.Writer, v *flexor.Vault, entries []audit.Entry) error {
	i := slices.IndexFunc(entries, func(e audit.Entry) bool { return e.Status == audit.Failed })
	if i < 0 {
		return nil
	}
	failed := entries[i]
	segment, err := segmentOf(ctx, v.Log, failed)
	if err != nil {
		return err
	}
	dir := quoted(v.Config.Dir)
	fmt.Fprintf(w, `
Try next, with the key of %[6]s
  export FLEXOR_API_KEY_FILE=%[5]s FLEXOR_VAULT=%[1]s
  go run ./examples/flexor audit --status failed
  go run ./examples/flexor explain %[2]s
  go run ./examples/flexor lineage --record "plexifact://prod/catalog/equity-prices/2026-04-30"
  go run ./examples/flexor agents list
  go run ./examples/flexor access log
  go run ./examples/flexor verify

To record what tasks were given and came to as well, set include_inputs and
include_outputs to true in %[4]s, and run again
  go run ./examples/quickstart -vault %[1]s

Last, make the failed run a success, and see that it does not go unnoticed
  perl -pi -e 's/"status":"failed"/"status":"success"/' %[3]s
  go run ./examples/flexor verify
`, dir, failed.RunID, quoted(segment), v.Config.Path, quoted(keyFile(v, admin)), admin)
	return nil
}

// segmentOf returns the file that an entry stands in.
func segmentOf(ctx context.Context, log *vault.Reader, e audit.Entry) (string, error) {
	for r, err := range log.Records(ctx, e.Position) {
		return filepath.Join(log.Dir(), r.File), err
	}
	return "", fmt.Errorf("the entry of run %s is gone from the log", e.RunID)
}

// quoted returns a path as a shell takes it for one word.
func quoted(path string) string {
	if strings.ContainsAny(path, " '\"$&;()*?[]`") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
