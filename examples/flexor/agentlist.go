package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// agentListCommand lists agents.
func (c *cli) agentListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the agents of the vault, where they run, and whether they may",
		Long: `Lists for each environment the agents that have a file for it, are deployed or
paused there, or have run there: what triggers them, the version that is
deployed or else that of the file, and how their last run ended.

  deployed       a version is deployed
  not deployed   it needs a deployment to run in production, and has none
  ready          it may run: sandbox and staging need no deployment
  paused         it is not triggered until somebody resumes it`,
		Example: examples("flexor agents list", "flexor agents list --env production --format json"),
		Args:    noArgs,
	}
	env := addEnvironment(cmd, "only agents there")
	format := addFormat(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := c.openToRead(cmd.Context())
		if err != nil {
			return err
		}
		list, err := c.agentsOf(cmd.Context(), p)
		if err != nil {
			return err
		}
		where := ""
		if env.value != "" {
			where = " in " + env.value
			list = slices.DeleteFunc(list, func(a agent) bool { return a.Environment != rbac.Environment(env.value) })
		}
		if len(list) == 0 {
			c.note("there is no agent%s", where)
		}
		return agents().write(c, format.value, list)
	}
	return cmd
}

// agent is an agent in an environment.
type agent struct {
	Name        string              `json:"name"`
	Trigger     string              `json:"trigger,omitempty"` // of its file, else of its last run
	Environment rbac.Environment    `json:"environment"`
	Version     string              `json:"version,omitempty"` // deployed, else of the file, else of the last run
	Status      string              `json:"status"`
	Running     int                 `json:"running"` // runs now
	Paused      *control.Halt       `json:"paused,omitempty"`
	Deployment  *control.Deployment `json:"deployment,omitempty"`
	LastRun     *lastRun            `json:"last_run,omitempty"`
	FileError   string              `json:"file_error,omitempty"` // why its file cannot be used
}

// roster gathers agents by name and environment.
type roster struct {
	agents []*agent
}

func (r *roster) agent(name string, env rbac.Environment) *agent {
	for _, a := range r.agents {
		if a.Name == name && a.Environment == env {
			return a
		}
	}
	a := &agent{Name: name, Environment: env}
	r.agents = append(r.agents, a)
	return a
}

// agentsOf gathers the agents of a vault.
func (c *cli) agentsOf(ctx context.Context, p *place) ([]agent, error) {
	r := &roster{}
	if err := r.addGoverned(ctx, p); err != nil {
		return nil, err
	}
	if err := r.addRuns(ctx, c, p); err != nil {
		return nil, err
	}
	if err := r.addFiles(p); err != nil {
		return nil, err
	}
	slices.SortFunc(r.agents, func(a, b *agent) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(string(a.Environment), string(b.Environment)))
	})
	var out []agent
	for _, a := range r.agents {
		a.Status = a.status()
		out = append(out, *a)
	}
	return out, nil
}

// addGoverned adds what is deployed, and what is paused.
func (r *roster) addGoverned(ctx context.Context, p *place) error {
	ctl, err := control.Open(ctx, p.cfg.Dir, nil)
	if err != nil {
		return err
	}
	defer ctl.Close() // nothing was ordered, so nothing is to be lost
	all, err := ctl.Deployments(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.Current {
			a := r.agent(d.Agent, d.Environment)
			a.Deployment, a.Version = &d, d.Version
		}
	}
	pauses, err := ctl.Pauses(ctx)
	for _, h := range pauses {
		r.agent(h.Agent, h.Environment).Paused = &h
	}
	return err
}

// addRuns adds what has run, the newest run of each, and what runs now.
func (r *roster) addRuns(ctx context.Context, c *cli, p *place) error {
	if p.log == nil {
		return nil
	}
	open, err := c.inFlight(ctx, p)
	if err != nil {
		return err
	}
	for _, run := range open {
		if !run.Dead {
			r.agent(run.AgentName, rbac.Environment(run.Environment)).Running++
		}
	}
	for e, err := range p.log.Entries(ctx, audit.Filter{NewestFirst: true}) {
		if err != nil {
			return err
		}
		a := r.agent(e.AgentName, rbac.Environment(e.Environment))
		if a.LastRun == nil {
			a.LastRun = &lastRun{e.RunID, e.AgentName, e.Status, e.EndedAt}
			a.Trigger, a.Version = string(e.TriggerType), cmp.Or(a.Version, e.AgentVersion)
		}
	}
	return nil
}

// addFiles adds what has a file, which comes before what was seen of the last run.
func (r *roster) addFiles(p *place) error {
	files := agentFilesIn(p.cfg.Dir)
	names, err := files.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		f := files.file(name)
		if f == nil {
			continue // removed meanwhile
		}
		if f.err != nil {
			r.agent(name, rbac.Environment(p.cfg.Environment)).FileError = f.err.Error()
			continue
		}
		a := r.agent(name, f.Environment)
		a.Trigger = cmp.Or(f.trigger, a.Trigger)
		if a.Deployment == nil {
			a.Version = cmp.Or(f.Version, a.Version)
		}
	}
	return nil
}

// status says whether an agent may run.
func (a *agent) status() string {
	text := "ready"
	switch {
	case a.Paused != nil:
		text = "paused"
	case a.Deployment != nil:
		text = "deployed"
	case a.Environment == rbac.Production:
		text = "not deployed"
	}
	if a.FileError != "" {
		text += ", bad file"
	}
	if a.Running > 0 {
		text += fmt.Sprintf(", %d running", a.Running)
	}
	return text
}

// agents is how agents are shown.
func agents() view[agent] {
	last := func(a agent) string {
		if a.LastRun == nil {
			return ""
		}
		return clock(a.LastRun.EndedAt) + " " + string(a.LastRun.Status)
	}
	return view[agent]{
		columns: left("NAME", "TRIGGER", "ENVIRONMENT", "VERSION", "STATUS", "LAST RUN"),
		heads:   []string{"name", "trigger", "environment", "version", "status", "last_run", "last_status", "last_ended", "running", "deployment", "paused_by", "paused_reason"},
		cells: func(a agent) []cell {
			return plain(a.Name, a.Trigger, string(a.Environment), a.Version, a.Status, last(a))
		},
		fields: func(a agent) []field {
			row := []field{text(a.Name), text(a.Trigger), word(string(a.Environment)), text(a.Version), word(a.Status)}
			if l := a.LastRun; l != nil {
				row = append(row, word(l.RunID), word(string(l.Status)), when(l.EndedAt))
			} else {
				row = append(row, field{}, field{}, field{})
			}
			row = append(row, number(int64(a.Running)))
			if a.Deployment != nil {
				row = append(row, word(a.Deployment.ID))
			} else {
				row = append(row, field{})
			}
			if a.Paused != nil {
				return append(row, text(a.Paused.By.String()), text(a.Paused.Reason))
			}
			return append(row, field{}, field{})
		},
	}
}
