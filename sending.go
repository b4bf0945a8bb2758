package flexor

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// sending is what sends the logs of an open vault elsewhere. The zero value sends nothing.
type sending struct {
	copies *archive.Forwarder // nil: there is no copy
	feeds  []*feed.Feed
	events *vault.Reader // of the governance log, if it is sent as events
}

// plan is what a vault's logs are to be sent to.
type plan struct {
	copies []archive.Destination
	feeds  []plannedFeed
	names  map[string]bool // of all of them, for people
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
		feeds, err := o.Feeds.plan(&p)
		if err != nil {
			return plan{}, err
		}
		to.feeds = append(to.feeds, feeds...)
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
		log, err := v.Log, error(nil)
		if p.governance {
			log, err = v.eventLog()
		}
		if err != nil {
			return err
		}
		if log == nil {
			continue
		}
		f, err := feed.Start(ctx, &feed.Config{
			Log:        log,
			Open:       func(ctx context.Context) (feed.Target, error) { return p.open(ctx, v) },
			State:      filepath.Join(v.Config.Dir, feed.Folder, p.state),
			Name:       p.name,
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

// eventLog returns the governance log as one that is fed; nil: there is none yet.
func (v *Vault) eventLog() (*vault.Reader, error) {
	if v.sending.events != nil {
		return v.sending.events, nil
	}
	r, err := vault.OpenReader(filepath.Join(v.Config.Dir, control.LogName))
	if errors.Is(err, vault.ErrNotFound) {
		return nil, nil
	}
	v.sending.events = r
	return r, err
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
