package control

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// repeatsBody is the body of the event that an order was denied again and again, or
// that so many different ones were denied that they were only counted.
type repeatsBody struct {
	Of    uint64    `json:"of"` // index of the event of the first denial
	Count int       `json:"count"`
	Until time.Time `json:"until"` // when the last of them was denied
	// Other says that they were other orders of the same actor, given after that one.
	Other bool `json:"other,omitempty"`
}

// repeats takes into account that repeats were recorded.
func (s *state) repeats(e *event) error {
	var b repeatsBody
	if err := decodeBody(e, &b); err != nil {
		return err
	}
	if d := s.pastDenial(b.Of); d != nil {
		*d.counted(b.Other) = e.At
	}
	return nil
}

// counted returns when repeats of d, or others after it, were last recorded.
func (d *pastDenial) counted(other bool) *time.Time {
	if other {
		return &d.Others
	}
	return &d.Repeats
}

// due reports whether it is time to record r: a minute after the denial, or if the
// process ends, but once a minute at most, however many processes end.
func (s *state) due(r repeatsBody, at time.Time, end bool) bool {
	d := s.pastDenial(r.Of)
	if d == nil {
		return true
	}
	return (end || !at.Before(d.At.Add(foldFor))) && !at.Before(d.counted(r.Other).Add(foldFor))
}

// A tally is denials that were counted and not recorded yet, in the order in which
// they were first counted.
type tally []repeatsBody

// add counts more.
func (t *tally) add(r repeatsBody) {
	i := slices.IndexFunc(*t, func(k repeatsBody) bool { return k.Of == r.Of && k.Other == r.Other })
	if i < 0 {
		*t = append(*t, r)
		return
	}
	k := &(*t)[i]
	k.Count += min(r.Count, math.MaxInt-k.Count) // others may have written them
	if r.Until.After(k.Until) {
		k.Until = r.Until
	}
}

// What a process counted and may not record when it ends stands in a file in the log's
// directory, for whoever gives an order later. It is no evidence until it is recorded.
const (
	tallyName = "denials"
	maxTally  = 64 << 10
)

// keptTally returns the tally that others left, as far as it makes sense. It is called by
// who holds mu.
func (c *Control) keptTally() (t tally) {
	var kept tally
	data, err := durable.ReadFile(c.cfg.fs, filepath.Join(c.log, tallyName), maxTally)
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.cfg.Logger.Warn("control: how often denials were repeated cannot be read", "dir", c.log, "err", err)
		return nil
	}
	lookUps := 0
	for _, r := range kept {
		known := r.Count > 0 && c.state.pastDenial(r.Of) != nil
		if !known && r.Count > 0 && lookUps < foldAfter {
			lookUps++ // others wait meanwhile, and the file may be of somebody who wants that
			known = c.isDenial(r.Of)
		}
		if known {
			t.add(r)
		}
	}
	return t
}

// isDenial looks up whether that event of the log is a denial. Whoever can write the
// directory can change numbers, but not have it recorded that what was allowed was denied.
func (c *Control) isDenial(index uint64) bool {
	if index >= c.state.tree.Size() {
		return false
	}
	for rec, err := range c.reader.Records(context.Background(), index, false) {
		e, perr := parseEvent(rec.Line)
		return err == nil && perr == nil && rec.Index == index && e.Kind == kindDenied
	}
	return false
}

// keepTally leaves a tally to others.
func (c *Control) keepTally(t tally) error {
	name := filepath.Join(c.log, tallyName)
	if len(t) == 0 {
		if err := c.cfg.fs.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := encode(t)
	if err != nil {
		return err
	}
	return durable.PutFile(c.cfg.fs, name, data, 0o644)
}

// recordRepeats records how often denials were repeated, as far as it is due, and
// leaves the rest to others. end says that this process counts no more.
func (c *Control) recordRepeats(ctx context.Context, end bool) error {
	if !c.counts(end) {
		return nil
	}
	for {
		var r *repeatsBody
		err := c.noteOf(ctx, kindRepeats, func(s *state) any {
			if r = c.nextRepeats(end); r == nil {
				return nil
			}
			return r
		})
		if err != nil && r != nil {
			c.mu.Lock()
			c.tally.add(*r)
			c.mu.Unlock()
		}
		if err != nil || r == nil {
			return err
		}
	}
}

// counts reports whether there may be something to record or to leave.
func (c *Control) counts(end bool) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if len(c.tally) > 0 || end {
		return len(c.tally) > 0
	}
	_, err := c.cfg.fs.Stat(filepath.Join(c.log, tallyName))
	return err == nil
}

// nextRepeats takes out what is due next, and returns nil if nothing is. It is called by
// who holds mu and the ledger's lock.
func (c *Control) nextRepeats(end bool) (next *repeatsBody) {
	kept, at := c.keptTally(), c.cfg.Now()
	before := slices.Clone(kept)
	if end {
		for _, r := range c.tally {
			kept.add(r)
		}
		c.tally = nil
	}
	for _, t := range []*tally{&c.tally, &kept} {
		i := slices.IndexFunc(*t, func(r repeatsBody) bool { return c.state.due(r, at, end) })
		if i >= 0 {
			r := (*t)[i]
			next, *t = &r, slices.Delete(*t, i, i+1)
			break
		}
	}
	if !slices.Equal(kept, before) {
		if err := c.keepTally(kept); err != nil {
			c.cfg.Logger.Warn("control: how often denials were repeated cannot be kept for later", "dir", c.log, "err", err)
		}
	}
	return next
}
