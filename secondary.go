package flexor

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// Sinks opens secondary destinations that hold copies of the logs, each of the scheme of
// its URL. A program that does not name a package here links none of what that needs.
//
//	&flexor.Options{Sinks: flexor.Sinks{"s3": s3.Open}}
//
// It is called with the settings of the vault whose logs are there; nil: there is none,
// only its copy. "file" is a directory, and need not be named.
type Sinks map[string]func(ctx context.Context, u *url.URL, cfg *vaultcfg.Config) (archive.Store, error)

// packages are where the openers of schemes are that are not wired by default, and in which
// field of Options they belong.
var packages = map[string]struct{ path, field string }{
	"s3":          {module + "/sinks/s3", "Sinks"},
	"openlineage": {module + "/sinks/openlineage", "Feeds"},
}

const module = "github.com/flexorhq/flexor-go"

// kindOf returns what the openers of a scheme go by.
func kindOf(scheme string) string {
	kind, _, _ := strings.Cut(scheme, "+")
	return kind
}

// placeElsewhere is a place that the logs are sent to, and what names it.
type placeElsewhere struct {
	what    string
	loc     vaultcfg.Location
	program bool // vault.json does not name it, but Options do
}

// url returns the URL of the place.
func (p *placeElsewhere) url() (*url.URL, error) {
	u, err := url.Parse(p.loc.String())
	if err != nil {
		return nil, p.refuse("which is no URL")
	}
	return u, nil
}

// refuse returns an error about the place.
func (p *placeElsewhere) refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s is %s, %w", ErrDestination, p.what, p.loc.Raw, fmt.Errorf(format, args...))
}

// unwired returns the error that there is no opener for the place.
func (p *placeElsewhere) unwired() error {
	kind := kindOf(p.loc.Scheme)
	if kind == "vault" {
		return p.refuse("a directory of the vault itself: a copy has to be elsewhere, as in file:///mnt/archive/")
	}
	pkg, ok := packages[kind]
	if !ok {
		return p.refuse("and nothing is wired for %s: there are file, s3 and openlineage, and what the program adds to flexor.Options.Sinks and Feeds", p.loc.Scheme)
	}
	return p.refuse("and this program is not wired for %s: import %s and add %s: flexor.%s{%s: %s.Open} to its flexor.Options",
		p.loc.Scheme, strconv.Quote(pkg.path), pkg.field, pkg.field, strconv.Quote(kind), path.Base(pkg.path))
}

// opener returns how to open a place with copies.
func (s Sinks) opener(cfg *vaultcfg.Config, p *placeElsewhere) (func(context.Context) (archive.Store, error), error) {
	u, err := p.url()
	if err != nil {
		return nil, err
	}
	if open := s[p.loc.Scheme]; open != nil {
		return func(ctx context.Context) (archive.Store, error) { return open(ctx, u, cfg) }, nil
	}
	if p.loc.Scheme == "file" {
		return func(ctx context.Context) (archive.Store, error) { return archive.OpenFileURL(ctx, u) }, nil
	}
	return nil, p.unwired()
}

// OpenStore opens the place with a copy of a vault's logs as a secondary destination of
// the vault would be opened. cfg may be nil: there is no vault yet. The error wraps
// [ErrDestination] if the scheme of the place is not among sinks, and is not file.
func OpenStore(ctx context.Context, cfg *vaultcfg.Config, sinks Sinks, place vaultcfg.Location) (archive.Store, error) {
	p := &placeElsewhere{what: "the place", loc: place}
	if Feeds(nil).Takes(place) {
		return nil, p.refuse("which gets records, and holds no copy of the logs")
	}
	open, err := sinks.opener(cfg, p)
	if err != nil {
		return nil, err
	}
	return open(ctx)
}

// LogDirs returns the directories of all logs of a vault, also of those that are not
// there yet: what secondary destinations hold. Its error is that of [LogDir].
func LogDirs(cfg *vaultcfg.Config) ([]string, error) {
	dir, err := LogDir(cfg)
	if err != nil {
		return nil, err
	}
	return []string{dir, filepath.Join(cfg.Dir, control.LogName)}, nil
}

