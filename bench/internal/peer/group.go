package peer

import (
	"context"
	"runtime"

	"github.com/flexorhq/flexor-go/bench/internal/load"
)

// maxGroup bounds the entries of one transaction.
const maxGroup = 1024

// group gives all that waits to one goroutine, which commits it together: how
// anybody would write to a database that has one writer.
type group struct {
	queue chan request
	done  chan struct{} // closed when the goroutine ended
}

// request is one entry and where its outcome goes.
type request struct {
	json    []byte
	outcome chan error
}

// newGroup starts the goroutine; commit makes a batch durable.
func newGroup(commit func(batch []request) error) *group {
	g := &group{queue: make(chan request, maxGroup), done: make(chan struct{})}
	go func() {
		defer close(g.done)
		var batch []request
		for first := range g.queue {
			batch = g.gather(append(batch[:0], first))
			err := commit(batch)
			for _, r := range batch {
				r.outcome <- err
			}
		}
	}()
	return g
}

// gather adds what waits. It gives way once for those who were answered just now
// and will ask again, or batches would be half as large as they can be.
func (g *group) gather(batch []request) []request {
	for yielded := false; len(batch) < maxGroup; {
		select {
		case r, ok := <-g.queue:
			if !ok {
				return batch
			}
			batch = append(batch, r)
		default:
			if yielded {
				return batch
			}
			runtime.Gosched()
			yielded = true
		}
	}
	return batch
}

// append waits until the entries are committed.
func (g *group) append(ctx context.Context, entries []load.Entry) error {
	outcome := make(chan error, len(entries))
	for _, e := range entries {
		g.queue <- request{e.JSON, outcome}
	}
	for range entries {
		select {
		case err := <-outcome:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// close ends the goroutine. Nobody may append any more.
func (g *group) close() {
	close(g.queue)
	<-g.done
}
