package main

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/lineage"
)

// lineageEvents writes the runs of an answer as events of OpenLineage, one a line; lines are
// what the answer has.
func (c *cli) lineageEvents(ctx context.Context, p *place, res *lineage.Result, lines []lineage.Touch) error {
	wanted := map[string]bool{}
	for _, l := range lines {
		if l.RunID != "" {
			wanted[l.RunID] = true
		}
	}
	var run []json.RawMessage // events of one run, of which the last says which it is
	for event, err := range lineage.OpenLineage(ctx, p.log, time.Time{}, time.Time{}) {
		if err != nil {
			return err
		}
		var of struct {
			Run struct {
				Facets struct {
					Flexor struct {
						RunID string `json:"run_id"`
					} `json:"flexor"`
				} `json:"facets"`
			} `json:"run"`
		}
		if err := json.Unmarshal(event, &of); err != nil {
			return err
		}
		run = append(run, event)
		id := of.Run.Facets.Flexor.RunID
		if id == "" {
			continue
		}
		if wanted[id] {
			delete(wanted, id)
			for _, event := range run {
				if _, err := c.out.Write(append(slices.Clip(event), '\n')); err != nil {
					return err
				}
			}
		}
		run = run[:0]
	}
	c.note("%s", completeness(res))
	if n := len(wanted); n > 0 {
		c.note("note: %s not ended yet, and will have events when they have", have(n, "run"))
	}
	return nil
}
