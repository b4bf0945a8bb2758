package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// explainCommand tells one run.
func (c *cli) explainCommand() *cobra.Command {
	var proofFile string
	cmd := &cobra.Command{
		Use:   "explain RUN",
		Short: "Tell one run: what it did, what it decided and why, with proof",
		Long: `Tells one run from its records: what triggered it, its tasks, each branch it
took with the values that drove the decision and the branches not taken, its
errors and outputs, how it ended, and the proof that its entry stands in the
signed log. If it names a deployment, also who deployed it, by which key, in
which role and by whose grant, up to the first owner of the vault, each with its
proof.

RUN is the id of a run, or at least 4 characters with which only that one begins
or ends. A run that has not ended is told as far as it went.

--proof FILE keeps the proof, a C2SP tlog-proof, and in FILE.line the very line
of the log that it proves. Both can be checked without the vault: see flexor
verify.`,
		Example: examples(
			"flexor explain "+exampleRun,
			"flexor explain "+exampleRun[len(exampleRun)-6:],
			"flexor explain "+exampleRun+" --format json",
			"flexor explain "+exampleRun+" --proof run.proof",
		),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("flexor audit lists the runs there are", "explain takes the id of one run, but got %d arguments", len(args))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&proofFile, "proof", "", "write the proof to the new file `FILE`, and the line that it proves to FILE.line")
	format := addChoice(cmd, "format", "form of the output", "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.explain(cmd.Context(), args[0], proofFile, format.value)
	}
	return cmd
}

// exampleRun is the run of the examples.
const exampleRun = "run_01kqf86q00e2wt4c9m7xz3n5rd"

// explain tells one run.
func (c *cli) explain(ctx context.Context, text, proofFile, format string) error {
	q, err := parseRunQuery(text)
	if err != nil {
		return err
	}
	p, err := c.openToRead(ctx)
	if err != nil {
		return err
	}
	c.warnDisabled(p)
	if p.log == nil {
		c.nothingYet(p)
		return q.unknown()
	}
	open, err := c.inFlight(ctx, p)
	if err != nil {
		return err
	}
	id := string(q)
	if !q.whole() {
		if id, err = q.resolve(ctx, p.log); err != nil {
			return err
		}
	}
	s, err := tell(ctx, p.log, id)
	if err != nil {
		return err
	}
	for _, r := range open {
		if r.RunID == id {
			s.flight = &r
		}
	}
	proof, err := c.prove(ctx, p, s)
	if err != nil {
		return err
	}
	if proofFile != "" {
		if proof == nil {
			return fail(exitNotFound, "ask again when it has ended", "%s has no entry that could be proved: %s", id, s.state())
		}
		if err := proof.keep(proofFile); err != nil {
			return err
		}
		c.note("wrote %s and %s.line; check them anywhere with flexor verify --proof %s --line %s.line --key %q",
			proofFile, proofFile, proofFile, proofFile, p.log.PublicKey())
	}
	behind, err := c.behind(ctx, p, s)
	if err != nil {
		return err
	}
	if format == "json" {
		r := s.report(proof)
		r.Authority = behind
		return writeJSON(c.out, r, "  ")
	}
	return c.narrate(s, proof, behind)
}

// The states of a run.
const (
	stateFinished   = "finished"
	stateRunning    = "running"    // its process lives
	stateDead       = "dead"       // its process is gone, and nobody closed it yet
	stateUnfinished = "unfinished" // it has no entry, and nothing says whether its process lives
	stateRefused    = "refused"    // it was not admitted
)

// state says how far the run is.
func (s *story) state() string {
	switch {
	case s.refused != "":
		return stateRefused
	case s.entry != nil:
		return stateFinished
	case s.flight == nil:
		return stateUnfinished
	case s.flight.Dead:
		return stateDead
	}
	return stateRunning
}

// stateText is the state in words.
func (s *story) stateText() string {
	told := "what follows is"
	if s.run.Kill != nil {
		told = "it was killed" + killed(s.run.Kill) + "; " + told
	}
	switch s.state() {
	case stateRefused:
		return "refused: it was not admitted, and nothing was run"
	case stateRunning:
		return fmt.Sprintf("still running, in process %d; %s recorded so far", s.flight.PID, told)
	case stateDead:
		return fmt.Sprintf("its process, %d, is gone; %s what it left", s.flight.PID, told)
	case stateUnfinished:
		return "it has no end in this log, and nothing here says whether its process lives; " + told + " recorded so far"
	}
	return printable(string(s.run.Status))
}
