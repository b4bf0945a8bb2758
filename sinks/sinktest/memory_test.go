package sinktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/flexorhq/flexor-go/audit"
)

// memory is a place in memory, with at most one flaw.
type memory struct {
	flaw  string
	kinds []audit.Kind

	appends atomic.Int32
	torn    chan struct{} // closed when a batch is torn

	mu     sync.Mutex
	lines  [][]byte
	synced int
	broken bool
}

// place returns the memory as a place.
func (m *memory) place() Place {
	m.torn = make(chan struct{})
	return Place{
		Kinds:  m.kinds,
		Shared: true,
		Open: func() (audit.Sink, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.flaw == "truncates on open" {
				m.lines = nil
			}
			return &memorySink{memory: m, closing: make(chan struct{})}, nil
		},
		Records: func() ([][]byte, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			return slices.Clone(m.lines), nil
		},
		Synced: func() (int, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			return m.synced, nil
		},
		Break: func() func() {
			m.breakIt(true)
			return func() { m.breakIt(false) }
		},
	}
}

func (m *memory) breakIt(broken bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = broken
}

// memorySink is a sink on a memory.
type memorySink struct {
	*memory
	held    [][]byte // what the flaw "buffers" has not stored yet
	closed  bool
	closing chan struct{} // closed by Close, with the flaw "lost while closing"
}

var errBroken = errors.New("out of order")

func (s *memorySink) Append(ctx context.Context, b audit.Batch) error {
	if s.flaw == "obeys the context" && ctx.Err() != nil {
		return ctx.Err()
	}
	switch s.flaw {
	case "tears batches", "tears batches of several sinks":
		return s.tear(b)
	case "lost while closing":
		s.awaitClose()
	}
	return s.append(b)
}

// tear stores the records of a batch one by one. After the first record of all, it
// waits until another batch has come in between.
func (s *memorySink) tear(b audit.Batch) error {
	for _, r := range b.Records {
		if err := s.append(audit.Batch{Records: []audit.Record{r}, Sync: b.Sync}); err != nil {
			return err
		}
		switch s.appends.Add(1) {
		case 1:
			<-s.torn
		case 2:
			close(s.torn)
		}
	}
	return nil
}

// awaitClose lets the fifth batch wait until the sink is closed, which the rule does
// once five have begun.
func (s *memorySink) awaitClose() {
	if s.appends.Add(1) == 5 {
		<-s.closing
	}
}

func (s *memorySink) append(b audit.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed && s.flaw != "stores after Close" {
		if s.flaw == "wrong error after Close" {
			return errors.New("closed")
		}
		if s.flaw == "lost while closing" {
			return nil
		}
		return fmt.Errorf("%w: %w", audit.ErrClosed, audit.ErrNotStored)
	}
	if s.broken && s.flaw != "not stored, but is" {
		if s.flaw == "swallows errors" {
			return nil
		}
		return fmt.Errorf("%w: %w", audit.ErrNotStored, errBroken)
	}
	if s.flaw == "empty is an error" && len(b.Records) == 0 {
		return errors.New("empty")
	}
	var lines [][]byte
	for _, r := range b.Records {
		if s.kinds != nil && !slices.Contains(s.kinds, r.Kind) {
			continue
		}
		lines = append(lines, s.line(r.JSON))
	}
	switch s.flaw {
	case "reverses":
		slices.Reverse(lines)
	case "changes":
		for i := range b.Records {
			b.Records[i].JSON[0] = '['
		}
	case "writes behind the end":
		for i := range b.Records {
			b.Records[i].JSON = append(b.Records[i].JSON, '\n')[:len(b.Records[i].JSON)]
		}
	case "stores twice":
		lines = append(lines, lines...)
	case "empty stores":
		if len(b.Records) == 0 {
			lines = append(lines, []byte("{}"))
		}
	case "buffers":
		s.held = append(s.held, lines...)
		if !b.Sync {
			return nil
		}
		lines, s.held = s.held, nil
	}
	s.lines = append(s.lines, lines...)
	switch {
	case s.flaw == "does not sync", s.flaw == "does not sync without records" && len(b.Records) == 0:
	case s.flaw == "syncs its own only" && b.Sync && len(b.Records) > 0:
		s.synced += len(lines)
	case b.Sync:
		s.synced = len(s.lines)
	}
	if s.broken {
		return fmt.Errorf("%w: %w", audit.ErrNotStored, errBroken)
	}
	return nil
}

// line returns what is stored of a record.
func (s *memorySink) line(json []byte) []byte {
	switch s.flaw {
	case "keeps":
		return json
	case "escapes":
		return bytes.ReplaceAll(json, []byte("é"), []byte(`\u00e9`))
	case "cuts large records":
		return bytes.Clone(json[:min(len(json), 100_000)])
	case "salts": // not a flaw
		return append(bytes.Clone(json[:len(json)-1]), `,"salt":"x"}`...)
	}
	return bytes.Clone(json)
}

func (s *memorySink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed && s.flaw == "fails the second Close" {
		return errors.New("closed already")
	}
	if !s.closed && s.flaw == "drops on Close" {
		s.lines = s.lines[:s.synced]
	}
	if !s.closed && s.flaw == "lost while closing" {
		close(s.closing)
	}
	s.closed = true
	return nil
}

func TestMemory(t *testing.T) {
	for name, place := range map[string]func() Place{
		"all kinds": func() Place { return (&memory{}).place() },
		"salted":    func() Place { return (&memory{flaw: "salts"}).place() },
		"entries":   func() Place { return (&memory{kinds: []audit.Kind{audit.KindRun}}).place() },
	} {
		t.Run(name, func(t *testing.T) {
			Run(t, func(testing.TB) Place { return place() })
		})
	}
}
