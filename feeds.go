package flexor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"path/filepath"
	"slices"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/audit"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/sinks/file"
	"github.com/flexorhq/flexor-go/sinks/vault"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// Feeds opens secondary destinations that get the records of the audit log as they come, in
// place of a copy, each of the scheme of its URL or what stands in that before a plus.
//
//	&flexor.Options{Feeds: flexor.Feeds{"openlineage": openlineage.Open}}
//
// A file whose name ends in .jsonl, .ndjson or .json gets JSON lines, and need not be named;
// with kinds=run,governance in its URL it gets the events of the governance log too, if there
// was one when the vault was opened.
type Feeds map[string]func(ctx context.Context, u *url.URL, log *vault.Reader) (feed.Target, error)

// Takes reports whether a secondary destination gets records, and no copy of the logs.
func (f Feeds) Takes(loc vaultcfg.Location) bool {
	if loc.Scheme == "file" {
		ext := path.Ext(loc.Path)
		return ext == ".jsonl" || ext == ".ndjson" || ext == ".json"
	}
	return f[kindOf(loc.Scheme)] != nil || packages[kindOf(loc.Scheme)].field == "Feeds"
}

// Check returns why a secondary destination that gets records cannot be opened, as far as that
// can be told from its URL. The error wraps [ErrDestination].
func (f Feeds) Check(loc vaultcfg.Location) error {
	_, err := f.plan(&placeElsewhere{what: "the place", loc: loc})
	return err
}

// plannedFeed is a place that is to get records.
type plannedFeed struct {
	name  string // for people
	state string // the folder with its state, below [feed.Folder]
	// governance says that it gets the events of the governance log, and not the records of
	// the audit log.
	governance bool
	open       func(ctx context.Context, v *Vault) (feed.Target, error)
}

// stateNames returns what the states of a place that gets records are called: that of the
// audit log, and that of the governance log.
func stateNames(loc vaultcfg.Location) (audit, governance string) {
	sum := sha256.Sum256([]byte(loc.String()))
	name := hex.EncodeToString(sum[:8])
	return name, name + "-governance"
}

// plan returns what a place is to get, and how it is opened for that.
func (f Feeds) plan(p *placeElsewhere) ([]plannedFeed, error) {
	u, err := p.url()
	if err != nil {
		return nil, err
	}
	if p.loc.Scheme == "file" {
		return planLines(u, p)
	}
	open := f[kindOf(p.loc.Scheme)]
	if open == nil {
		return nil, p.unwired()
	}
	state, _ := stateNames(p.loc)
	return []plannedFeed{{p.loc.Raw, state, false, func(ctx context.Context, v *Vault) (feed.Target, error) { return open(ctx, u, v.Log) }}}, nil
}

// planLines is plan for a file of JSON lines.
func planLines(u *url.URL, p *placeElsewhere) (out []plannedFeed, err error) {
	name, ok := archive.FilePath(u)
	if !ok || !filepath.IsAbs(name) {
		return nil, p.refuse(`which does not name a file of this machine; write for example "file:///var/log/flexor/decisions.jsonl"`)
	}
	cfg, err := file.Settings(p.loc.Query)
	if err != nil {
		return nil, p.refuse("%w", err)
	}
	open := func(v *Vault, as func(audit.Sink) feed.Target) (feed.Target, error) {
		c := *cfg
		c.Logger = v.logger
		f, err := file.Open(name, &c)
		if err != nil {
			return nil, err
		}
		return as(f), nil
	}
	ofRuns, ofEvents := stateNames(p.loc)
	events := slices.Contains(cfg.Kinds, file.KindGovernance)
	if !events || len(cfg.Kinds) > 1 {
		out = append(out, plannedFeed{p.loc.Raw, ofRuns, false, func(_ context.Context, v *Vault) (feed.Target, error) { return open(v, feed.Sink) }})
	}
	if events {
		out = append(out, plannedFeed{p.loc.Raw, ofEvents, true, func(_ context.Context, v *Vault) (feed.Target, error) {
			return open(v, func(s audit.Sink) feed.Target { return eventTarget{s} })
		}})
	}
	return out, nil
}

// eventTarget hands the events of a governance log to a sink, as they stand there.
type eventTarget struct{ sink audit.Sink }

// Send implements [feed.Target].
func (t eventTarget) Send(ctx context.Context, records []vault.Record) (int, error) {
	b := audit.Batch{Sync: true}
	for _, rec := range records {
		b.Records = append(b.Records, audit.Record{Kind: file.KindGovernance, JSON: rec.Line})
	}
	if err := t.sink.Append(ctx, b); err != nil {
		return 0, err
	}
	return len(records), nil
}

// Close implements [feed.Target].
func (t eventTarget) Close() error { return t.sink.Close() }
