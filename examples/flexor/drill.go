package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// drillAgent is the agent whose runs a drill stops, and its version.
const (
	drillAgent   = "flexor-drill"
	drillVersion = "1"
)

// drilling is the command line of flexor agents drill.
type drilling struct {
	rounds int
	within time.Duration
	reason string
	format string
}

// drillCommand shows that runs can be stopped.
func (c *cli) drillCommand() *cobra.Command {
	d := &drilling{}
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Start a harmless run, kill it, and record how long that took",
		Long: `Shows that what runs in the vault can be stopped. It starts a process with a
harmless run of the agent flexor-drill, kills that run as flexor agents kill
does, and tells how long it took. Both logs keep the evidence: the order with
who gave it, and the entry of the run with the times of the order and of its
effect; flexor explain RUN --proof proves it.

It takes who may kill in the vault's environment; in production the agent
flexor-drill must be deployed as any other: flexor deploy --env production
--agent flexor-drill --version 1.

The exit code is 1 if a run was not stopped, or not within the time of --within.`,
		Example: examples("flexor agents drill", "flexor agents drill --rounds 3 --within 10s --format json"),
		Args:    noArgs,
	}
	f := cmd.Flags()
	f.IntVar(&d.rounds, "rounds", 1, "how `MANY` runs to stop, one after the other")
	addLength(cmd, &d.within, "within", "how `LONG` it may take from the order to the cancelled context (default any time)")
	reason, format := addReason(cmd), addFormat(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if d.rounds < 1 || d.within < 0 {
			return misuse("flexor agents drill", "--rounds and --within must be above zero")
		}
		d.reason, d.format = cmp.Or(c.reason(*reason), "drill"), format.value
		return c.giving(cmd, control.Config{}, func(a *actor) error { return c.drill(cmd.Context(), a, d) })
	}
	return cmd
}

// drilled is one round of a drill.
type drilled struct {
	Round       int       `json:"round"`
	RunID       string    `json:"run_id"`
	Environment string    `json:"environment"`
	PID         int       `json:"pid"`
	By          string    `json:"by"`
	RequestedAt time.Time `json:"requested_at"`
	EffectiveAt time.Time `json:"effective_at"` // the context was cancelled
	EndedAt     time.Time `json:"ended_at"`
	LatencyMS   float64   `json:"latency_ms"` // from the order to the cancelled context
	EndedMS     float64   `json:"ended_ms"`   // from the order to the end of the run
	Event       uint64    `json:"event"`      // of the order in the governance log
	Position    uint64    `json:"position"`   // of the entry in the audit log
}

// drill stops runs.
func (c *cli) drill(ctx context.Context, a *actor, d *drilling) error {
	if a.noKey != nil {
		return a.keyless()
	}
	var rounds []drilled
	for n := range d.rounds {
		round, err := c.drillOnce(ctx, a, d.reason)
		if err != nil && n > 0 {
			err = errors.Join(err, drillView().write(c, d.format, rounds))
		}
		if err != nil {
			return err
		}
		round.Round = n + 1
		rounds = append(rounds, *round)
	}
	if err := drillView().write(c, d.format, rounds); err != nil {
		return err
	}
	for _, r := range rounds {
		if late := time.Duration(r.LatencyMS * float64(time.Millisecond)); d.within > 0 && late > d.within {
			return fail(exitFailed, "flexor explain "+r.RunID, "drill: %s was stopped %s after the order, later than %s", r.RunID, late, d.within)
		}
	}
	c.note("the evidence is in both logs: flexor explain %s --proof drill.proof", rounds[0].RunID)
	return nil
}

// drillOnce starts a run in another process, and stops it.
func (c *cli) drillOnce(ctx context.Context, a *actor, reason string) (*drilled, error) {
	if string(a.cfg.Environment) == string(rbac.Production) {
		if _, ok, err := a.Deployed(ctx, drillAgent, rbac.Production); err == nil && !ok {
			return nil, fail(exitFailed, "flexor deploy --agent "+drillAgent+" --version "+drillVersion+" --env production",
				"drill: no run was started: in production the agent %s must be deployed as any other", drillAgent)
		}
	}
	runID, end, err := c.startDummy(ctx, a.cfg.Path)
	if err != nil {
		return nil, err
	}
	defer end()
	p, err := c.open()
	if err != nil {
		return nil, err
	}
	if p.log == nil {
		return nil, fmt.Errorf("drill: %s left nothing in %s", runID, p.dir)
	}
	s, out, err := a.Stop(ctx, p.log, runID, reason, 30*time.Second)
	if err != nil {
		return nil, err
	}
	if err := notStopped(&s); err != nil {
		return nil, err
	}
	return &drilled{
		RunID: s.Run.ID, Environment: string(s.Run.Environment), PID: s.PID, By: s.Kill.By,
		RequestedAt: s.Kill.RequestedAt, EffectiveAt: s.Kill.EffectiveAt, EndedAt: s.Entry.EndedAt,
		LatencyMS: *milliseconds(s.Latency()), EndedMS: *milliseconds(s.Entry.EndedAt.Sub(s.Kill.RequestedAt)),
		Event: out.Index, Position: s.Entry.Position,
	}, nil
}

// startDummy starts a process with a run that waits to be stopped, and returns the run
// once it has begun. end ends the process, if it has not ended yet.
func (c *cli) startDummy(ctx context.Context, vaultFile string) (runID string, end func(), err error) {
	program, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	var failure strings.Builder
	cmd := exec.CommandContext(ctx, program, "agents", dummyName, "--vault", vaultFile)
	cmd.Args[0] = os.Args[0]
	cmd.Stderr = &failure
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("drill: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = cmd.Wait() // its words say more than its exit code
		return "", nil, fail(exitFailed, "flexor agents drill --help says what it takes", "drill: no run was started: %s", strings.TrimSpace(failure.String()))
	}
	return strings.TrimSpace(line), func() {
		_ = stdin.Close()
		_ = cmd.Wait() // how the run ended is in its entry
	}, nil
}

// drillView is how a drill is shown.
func drillView() view[drilled] {
	v := view[drilled]{
		columns: left("RUN", "ENVIRONMENT", "ORDERED (UTC)", "BY", "STOPPED AFTER", "ENDED AFTER", "EVENT", "ENTRY"),
		heads:   []string{"round", "run_id", "environment", "requested_at", "effective_at", "ended_at", "latency_ms", "ended_ms", "by", "event", "position"},
		fields: func(d drilled) []field {
			return []field{number(int64(d.Round)), word(d.RunID), word(d.Environment), when(d.RequestedAt), when(d.EffectiveAt), when(d.EndedAt),
				object(d.LatencyMS), object(d.EndedMS), text(d.By), number(int64(d.Event)), number(int64(d.Position))}
		},
	}
	for _, i := range []int{4, 5, 6, 7} {
		v.columns[i].right = true
	}
	v.cells = func(d drilled) []cell {
		return plain(d.RunID, d.Environment, clock(d.RequestedAt), d.By, fmt.Sprintf("%.2fms", d.LatencyMS), fmt.Sprintf("%.2fms", d.EndedMS),
			fmt.Sprint(d.Event), fmt.Sprint(d.Position))
	}
	return v
}
