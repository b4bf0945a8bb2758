package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

// purgeRecorded returns an error if records are gone of which the governance log does
// not say so: then it was not the retention that removed them. A vault without an owner
// has nothing to hold that against.
func purgeRecorded(ctx context.Context, p *place, rep vault.Report) error {
	if rep.Purged.Size == 0 {
		return nil
	}
	ctl, err := control.Open(ctx, p.cfg.Dir, nil)
	if err != nil {
		return err
	}
	defer ctl.Close() // nothing was ordered, so nothing is to be lost
	if ctl.Vault() == "" && ctl.Damage() == nil {
		return nil
	}
	recorded, err := ctl.Purged(ctx, filepath.Base(p.dir))
	if err != nil {
		return err
	}
	if recorded.To == rep.Purged.Size && recorded.Root == rep.Purged.Root.String() {
		return nil
	}
	return &vault.CorruptionError{File: "purged.json", Index: rep.Purged.Size,
		Reason: fmt.Sprintf("the records before %d are gone, but the governance log records that those before %d were removed: if an agent was stopped just then, flexor retention apply records the rest; otherwise somebody who holds the log's key removed them",
			rep.Purged.Size, recorded.To)}
}

// notePurged says that a list of what was recorded since a time may lack what was
// removed.
func (c *cli) notePurged(p *place, since time.Time) error {
	first, err := p.log.First()
	if err != nil || first == 0 {
		return err
	}
	segments, err := p.log.Segments()
	if err != nil {
		return err
	}
	if len(segments) > 0 && since.After(segments[0].Day) {
		return nil
	}
	c.note("note: the records before %d were removed when their time was over; flexor retention status shows what is left", first)
	return nil
}
