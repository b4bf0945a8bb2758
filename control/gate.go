package control

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/rbac"
)

// GateConfig is what [NewGate] may be told. The zero value works.
type GateConfig struct {
	// Vault is the vault's name, as in its vault.json: the governance log of another
	// vault allows nothing here. Zero: the log's own.
	Vault string
	// Poll is how often the governance log is looked at while runs are in flight,
	// for what no notification told of. Zero: 50 ms.
	Poll time.Duration
	// PollOnly does without file notification.
	PollOnly bool
}

// A Gate lets runs start, and stops them, as the governance log has it. Obeying
// takes no key. A Gate is safe for concurrent use.
//
// Every run asks before it starts, and the answer takes everything into account
// that was recorded, by whatever process, before it asked. While runs are in
// flight the gate watches the log and stops those that are to be killed: told by
// the file system as soon as the order is written, else within [GateConfig.Poll].
//
// In production a run needs a deployment of its agent and, if it states its
// version, of that version. What cannot be known, because the log is damaged or
// cannot be read, allows nothing there; elsewhere no deployment is needed, and the
// pauses that are known hold. A vault without a genesis is not governed: its runs
// start freely.
type Gate struct {
	c      *Control
	cfg    GateConfig
	unhear func() // ends the listening to halts

	// mu guards what follows. It is taken under the mutex of the Control, and never
	// the other way round.
	mu      sync.Mutex
	flights map[string]flight // by run
	watch   *watch            // nil: no run has asked yet
	closed  bool
}

// flight is a run that was admitted, or asks to be.
type flight struct {
	env  rbac.Environment
	stop func(audit.Kill)
}

var _ audit.Gate = (*Gate)(nil)

// pollEvery is the default of [GateConfig.Poll]. A look that finds nothing reads
// two bytes at most.
const pollEvery = 50 * time.Millisecond

// NewGate returns the gate of a vault. It is to be closed before c is. A nil cfg
// stands for the zero GateConfig.
func NewGate(c *Control, cfg *GateConfig) *Gate {
	g := &Gate{c: c, flights: map[string]flight{}}
	if cfg != nil {
		g.cfg = *cfg
	}
	if g.cfg.Poll <= 0 {
		g.cfg.Poll = pollEvery
	}
	g.unhear = c.onHalt(g.heard)
	return g
}

// Admit implements [audit.Gate]. A refusal wraps [audit.ErrPaused] or
// [audit.ErrNotDeployed] and, if the log is damaged, also [ErrCorrupt]; a closed
// gate refuses with [ErrClosed].
func (g *Gate) Admit(ctx context.Context, a audit.Admission, stop func(audit.Kill)) (audit.Pass, error) {
	// The run is listed before the log is looked at, so that of an order to kill it
	// at least one of the two learns.
	if err := g.enter(a, stop); err != nil {
		return audit.Pass{}, err
	}
	pass, err := g.judge(ctx, a, stop)
	if err != nil {
		g.Leave(a.RunID)
		return audit.Pass{}, err
	}
	return pass, nil
}

// enter lists a run.
func (g *Gate) enter(a audit.Admission, stop func(audit.Kill)) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	g.flights[a.RunID] = flight{rbac.Environment(a.Environment), stop}
	if g.watch == nil {
		g.watch = startWatch(g)
	}
	if len(g.flights) == 1 {
		g.watch.wake()
	}
	return nil
}

// Leave implements [audit.Gate].
func (g *Gate) Leave(runID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.flights, runID)
}

// idle reports whether no run is in flight.
func (g *Gate) idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.flights) == 0
}

