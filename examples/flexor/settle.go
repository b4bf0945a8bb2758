package main

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/flexorhq/flexor-go/sinks/vault"
)

// inFlight returns the runs that have no entry. Those whose process died are closed
// first, so that they are found like any other; where this user may not write, that
// is said, and they are returned as well.
func (c *cli) inFlight(ctx context.Context, p *place) ([]vault.Run, error) {
	runs, err := p.log.Running(ctx)
	switch {
	case errors.Is(err, vault.ErrCorrupt), errors.Is(err, vault.ErrForeign), ctx.Err() != nil:
		return nil, err
	case err != nil:
		c.note("note: it cannot be told which runs are in flight: %s", cause(err))
		return nil, nil
	}
	dead := idsOf(runs, true)
	if len(dead) == 0 {
		return runs, nil
	}
	l, err := vault.Open(ctx, p.dir, nil)
	if err != nil {
		c.note("note: the process of %s is gone, but the log cannot be written from here: %s: %s", count(len(dead), "run"), few(dead), cause(err))
		return runs, nil
	}
	closed := l.Settled()
	if err := l.Close(); err != nil {
		return nil, err
	}
	if len(closed) > 0 {
		c.note("note: closed %s: %s", count(len(closed), "interrupted run"), few(closed))
	}
	return p.log.Running(ctx)
}

// idsOf returns the ids of the runs whose process is dead, or is not.
func idsOf(runs []vault.Run, dead bool) (ids []string) {
	for _, r := range runs {
		if r.Dead == dead {
			ids = append(ids, r.RunID)
		}
	}
	return ids
}

// cause returns what is behind an error in one line: of the file system what it says of
// which file, else the first line.
func cause(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Error()
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimPrefix(line, "flexor: ")
}
