package control

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/internal/ident"
	"github.com/flexorhq/flexor-go/rbac"
)

// kills collects what a gate did to a run.
type kills struct {
	mu  sync.Mutex
	got []audit.Kill
}

func (k *kills) stop(by audit.Kill) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.got = append(k.got, by)
}

func (k *kills) all() []audit.Kill {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.got)
}

// gate returns the gate of another process, as far as state goes.
func (h *house) gate(cfg *GateConfig) *Gate {
	h.t.Helper()
	c, err := Open(h.t.Context(), h.dir, nil)
	require.NoError(h.t, err)
	g := NewGate(c, cfg)
	h.t.Cleanup(func() {
		require.NoError(h.t, g.Close())
		require.NoError(h.t, c.Close())
	})
	return g
}

// admission returns a new run that asks.
func admission(agent string, env rbac.Environment) audit.Admission {
	name, version, _ := strings.Cut(agent, "@")
	return audit.Admission{RunID: ident.New("run"), AgentName: name, AgentVersion: version, Environment: string(env)}
}

func ask(g *Gate, a audit.Admission) (audit.Pass, error) {
	return g.Admit(context.Background(), a, func(audit.Kill) {})
}

func TestGateAsksForADeployment(t *testing.T) {
	h := newHouse(t)
	g := h.gate(nil)
	_, err := ask(g, admission("feed", rbac.Production))
	require.ErrorIs(t, err, audit.ErrNotDeployed)
	assert.EqualError(t, err, "audit: agent not deployed: feed is not deployed to production: flexor deploy --agent feed --env production")
	for _, env := range []rbac.Environment{rbac.Sandbox, rbac.Staging} {
		pass, err := ask(g, admission("feed", env))
		require.NoError(t, err)
		assert.Empty(t, pass.Deployment)
		assert.Equal(t, uint64(1), pass.Governance.Size)
		assert.Equal(t, h.owner.Head().Root, pass.Governance.Root)
	}

	d, _, err := h.owner.Deploy(t.Context(), DeployOrder{Agent: "feed", Version: "2.0.0", Environment: rbac.Production})
	require.NoError(t, err)
	for _, agent := range []string{"feed", "feed@2.0.0"} {
		pass, err := ask(g, admission(agent, rbac.Production))
		require.NoError(t, err)
		assert.Equal(t, d.ID, pass.Deployment)
		assert.Equal(t, uint64(2), pass.Governance.Size)
	}
	_, err = ask(g, admission("feed@2.0.1", rbac.Production))
	require.ErrorIs(t, err, audit.ErrNotDeployed)
	assert.ErrorContains(t, err, "feed@2.0.1 is not deployed to production, where version 2.0.0 is")
	_, err = ask(g, admission("feed-2", rbac.Production))
	require.ErrorIs(t, err, audit.ErrNotDeployed)

	// What is rolled back no longer starts.
	_, _, err = h.owner.Deploy(t.Context(), DeployOrder{Agent: "feed", Version: "2.0.1", Environment: rbac.Production})
	require.NoError(t, err)
	_, err = ask(g, admission("feed@2.0.1", rbac.Production))
	require.NoError(t, err)
	_, _, err = h.owner.Rollback(t.Context(), RollbackOrder{Agent: "feed", Environment: rbac.Production})
	require.NoError(t, err)
	_, err = ask(g, admission("feed@2.0.1", rbac.Production))
	require.ErrorIs(t, err, audit.ErrNotDeployed)
}

func TestGatePauses(t *testing.T) {
	h := newHouse(t)
	g := h.gate(nil)
	_, err := h.owner.Pause(t.Context(), "feed", rbac.Sandbox, "wrong prices")
	require.NoError(t, err)
	a := admission("feed", rbac.Sandbox)
	_, err = ask(g, a)
	require.ErrorIs(t, err, audit.ErrPaused)
	assert.Regexp(t, `^audit: agent paused: feed was paused in sandbox by alice@fund.com \(owner\) at 2026-04-30T14:00:\d\dZ: wrong prices$`, err.Error())
	assert.True(t, g.idle(), "who is refused is not in flight")
	_, err = ask(g, admission("feed", rbac.Staging))
	require.NoError(t, err)
	_, err = ask(g, admission("other", rbac.Sandbox))
	require.NoError(t, err)
	_, err = h.owner.Resume(t.Context(), "feed", rbac.Sandbox, "")
	require.NoError(t, err)
	_, err = ask(g, a)
	require.NoError(t, err)
}