// judge decides on an admission as the log has it by now.
func (g *Gate) judge(ctx context.Context, a audit.Admission, stop func(audit.Kill)) (audit.Pass, error) {
	c, p := g.c, place{a.AgentName, rbac.Environment(a.Environment)}
	unread := c.rlockFresh(context.WithoutCancel(ctx)) // who may start does not depend on who waits
	defer c.mu.RUnlock()
	s := c.state
	if s != nil {
		if h, ok := s.paused[p]; ok {
			return audit.Pass{}, pausedBy(h)
		}
		if h, ok := s.killed[victim{a.RunID, p.env}]; ok {
			stop(killBy(h))
		}
	}
	if unread == nil && (s == nil || s.vault == "") {
		return audit.Pass{}, nil // nobody governs
	}
	if err := g.doubt(s, unread); err != nil {
		if p.env == rbac.Production {
			return audit.Pass{}, unsure(p, err)
		}
		return audit.Pass{}, nil
	}
	head := s.head()
	pass := audit.Pass{Governance: &audit.Head{Size: head.Size, Root: head.Root}}
	d, deployed := s.live(p)
	fits := deployed && (a.AgentVersion == "" || a.AgentVersion == d.Version)
	switch {
	case fits:
		pass.Deployment = d.ID
	case p.env != rbac.Production:
	case deployed:
		return audit.Pass{}, fmt.Errorf("%w: %s@%s is not deployed to %s, where version %s is: deploy this version, or run that one", audit.ErrNotDeployed, p.agent, a.AgentVersion, p.env, d.Version)
	default:
		return audit.Pass{}, fmt.Errorf("%w: %s is not deployed to %s: flexor deploy --agent %s --env %s", audit.ErrNotDeployed, p.agent, p.env, p.agent, p.env)
	}
	return pass, nil
}

// doubt says why the log does not allow what needs its word.
func (g *Gate) doubt(s *state, unread error) error {
	switch {
	case unread != nil:
		return unread
	case s.tooNew != "":
		return errors.New(Reason(rbac.Decision{Code: LogTooNew}))
	case g.cfg.Vault != "" && g.cfg.Vault != s.vault:
		return fmt.Errorf("%w: the governance log is that of the vault %s, and this is %s: put the right one in its place", ErrCorrupt, s.vault, g.cfg.Vault)
	}
	return nil
}

// unsure refuses a run of which it cannot be known whether its agent is deployed.
func unsure(p place, why error) error {
	return fmt.Errorf("%w: whether %s may run in %s cannot be known: %w", audit.ErrNotDeployed, p.agent, p.env, why)
}

// pausedBy refuses a run of an agent that is paused.
func pausedBy(h Halt) error {
	reason := ""
	if h.Reason != "" {
		reason = ": " + h.Reason
	}
	return fmt.Errorf("%w: %s was paused in %s by %s (%s) at %s%s", audit.ErrPaused, h.Agent, h.Environment, h.By, h.Role, h.At.UTC().Format(time.RFC3339), reason)
}

// heard obeys an order to kill. It is called under the mutex of the Control.
func (g *Gate) heard(h Halt, ended bool) {
	if h.Run == "" || ended {
		return
	}
	g.mu.Lock()
	f, ok := g.flights[h.Run]
	g.mu.Unlock()
	// Who may stop a run depends on where it runs, so an order for elsewhere is not
	// one for this run.
	if ok && f.env == h.Environment {
		f.stop(killBy(h))
	}
}

// killBy returns an order to kill as the run's entry tells of it.
func killBy(h Halt) audit.Kill {
	return audit.Kill{By: h.By.String(), Role: h.Role.String(), Reason: h.Reason, RequestedAt: h.At}
}

// Close ends the watching. No order to stop reaches runs in flight any more, of which
// the logger hears, and none is admitted: whoever wants runs to be stoppable to
// their end closes the gate after it. It is idempotent.
func (g *Gate) Close() error {
	g.mu.Lock()
	w, closed, left := g.watch, g.closed, len(g.flights)
	g.closed = true
	g.mu.Unlock()
	if closed {
		return nil
	}
	g.unhear()
	if w != nil {
		w.close()
	}
	if left > 0 {
		g.c.cfg.Logger.Warn("control: the vault was closed while runs were in flight; no order to stop reaches them any more", "dir", g.c.dir, "runs", left)
	}
	return nil
}
