package main

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// runsCommand lists what runs now.
func (c *cli) runsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List the runs that run now",
		Long: `Lists the runs that have begun and not ended, the oldest first, with their
process. What has ended is in flexor audit.

  running   its process lives
  stopping  there is an order to kill it, and it has not ended yet
  dead      its process is gone, and the log cannot be written from here to
            close it`,
		Example: examples("flexor runs", "flexor runs --format jsonl"),
		Args:    noArgs,
	}
	format := addFormat(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := c.openToRead(cmd.Context())
		if err != nil {
			return err
		}
		var list []activeRun
		if p.log != nil {
			if list, err = c.activeRuns(cmd.Context(), p); err != nil {
				return err
			}
		}
		if len(list) == 0 {
			c.note("nothing is running")
		}
		return c.activeView().write(c, format.value, list)
	}
	return cmd
}

// activeRun is a run that has not ended.
type activeRun struct {
	RunID       string        `json:"run_id"`
	AgentName   string        `json:"agent_name"`
	Environment string        `json:"environment"`
	StartedAt   time.Time     `json:"started_at"`
	PID         int           `json:"pid"`
	State       string        `json:"state"`
	Kill        *control.Halt `json:"kill,omitempty"` // the order to end it
}

// activeRuns returns what runs, in the order of the log.
func (c *cli) activeRuns(ctx context.Context, p *place) ([]activeRun, error) {
	open, err := c.inFlight(ctx, p)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	ctl, err := control.Open(ctx, p.cfg.Dir, nil)
	if err != nil {
		return nil, err
	}
	defer ctl.Close() // nothing was ordered, so nothing is to be lost
	var list []activeRun
	for _, r := range open {
		list = append(list, active(ctx, ctl, r))
	}
	return list, nil
}

func active(ctx context.Context, ctl *control.Control, r vault.Run) activeRun {
	a := activeRun{r.RunID, r.AgentName, r.Environment, r.StartedAt, r.PID, stateRunning, nil}
	// Orders that are known hold even if the log cannot be read any further.
	if h, ok, _ := ctl.Killed(ctx, r.RunID); ok && string(h.Environment) == r.Environment {
		a.State, a.Kill = "stopping", &h
	}
	if r.Dead {
		a.State = stateDead
	}
	return a
}

// activeView is how runs that have not ended are shown.
func (c *cli) activeView() view[activeRun] {
	v := view[activeRun]{
		columns: left("RUN", "AGENT", "ENVIRONMENT", "STARTED (UTC)", "FOR", "PROCESS", "STATE"),
		heads:   []string{"run_id", "agent_name", "environment", "started_at", "pid", "state", "killed_by", "kill_reason"},
	}
	v.columns[4].right, v.columns[5].right = true, true
	v.cells = func(r activeRun) []cell {
		return plain(r.RunID, r.AgentName, r.Environment, clock(r.StartedAt), c.now().Sub(r.StartedAt).Round(time.Second).String(), strconv.Itoa(r.PID), r.State)
	}
	v.fields = func(r activeRun) []field {
		row := []field{word(r.RunID), text(r.AgentName), word(r.Environment), when(r.StartedAt), number(int64(r.PID)), word(r.State)}
		if r.Kill == nil {
			return append(row, field{}, field{})
		}
		return append(row, text(r.Kill.By.String()), text(r.Kill.Reason))
	}
	return v
}
