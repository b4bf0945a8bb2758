package main

import (
	"context"
	"errors"
	"slices"

	"github.com/flexorhq/flexor-go/audit"
)

// printer writes runs in one format.
type printer interface {
	put(e *audit.Entry) error
	flush() error // so that what was put is seen, while following
	end() error
}

// printer returns the one that the command line asks for.
func (c *cli) printer(ctx context.Context, p *place, q *auditQuery) printer {
	switch q.format.value {
	case "json":
		return &jsonPrinter{c: c, full: completer{ctx, c, p}}
	case "jsonl":
		return &jsonlPrinter{c: c, full: completer{ctx, c, p}}
	case "csv":
		return newCSVPrinter(c, completer{ctx, c, p}, q.rows.value)
	}
	return newTablePrinter(c, completer{ctx, c, p}, q.rows.value)
}

// completer fills in what an entry had no room for, from the records of its run. What
// is exported is whole, or says that it is not.
type completer struct {
	ctx   context.Context
	c     *cli
	place *place
}

// complete returns e, or a copy that has everything.
func (f completer) complete(e *audit.Entry) (*audit.Entry, error) {
	if e.Omitted == nil {
		return e, nil
	}
	s, err := tell(f.ctx, f.place.log, e.RunID)
	if err != nil {
		return nil, err
	}
	if s.run.Omitted != nil {
		f.c.note("note: %s had more than its entry holds, and those records are gone from the log", e.RunID)
	}
	return &s.run, nil
}

// listing is one answer of flexor audit.
type listing struct {
	c      *cli
	place  *place
	query  *auditQuery
	filter audit.Filter

	none bool   // --run was given, and names no run
	next uint64 // the index of the first record that list did not look at

	shown, total int // runs written by list, and runs that match
}

// resolveRuns finds out which runs --run names.
func (l *listing) resolveRuns(ctx context.Context) error {
	for _, text := range l.query.runs {
		q, err := parseRunQuery(text)
		if err != nil {
			return err
		}
		id := string(q)
		if !q.whole() {
			id, err = q.resolve(ctx, l.place.log)
			if errors.Is(err, errNoRun) {
				continue
			}
			if err != nil {
				return err
			}
		}
		l.filter.RunIDs = append(l.filter.RunIDs, id)
	}
	l.none = len(l.query.runs) > 0 && len(l.filter.RunIDs) == 0
	return nil
}

// list writes the runs that are there.
func (l *listing) list(ctx context.Context, out printer) error {
	head, err := l.place.log.Head()
	if err != nil {
		return err
	}
	l.next = head.Size
	put := func(e *audit.Entry) error {
		l.shown++
		return out.put(e)
	}
	switch {
	case l.none:
	case l.query.limit == 0:
		l.total, err = l.all(ctx, put)
	default:
		l.total, err = l.last(ctx, put)
	}
	return err
}

// sum says how many of the runs that match were not shown, or why there are none.
func (l *listing) sum(ctx context.Context) error {
	if l.total == 0 {
		return l.c.nothingFound(ctx, l.place, l.filter)
	}
	if l.shown < l.total {
		l.c.note("showing %d of %d (--limit 0 shows all)", l.shown, l.total)
	}
	return nil
}

// all writes every run as it is read.
func (l *listing) all(ctx context.Context, put func(*audit.Entry) error) (total int, err error) {
	return l.scan(ctx, l.query.newestFirst(), func(e *audit.Entry) error { return put(e) })
}

// last writes the last runs. It keeps no more of them than it shows, and counts the
// others.
func (l *listing) last(ctx context.Context, put func(*audit.Entry) error) (total int, err error) {
	var kept []*audit.Entry
	total, err = l.scan(ctx, true, func(e *audit.Entry) error {
		if len(kept) < l.query.limit {
			kept = append(kept, e)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if !l.query.newestFirst() {
		slices.Reverse(kept)
	}
	for _, e := range kept {
		if err := put(e); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// scan visits the runs that match. Those that end meanwhile belong to what follows.
func (l *listing) scan(ctx context.Context, newestFirst bool, visit func(*audit.Entry) error) (n int, err error) {
	f := l.filter
	f.NewestFirst = newestFirst
	for e, err := range l.place.log.Entries(ctx, f) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0, err
		}
		if e.Position >= l.next {
			continue
		}
		n++
		if err := visit(&e); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// follow writes runs as they end, until ctx is done.
func (l *listing) follow(ctx context.Context, out printer) error {
	if err := l.show(out); err != nil {
		return err
	}
	for rec, err := range l.place.log.Tail(ctx, l.next) {
		if err != nil {
			return err
		}
		line, err := audit.DecodeLine(rec.Line)
		if err != nil {
			return err
		}
		if line.Kind != audit.KindRun {
			continue
		}
		e, err := audit.DecodeEntry(rec.Line)
		if err != nil {
			return err
		}
		e.Position = rec.Index
		if l.none || !l.filter.Match(&e) {
			continue
		}
		if err := out.put(&e); err != nil {
			return err
		}
		if err := l.show(out); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// show makes what was written so far visible.
func (l *listing) show(out printer) error {
	if err := out.flush(); err != nil {
		return err
	}
	return l.c.out.Flush()
}
