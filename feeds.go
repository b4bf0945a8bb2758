package flexor

import (
	"context"
	"net/url"
	"path"
	"path/filepath"

	"github.com/flexorhq/flexor-go/archive"
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
// A file whose name ends in .jsonl, .ndjson or .json gets JSON lines, and need not be named.
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
	_, err := f.opener(&placeElsewhere{what: "the place", loc: loc})
	return err
}

// openFeed opens a place that gets the records of a vault.
type openFeed func(ctx context.Context, v *Vault) (feed.Target, error)

// opener returns how to open a place that gets records.
func (f Feeds) opener(p *placeElsewhere) (openFeed, error) {
	u, err := p.url()
	if err != nil {
		return nil, err
	}
	if p.loc.Scheme == "file" {
		return linesOpener(u, p)
	}
	open := f[kindOf(p.loc.Scheme)]
	if open == nil {
		return nil, p.unwired()
	}
	return func(ctx context.Context, v *Vault) (feed.Target, error) { return open(ctx, u, v.Log) }, nil
}

// linesOpener returns how to open a file of JSON lines.
func linesOpener(u *url.URL, p *placeElsewhere) (openFeed, error) {
	name, ok := archive.FilePath(u)
	if !ok || !filepath.IsAbs(name) {
		return nil, p.refuse(`which does not name a file of this machine; write for example "file:///var/log/flexor/decisions.jsonl"`)
	}
	cfg, err := file.Settings(p.loc.Query)
	if err != nil {
		return nil, p.refuse("%w", err)
	}
	return func(_ context.Context, v *Vault) (feed.Target, error) {
		c := *cfg
		c.Logger = v.logger
		f, err := file.Open(name, &c)
		if err != nil {
			return nil, err
		}
		return feed.Sink(f), nil
	}, nil
}
