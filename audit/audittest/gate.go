package audittest

import (
	"context"
	"sync"

	"github.com/flexorhq/flexor-go/audit"
)

// gate lets a test kill the runs in flight; whether they start is another's to say.
type gate struct {
	next audit.Gate // nil: every run may

	mu    sync.Mutex
	stops map[string]func(audit.Kill) // by run; guarded by mu
}

// Admit implements [audit.Gate].
func (g *gate) Admit(ctx context.Context, a audit.Admission, stop func(audit.Kill)) (pass audit.Pass, err error) {
	if g.next != nil {
		if pass, err = g.next.Admit(ctx, a, stop); err != nil {
			return pass, err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stops[a.RunID] = stop
	return pass, nil
}

// Leave implements [audit.Gate].
func (g *gate) Leave(runID string) {
	g.mu.Lock()
	delete(g.stops, runID)
	g.mu.Unlock()
	if g.next != nil {
		g.next.Leave(runID)
	}
}

// kill stops the runs in flight.
func (g *gate) kill(k audit.Kill) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, stop := range g.stops {
		stop(k)
	}
}
