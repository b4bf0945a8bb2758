package main

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// passing lets every run start, and has it say what a test wants.
type passing struct{ pass audit.Pass }

func (p *passing) Admit(context.Context, audit.Admission, func(audit.Kill)) (audit.Pass, error) {
	return p.pass, nil
}
func (*passing) Leave(string) {}

// TestRunsThatContradictTheGovernanceLog has runs that a gate of somebody's own let start.
func TestRunsThatContradictTheGovernanceLog(t *testing.T) {
	dir := t.TempDir()
	_, err := vaultcfg.Init(dir, "company", vaultcfg.L2, vaultcfg.Production)
	require.NoError(t, err)
	ctl, _, err := control.Init(t.Context(), dir, control.Genesis{Vault: "company", Tier: rbac.L2, Owner: rbac.User("owner@fund.com")}, nil)
	require.NoError(t, err)
	defer ctl.Close()
	deploy := func(version string) (control.Deployment, *audit.Head) {
		d, _, err := ctl.Deploy(t.Context(), control.DeployOrder{Agent: "a", Version: version, Environment: rbac.Production})
		require.NoError(t, err)
		return d, &audit.Head{Size: ctl.Head().Size, Root: ctl.Head().Root}
	}
	before := &audit.Head{Size: ctl.Head().Size, Root: ctl.Head().Root}
	first, atFirst := deploy("1")
	second, atSecond := deploy("2")
	_, err = ctl.Pause(t.Context(), "a", rbac.Production, "a test")
	require.NoError(t, err)
	atPause := &audit.Head{Size: ctl.Head().Size, Root: ctl.Head().Root}
	_, err = ctl.Resume(t.Context(), "a", rbac.Production, "")
	require.NoError(t, err)
	atResume := &audit.Head{Size: ctl.Head().Size, Root: ctl.Head().Root}

	gate := &passing{}
	v, err := flexor.Open(t.Context(), dir, &flexor.Options{Gate: gate})
	require.NoError(t, err)
	for _, c := range []struct {
		agent string
		pass  audit.Pass
		why   string // empty: nothing contradicts it
	}{
		{"a@1", audit.Pass{Deployment: first.ID, Governance: atFirst}, ""},
		{"a", audit.Pass{Deployment: second.ID, Governance: atSecond}, ""},
		{"a@2", audit.Pass{Deployment: second.ID, Governance: atResume}, ""},
		{"a", audit.Pass{}, ""}, // started before the vault was governed
		{"a@1", audit.Pass{Deployment: first.ID, Governance: atSecond}, "which was not the current one"},
		{"a@1", audit.Pass{Deployment: first.ID, Governance: before}, "which was not the current one"},
		{"a@2", audit.Pass{Deployment: second.ID, Governance: atPause}, "although event 3 paused its agent"},
		{"a@2", audit.Pass{Deployment: first.ID, Governance: atFirst}, "which is of a@1 in production"},
		{"b@1", audit.Pass{Deployment: first.ID, Governance: atFirst}, "which is of a@1 in production"},
		{"b@1", audit.Pass{Governance: atFirst}, "in production without a deployment"},
		{"a", audit.Pass{Deployment: "dep_00000000000000000000000000", Governance: atFirst}, "which the governance log does not have"},
		{"a", audit.Pass{Governance: &audit.Head{Size: 99, Root: atFirst.Root}}, "events were removed"},
		{"a", audit.Pass{Governance: &audit.Head{Size: 1, Root: atFirst.Root}}, "it is another log"},
	} {
		gate.pass = c.pass
		runID := ""
		require.NoError(t, v.Audit.Do(t.Context(), c.agent, audit.Trigger{Type: audit.Manual}, func(_ context.Context, run *audit.Run) error {
			runID = run.ID()
			return nil
		}))
		p, err := (&cli{vault: dir, getenv: os.LookupEnv, err: io.Discard}).open()
		require.NoError(t, err)
		found, err := bindRuns(t.Context(), p)
		require.NoError(t, err)
		about := slices.DeleteFunc(found.Contradictions, func(text string) bool { return !strings.HasPrefix(text, runID) })
		if c.why == "" {
			assert.Empty(t, about)
			continue
		}
		require.Len(t, about, 1, c.why)
		assert.Contains(t, about[0], c.why)
	}
	require.NoError(t, v.Close())
}