// elsewhere returns the places that get copies of the logs, and those that get records.
func elsewhere(cfg *vaultcfg.Config, o *Options) (copies, records []placeElsewhere, err error) {
	seen := map[vaultcfg.Location]bool{}
	sort := func(p placeElsewhere) {
		place := p.loc
		place.Path, place.Raw = strings.TrimRight(place.Path, "/"), ""
		if seen[place] {
			return // Options name it again
		}
		seen[place] = true
		if o.Feeds.Takes(p.loc) {
			records = append(records, p)
		} else {
			copies = append(copies, p)
		}
	}
	if d := cfg.Audit.Destination; d.Scheme != "vault" {
		p := placeElsewhere{what: fmt.Sprintf("%s: audit.destination", cfg.Origins["audit.destination"]), loc: d}
		if o.Feeds.Takes(d) {
			return nil, nil, p.refuse("which gets records, and holds no log that can be verified; use vault://audit-log/, and that as audit.secondary_destination")
		}
		sort(p)
	}
	for i, loc := range cfg.Audit.SecondaryDestinations {
		sort(placeElsewhere{what: fmt.Sprintf("%s: audit.secondary_destination", cfg.SecondaryOrigin(i)), loc: loc})
	}
	for _, text := range o.Secondaries {
		loc, err := vaultcfg.ParseLocation(text)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: Options.Secondaries: %s: %w", ErrDestination, shown(text), err)
		}
		sort(placeElsewhere{"Options.Secondaries", loc, true})
	}
	return copies, records, nil
}

// shown returns a malformed URL as far as it holds no credentials.
func shown(text string) string {
	if strings.Contains(text, "@") {
		return "a URL with an @"
	}
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		text = text[:i] + "…"
	}
	return strconv.Quote(text)
}

// Confirmed returns what says how many of the first records of the audit log all places
// elsewhere hold that vault.json and the Secondaries of o name, and those that other programs
// had in their Options: no more may be removed from the log. A place that gets records in
// place of a copy, see [Feeds], has no say: it holds no evidence. If there are no such places,
// that is [math.MaxUint64]. A nil o stands for the zero Options.
func Confirmed(cfg *vaultcfg.Config, o *Options) (func(context.Context) (uint64, error), error) {
	if o == nil {
		o = &Options{}
	}
	places, _, err := elsewhere(cfg, o)
	if err != nil {
		return nil, err
	}
	dir, err := LogDir(cfg)
	if err != nil {
		return nil, err
	}
	return func(context.Context) (uint64, error) { return archive.Confirmed(cfg.Dir, dir, urlsOf(places)...) }, nil
}

// urlsOf returns the URLs of places.
func urlsOf(places []placeElsewhere) []string {
	urls := make([]string, len(places))
	for i, p := range places {
		urls[i] = p.loc.String()
	}
	return urls
}

// Forget makes the vault forget a secondary destination, under the name by which it was in
// vault.json or in the Secondaries of a program: how far it was is not shown any more, and
// nothing waits for it. What it holds stays there. The error wraps [ErrDestination] if
// vault.json or o name it, or the vault knows none of that name, and [archive.ErrInUse] or
// [feed.ErrInUse] while a process sends to it. A nil o stands for the zero Options.
func Forget(cfg *vaultcfg.Config, o *Options, name string) error {
	if o == nil {
		o = &Options{}
	}
	copies, records, err := elsewhere(cfg, o)
	if err != nil {
		return err
	}
	var keep []string
	for _, p := range records {
		one, two := stateNames(p.loc)
		keep = append(keep, one, two)
	}
	one, err1 := archive.Forget(cfg.Dir, name, urlsOf(copies)...)
	two, err2 := feed.Forget(filepath.Join(cfg.Dir, feed.Folder), name, keep...)
	if err := errors.Join(err1, err2); err != nil || one || two {
		return err
	}
	for _, p := range slices.Concat(copies, records) {
		if p.loc.Raw == name {
			return p.refuse("which is in use: take it out there first")
		}
	}
	return fmt.Errorf("%w: nothing was sent to %s from this vault", ErrDestination, name)
}
