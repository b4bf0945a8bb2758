package openlineage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// mostRefused is of how many runs, one after the other, the server may refuse the events before
// it is taken for one that takes none.
const mostRefused = 16

// server is a [feed.Target].
type server struct {
	emitter lineage.Emitter
	refused []refusal // of the last runs; none was taken after them
}

// refusal is the entry of a run of which the server refused an event for what that is.
type refusal struct {
	index uint64
	why   error
}

// Send implements [feed.Target]. Of a run with an event that is refused, those behind that
// are not sent. It is left out once a later run was taken whole: a server that refuses
// everything, such as one behind a wrong address, leaves nothing out.
func (s *server) Send(ctx context.Context, records []vault.Record) (int, error) {
	var aside []refusal
	done, at := 0, 0
	end := func(err error) (int, error) {
		if len(aside) == 0 {
			return done, err
		}
		a := &feed.Aside{Why: aside[len(aside)-1].why, Then: err}
		for _, r := range aside {
			a.Records = append(a.Records, r.index)
		}
		return done, a
	}
	for at < len(records) {
		n, err := s.emitter.Send(ctx, records[at:])
		if slices.ContainsFunc(records[at:at+n], isEntry) {
			aside, s.refused = append(aside, s.refused...), nil
		}
		if at += n; len(s.refused) == 0 {
			done = at
		}
		if err == nil {
			continue
		}
		var no *lineage.RefusedError
		entry := slices.IndexFunc(records[at:], isEntry) // of the run that failed
		if !errors.As(err, &no) || !no.Event || entry < 0 {
			return end(classify(err))
		}
		at += entry
		s.refused = append(s.refused, refusal{records[at].Index, err})
		if at++; len(s.refused) == mostRefused {
			return end(fmt.Errorf("%w: of the last %d runs none was taken: %w", feed.ErrPermanent, mostRefused, err))
		}
	}
	if len(s.refused) > 0 {
		return end(fmt.Errorf("%w: %w", feed.ErrRefused, s.refused[0].why))
	}
	return end(nil)
}

// isEntry reports whether a record is the entry of a run, of which events are made.
func isEntry(rec vault.Record) bool {
	r, err := vault.RecordOf(rec)
	return err == nil && r.Kind == audit.KindRun
}

// classify says what an error means for whoever sends.
func classify(err error) error {
	var later *lineage.UnavailableError
	switch {
	case errors.Is(err, lineage.ErrRefused):
		return fmt.Errorf("%w: %w", feed.ErrPermanent, err)
	case errors.As(err, &later):
		return &feed.Later{After: later.After, Err: err}
	}
	return err
}

// Close implements [feed.Target].
func (s *server) Close() error { return nil }