func TestGateKills(t *testing.T) {
	for name, cfg := range map[string]*GateConfig{
		"notified": {Poll: time.Hour},
		"polling":  {Poll: time.Millisecond, PollOnly: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			o := h.join(carol, rbac.Operator)
			g := h.gate(cfg)
			var hit, spared kills
			a, b := admission("feed", rbac.Staging), admission("feed", rbac.Staging)
			_, err := g.Admit(t.Context(), a, hit.stop)
			require.NoError(t, err)
			_, err = g.Admit(t.Context(), b, spared.stop)
			require.NoError(t, err)
			_, err = o.Kill(t.Context(), Run{ID: a.RunID, Environment: rbac.Staging}, "it sells")
			require.NoError(t, err)
			require.Eventually(t, func() bool { return len(hit.all()) > 0 }, 10*time.Second, time.Millisecond)
			halt, ok, err := o.Killed(t.Context(), a.RunID)
			require.NoError(t, err)
			require.True(t, ok)
			heard := hit.all()
			for _, kill := range heard { // twice on a busy machine: the order is then laid down beside the log before it is recorded
				require.WithinDuration(t, halt.At, kill.RequestedAt, 5*time.Second)
				kill.RequestedAt = time.Time{}
				require.Equal(t, audit.Kill{By: "carol@fund.com", Role: "operator", Reason: "it sells"}, kill)
			}

			// An order beside it, and one for a run that has left, hit nobody.
			g.Leave(b.RunID)
			_, err = o.Kill(t.Context(), Run{ID: b.RunID, Environment: rbac.Staging}, "late")
			require.NoError(t, err)
			require.Eventually(t, func() bool { return g.c.Head() == o.Head() }, 10*time.Second, time.Millisecond)
			require.Empty(t, spared.all())
			require.LessOrEqual(t, len(hit.all()), 2)
		})
	}
}

// Who may kill in the sandbox, and needs no reason there, does not kill a run in
// production by saying that it is in the sandbox; nor is it then safe from a kill.
func TestKillNamesTheEnvironment(t *testing.T) {
	h := newHouse(t)
	_, _, err := h.owner.Deploy(t.Context(), DeployOrder{Agent: "feed", Version: "1", Environment: rbac.Production})
	require.NoError(t, err)
	g := h.gate(nil)
	var hit kills
	a := admission("feed", rbac.Production)
	_, err = g.Admit(t.Context(), a, hit.stop)
	require.NoError(t, err)
	o := h.join(carol, rbac.Operator)
	_, err = o.Kill(t.Context(), Run{ID: a.RunID, Environment: rbac.Sandbox}, "")
	require.NoError(t, err)
	require.NoError(t, g.c.refresh(t.Context()))
	require.Empty(t, hit.all())

	out, err := o.Kill(t.Context(), Run{ID: a.RunID, Environment: rbac.Production}, "it sells")
	require.NoError(t, err)
	require.True(t, out.Recorded)
	require.NoError(t, g.c.refresh(t.Context()))
	require.Len(t, hit.all(), 1)
}

// A run that was ordered to end before it asks is stopped by the asking.
func TestKillBeforeTheRunAsks(t *testing.T) {
	h := newHouse(t)
	g := h.gate(nil)
	a := admission("feed", rbac.Sandbox)
	_, err := h.owner.Kill(t.Context(), Run{ID: a.RunID, Environment: rbac.Sandbox}, "")
	require.NoError(t, err)
	var hit kills
	_, err = g.Admit(t.Context(), a, hit.stop)
	require.NoError(t, err)
	require.NotEmpty(t, hit.all())
}

// A vault without a genesis lets its runs start, until it has one.
func TestGateBeforeTheGenesis(t *testing.T) {
	h := &house{t: t, dir: t.TempDir(), clock: &clock{now: begin}}
	g := h.gate(&GateConfig{Poll: time.Hour, Vault: "company"})
	var hit kills
	a := admission("feed", rbac.Production)
	pass, err := g.Admit(t.Context(), a, hit.stop)
	require.NoError(t, err)
	require.Equal(t, audit.Pass{}, pass)

	h.owner, _, err = Init(t.Context(), h.dir, Genesis{Vault: "company", Tier: rbac.L2, Owner: alice}, &Config{Now: h.clock.Now})
	require.NoError(t, err)
	defer func() { require.NoError(t, h.owner.Close()) }()
	_, err = ask(g, admission("feed", rbac.Production))
	require.ErrorIs(t, err, audit.ErrNotDeployed)
	// What started before can be stopped. The watch noticed the log by itself.
	_, err = h.owner.Kill(t.Context(), Run{ID: a.RunID, Environment: rbac.Production}, "it sells")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(hit.all()) > 0 }, 10*time.Second, time.Millisecond)
}

