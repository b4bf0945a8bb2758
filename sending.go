package flexor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// sending is what sends the logs of an open vault elsewhere. The zero value sends nothing.
type sending struct {
	copies *archive.Forwarder // nil: there is no copy
	feeds  []*feed.Feed
}

// plan is what a vault's logs are to be sent to.
type plan struct {
	copies []archive.Destination
	feeds  []plannedFeed
	names  map[string]bool // of all of them, for people
}

// plannedFeed is a place that is to get records.
type plannedFeed struct {
	loc  vaultcfg.Location
	open openFeed
}

// planOf returns where the logs are to be sent to, and refuses what cannot work. The logs
// need not be there.
func planOf(cfg *vaultcfg.Config, o *Options) (to plan, err error) {
	copies, records, err := elsewhere(cfg, o)
	if err != nil {
		return plan{}, err
	}
	to.names = map[string]bool{}
	for _, p := range slices.Concat(copies, records) {
		to.names[p.loc.Raw] = true
	}
	for _, p := range copies {
		open, err := o.Sinks.opener(cfg, &p)
		if err != nil {
			return plan{}, err
		}
		to.copies = append(to.copies, archive.Destination{Name: p.loc.Raw, URL: p.loc.String(), Program: p.program, Open: open})
	}
	for _, p := range records {
		open, err := o.Feeds.opener(&p)
		if err != nil {
			return plan{}, err
		}
		to.feeds = append(to.feeds, plannedFeed{p.loc, open})
	}
	return to, nil
}

// openSending starts to send the logs to the secondary destinations, if there are any.
func (v *Vault) openSending(ctx context.Context, to plan, o *Options) error {
	if v.log == nil {
		return nil
	}
	if err := v.openCopies(ctx, to.copies, o); err != nil {
		return err
	}
	for _, p := range to.feeds {
		f, err := feed.Start(ctx, &feed.Config{
			Log:        v.Log,
			Open:       func(ctx context.Context) (feed.Target, error) { return p.open(ctx, v) },
			State:      filepath.Join(v.Config.Dir, feed.Folder, stateName(p.loc)),
			Name:       p.loc.Raw,
			MinBackoff: o.Pace.MinBackoff,
			MaxBackoff: o.Pace.MaxBackoff,
			Turn:       o.Pace.Poll,
			CloseWait:  o.Pace.CloseWait,
			Logger:     o.Logger,
		})
		if err != nil {
			return err
		}
		v.sending.feeds = append(v.sending.feeds, f)
	}
	return nil
}

// stateName returns what the state of a place that gets records is called in the vault.
func stateName(loc vaultcfg.Location) string {
	sum := sha256.Sum256([]byte(loc.String()))
	return hex.EncodeToString(sum[:8])
}

// openCopies starts to send copies of the logs.
func (v *Vault) openCopies(ctx context.Context, to []archive.Destination, o *Options) error {
	if len(to) == 0 {
		return nil
	}
	logs, err := LogDirs(v.Config)
	if err != nil {
		return err
	}
	v.sending.copies, err = archive.Start(ctx, &archive.Config{
		Vault:        v.Config.Dir,
		Logs:         logs,
		Destinations: to,
		Retention:    time.Duration(v.Config.Audit.RetentionDays) * 24 * time.Hour,
		Pace:         o.Pace,
		Now:          o.Now,
		Logger:       o.Logger,
	})
	return err
}

// flush returns once all places have what was on disk at the call.
func (s *sending) flush(ctx context.Context) error {
	var do []func() error
	if s.copies != nil {
		do = append(do, func() error { return s.copies.Flush(ctx) })
	}
	for _, f := range s.feeds {
		do = append(do, func() error { return f.Flush(ctx) })
	}
	return together(do)
}

// close sends what is left, and ends.
func (s *sending) close() error {
	var do []func() error
	if s.copies != nil {
		do = append(do, s.copies.Close)
	}
	for _, f := range s.feeds {
		do = append(do, f.Close)
	}
	return together(do)
}

// together calls all at once, and returns when they have.
func together(do []func() error) error {
	errs := make([]error, len(do))
	var group sync.WaitGroup
	for i, f := range do {
		group.Go(func() { errs[i] = f() })
	}
	group.Wait()
	return errors.Join(errs...)
}
