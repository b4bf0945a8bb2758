package main

import (
	"context"
	"errors"

	"github.com/flexorhq/flexor-go/lineage"
)

// lineageSend is where the events of flexor lineage export go.
type lineageSend struct {
	url    string
	cursor string // the name of a file; empty: none
}

// lineageKey is the variable with the API key, as other OpenLineage clients read it.
const lineageKey = "OPENLINEAGE_API_KEY"

// cursorEvery is how many runs are sent before the cursor is written again.
const cursorEvery = 100

// lineageSend sends the events of a period, or those that the cursor says are due.
func (c *cli) lineageSend(ctx context.Context, send lineageSend, from, to string) error {
	switch {
	case send.url == "":
		return misuse("flexor lineage export --send https://marquez.example --cursor FILE", "--cursor is of --send, which is missing")
	case send.cursor != "" && (from != "" || to != ""):
		return misuse("leave --from and --to out, or --cursor", "--cursor says where to begin, so that no run is left out")
	}
	p, start, end, err := c.openPeriod(ctx, from, to)
	if err != nil || p.log == nil {
		return err
	}
	var at lineage.SendCursor
	if send.cursor != "" {
		if at, err = lineage.ReadSendCursor(ctx, send.cursor, p.log); err != nil {
			return cursorFailure(err)
		}
		if at.Missing > 0 {
			c.note("note: %s from %d on, removed by retention; what ended there was not sent", count(int(at.Missing), "record"), at.Next)
		}
	}
	key, _ := c.getenv(lineageKey)
	sent, kept := 0, at.Next
	keep := func() error {
		if send.cursor == "" || at.Next == kept {
			return nil
		}
		kept = at.Next
		return at.Write(send.cursor)
	}
	told := false
	sender := lineage.Sender{URL: send.url, Key: key, Retrying: func(why error) {
		if !told {
			c.note("note: the server does not take an event now; it is tried again for five minutes: %v", why)
		}
		told = true
	}}
	err = sender.Send(ctx, lineage.OpenLineage(ctx, p.log, start, end), at.Next, func(next uint64) error {
		at.Next, told = next, false
		if sent++; sent%cursorEvery == 0 {
			return keep()
		}
		return nil
	})
	err = errors.Join(err, keep())
	if errors.Is(err, lineage.ErrAddress) {
		return misuse("flexor lineage export --send https://marquez.example", "--send: %w", err)
	}
	c.note("sent the events of %s", count(sent, "run"))
	if errors.Is(err, lineage.ErrRefused) || errors.Is(err, lineage.ErrUnavailable) {
		code := exitFailed
		if sent > 0 {
			code = exitPartly
		}
		return fail(code, "mend it there, then run the same command again", "%w", err)
	}
	if err != nil {
		return err
	}
	return c.noteInFlight(ctx, p)
}

// cursorFailure says how to mend a cursor that cannot be used.
func cursorFailure(err error) error {
	if errors.Is(err, lineage.ErrCursor) {
		return fail(exitIntegrity, "if the vault was put back from a copy, remove the file to send all of it again; else name the cursor of this vault", "%w", err)
	}
	return err
}