// A log that cannot be believed lets nothing start in production, and lifts no
// pause; what is known holds.
func TestGateOfADamagedLog(t *testing.T) {
	h := newHouse(t)
	_, _, err := h.owner.Deploy(t.Context(), DeployOrder{Agent: "feed", Version: "1", Environment: rbac.Production})
	require.NoError(t, err)
	_, err = h.owner.Pause(t.Context(), "quiet", rbac.Sandbox, "")
	require.NoError(t, err)
	g := h.gate(nil)
	_, err = ask(g, admission("feed", rbac.Production))
	require.NoError(t, err)

	require.NoError(t, os.Rename(filepath.Join(h.dir, LogName), filepath.Join(h.dir, "elsewhere")))
	defer func() {
		require.NoError(t, os.Rename(filepath.Join(h.dir, "elsewhere"), filepath.Join(h.dir, LogName)))
	}()
	time.Sleep(lookEvery)
	_, err = ask(g, admission("feed", rbac.Production))
	require.ErrorIs(t, err, audit.ErrNotDeployed)
	require.ErrorIs(t, err, ErrCorrupt)
	_, err = ask(g, admission("quiet", rbac.Sandbox))
	require.ErrorIs(t, err, audit.ErrPaused)
	pass, err := ask(g, admission("feed", rbac.Sandbox))
	require.NoError(t, err)
	require.Equal(t, audit.Pass{}, pass, "nothing is said of a log that cannot be believed")

	late := h.gate(nil)
	_, err = ask(late, admission("feed", rbac.Production))
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestGateOfAnotherVaultsLog(t *testing.T) {
	h := newHouse(t)
	_, _, err := h.owner.Deploy(t.Context(), DeployOrder{Agent: "feed", Version: "1", Environment: rbac.Production})
	require.NoError(t, err)
	g := h.gate(&GateConfig{Vault: "another"})
	_, err = ask(g, admission("feed", rbac.Production))
	require.ErrorIs(t, err, audit.ErrNotDeployed)
	assert.ErrorContains(t, err, "is that of the vault company, and this is another")
	_, err = ask(g, admission("feed", rbac.Sandbox))
	require.NoError(t, err)
}

// A caller who has stopped waiting does not make the log unreadable.
func TestGateDoesNotMindTheCaller(t *testing.T) {
	h := newHouse(t)
	_, _, err := h.owner.Deploy(t.Context(), DeployOrder{Agent: "feed", Version: "1", Environment: rbac.Production})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = h.gate(nil).Admit(ctx, admission("feed", rbac.Production), func(audit.Kill) {})
	require.NoError(t, err)
}

func TestClosedGate(t *testing.T) {
	h := newHouse(t)
	g := h.gate(nil)
	var hit kills
	a := admission("feed", rbac.Sandbox)
	_, err := g.Admit(t.Context(), a, hit.stop)
	require.NoError(t, err)
	require.NoError(t, g.Close())
	_, err = ask(g, admission("feed", rbac.Sandbox))
	require.ErrorIs(t, err, ErrClosed)
	_, err = h.owner.Kill(t.Context(), Run{ID: a.RunID, Environment: rbac.Sandbox}, "")
	require.NoError(t, err)
	require.NoError(t, g.c.refresh(t.Context()))
	require.Empty(t, hit.all())
}

// The watch goes along when the log begins a new day, and when it is polled it
// rests while no run is in flight.
func TestWatchAcrossDays(t *testing.T) {
	h := newHouse(t)
	g := h.gate(&GateConfig{Poll: time.Hour})
	for day := range 3 {
		h.clock.now = begin.AddDate(0, 0, day)
		var hit kills
		a := admission("feed", rbac.Sandbox)
		_, err := g.Admit(t.Context(), a, hit.stop)
		require.NoError(t, err)
		for range 2 { // the first begins the day
			_, err = h.owner.Pause(t.Context(), "other", rbac.Sandbox, "")
			require.NoError(t, err)
			_, err = h.owner.Resume(t.Context(), "other", rbac.Sandbox, "")
			require.NoError(t, err)
		}
		_, err = h.owner.Kill(t.Context(), Run{ID: a.RunID, Environment: rbac.Sandbox}, "")
		require.NoError(t, err)
		require.Eventually(t, func() bool { return len(hit.all()) > 0 }, 10*time.Second, time.Millisecond, "day %d", day)
		g.Leave(a.RunID)
	}
	days, err := os.ReadDir(filepath.Join(h.dir, LogName, "segments"))
	require.NoError(t, err)
	require.Len(t, days, 3)
}

// A run that outlives its gate is not stopped, and that is said.
func TestRunOutlivesItsGate(t *testing.T) {
	h := newHouse(t)
	var said strings.Builder
	c, err := Open(bg, h.dir, &Config{Logger: slog.New(slog.NewTextHandler(&said, nil))})
	require.NoError(t, err)
	g := NewGate(c, nil)
	a, b := admission("feed", rbac.Sandbox), admission("feed", rbac.Sandbox)
	for _, run := range []audit.Admission{a, b} {
		_, err = g.Admit(bg, run, func(audit.Kill) { t.Error("it was stopped") })
		require.NoError(t, err)
	}
	g.Leave(b.RunID)
	require.NoError(t, g.Close())
	require.Contains(t, said.String(), "no order to stop reaches them any more")
	require.Contains(t, said.String(), "runs=1")

	_, err = h.owner.Kill(bg, Run{ID: a.RunID, Environment: rbac.Sandbox}, "because")
	require.NoError(t, err)
	require.NoError(t, c.refresh(bg))
	_, ok, err := c.Killed(bg, a.RunID)
	require.NoError(t, err)
	require.True(t, ok, "the order is known to the Control, which nobody listens to")
	require.NoError(t, c.Close())
}
