package control

import (
	"crypto/ed25519"
	"encoding/json"
	"runtime"
	"sync"

	"github.com/flexorhq/flexor-go/internal/ledger"
)

// parsed is a record and what parseEvent made of it.
type parsed struct {
	*event
	err error
}

// parallel is from how many records on it pays to check signatures ahead.
const parallel = 16

// takeAll takes records into account, in order.
func (s *state) takeAll(recs []ledger.Record) {
	for len(recs) > 0 {
		n := min(len(recs), 4096) // bounds the memory
		s.takeSome(recs[:n])
		recs = recs[n:]
	}
	s.settle()
}

func (s *state) takeSome(recs []ledger.Record) {
	events := make([]parsed, len(recs))
	inParallel(len(recs), func(i int) {
		events[i].event, events[i].err = parseEvent(recs[i].Line)
	})
	if len(recs) >= parallel {
		s.proveAhead(events)
	}
	for i := range recs {
		s.take(recs[i], events[i].event, events[i].err)
	}
}

// proveAhead checks signatures before it is known which keys count where: what
// it finds is used only if the key turns out to be the one.
func (s *state) proveAhead(events []parsed) {
	keys := map[string]ed25519.PublicKey{}
	for _, e := range events {
		if e.err != nil {
			continue
		}
		if k, ok := s.policy.Key(e.Key); ok {
			keys[e.Key] = k.Public
		}
		switch e.Kind {
		case kindGenesis, kindCreate, kindRotate:
			var b struct {
				ID     string            `json:"id"`
				Public ed25519.PublicKey `json:"public"`
			}
			if json.Unmarshal(e.Body, &b) == nil && keys[b.ID] == nil {
				keys[b.ID] = b.Public
			}
		}
	}
	inParallel(len(events), func(i int) {
		if e := events[i]; e.err == nil && keys[e.Key] != nil {
			e.prove(keys[e.Key])
		}
	})
}

// inParallel calls f for 0 to n-1, on all processors if that pays.
func inParallel(n int, f func(i int)) {
	workers := runtime.GOMAXPROCS(0)
	if n < parallel {
		workers = 1
	}
	var group sync.WaitGroup
	for w := 1; w < workers; w++ {
		group.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	for i := 0; i < n; i += workers {
		f(i)
	}
	group.Wait()
}
