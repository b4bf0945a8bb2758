package flexor

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// Sinks opens secondary destinations, each of the scheme of its URL. A program that
// does not name a package here links none of what that needs.
//
//	&flexor.Options{Sinks: flexor.Sinks{"s3": s3.Open}}
//
// It is called with the settings of the vault whose logs are there; nil: there is none,
// only its copy. "file" is a directory, and need not be named.
type Sinks map[string]func(ctx context.Context, u *url.URL, cfg *vaultcfg.Config) (archive.Store, error)

// packages are where the openers of schemes are that are not wired by default.
var packages = map[string]string{"s3": module + "/sinks/s3"}

const module = "github.com/flexorhq/flexor-go"

// opener returns how to open a location that is named as what.
func (s Sinks) opener(cfg *vaultcfg.Config, what string, loc vaultcfg.Location) (func(context.Context) (archive.Store, error), error) {
	u, err := url.Parse(loc.String())
	if err != nil {
		return nil, fmt.Errorf("%w: %s is %s, which is no URL", ErrDestination, what, loc.Raw)
	}
	if open := s[loc.Scheme]; open != nil {
		return func(ctx context.Context) (archive.Store, error) { return open(ctx, u, cfg) }, nil
	}
	switch path := packages[loc.Scheme]; {
	case loc.Scheme == "file":
		return func(ctx context.Context) (archive.Store, error) { return archive.OpenFileURL(ctx, u) }, nil
	case loc.Scheme == "vault":
		return nil, fmt.Errorf("%w: %s is %s, a directory of the vault itself: a copy has to be elsewhere, as in file:///mnt/archive/", ErrDestination, what, loc.Raw)
	case path == "":
		return nil, fmt.Errorf("%w: %s is %s, and nothing is wired for %s: there are file and s3, and what the program adds to flexor.Options.Sinks", ErrDestination, what, loc.Raw, loc.Scheme)
	default:
		name := filepath.Base(path)
		return nil, fmt.Errorf("%w: %s is %s, and this program is not wired for %s: import %s and add Sinks: flexor.Sinks{%s: %s.Open} to its flexor.Options",
			ErrDestination, what, loc.Raw, loc.Scheme, strconv.Quote(path), strconv.Quote(loc.Scheme), name)
	}
}

// OpenStore opens the place with a copy of a vault's logs as a secondary destination of
// the vault would be opened. cfg may be nil: there is no vault yet. The error wraps
// [ErrDestination] if the scheme of the place is not among sinks, and is not file.
func OpenStore(ctx context.Context, cfg *vaultcfg.Config, sinks Sinks, place vaultcfg.Location) (archive.Store, error) {
	open, err := sinks.opener(cfg, "the place", place)
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

// placeElsewhere is a place that the logs are sent to, and what names it.
type placeElsewhere struct {
	what string
	loc  vaultcfg.Location
}

// placesElsewhere returns the places that the logs are sent to.
func placesElsewhere(cfg *vaultcfg.Config, secondaries []string) (out []placeElsewhere, err error) {
	if d := cfg.Audit.Destination; d.Scheme != "vault" {
		out = append(out, placeElsewhere{cfg.Path + ": audit.destination", d})
	}
	if d := cfg.Audit.SecondaryDestination; d != nil {
		out = append(out, placeElsewhere{cfg.Path + ": audit.secondary_destination", *d})
	}
	for _, text := range secondaries {
		loc, err := vaultcfg.ParseLocation(text)
		if err != nil {
			return nil, fmt.Errorf("%w: Options.Secondaries: %w", ErrDestination, err)
		}
		out = append(out, placeElsewhere{"Options.Secondaries", loc})
	}
	return out, nil
}

// destinations returns the places that the logs are sent to, with how to open each.
func destinations(cfg *vaultcfg.Config, o *Options) (out []archive.Destination, err error) {
	places, err := placesElsewhere(cfg, o.Secondaries)
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		open, err := o.Sinks.opener(cfg, p.what, p.loc)
		if err != nil {
			return nil, err
		}
		out = append(out, archive.Destination{Name: p.loc.Raw, URL: p.loc.String(), Open: open})
	}
	return out, nil
}

// Confirmed returns what says how many of the first records of the audit log all places
// elsewhere hold that vault.json and secondaries (see [Options]) name: no more may be
// removed from the log. It returns nil if there are no such places.
func Confirmed(cfg *vaultcfg.Config, secondaries ...string) (func(context.Context) (uint64, error), error) {
	places, err := placesElsewhere(cfg, secondaries)
	if err != nil || len(places) == 0 {
		return nil, err
	}
	dir, err := LogDir(cfg)
	if err != nil {
		return nil, err
	}
	urls := make([]string, len(places))
	for i, p := range places {
		urls[i] = p.loc.String()
	}
	return func(context.Context) (uint64, error) { return archive.Confirmed(cfg.Dir, dir, urls...) }, nil
}

// openForwarder starts to send the logs to the secondary destinations, if there are
// any.
func (v *Vault) openForwarder(ctx context.Context, to []archive.Destination, o *Options) error {
	if len(to) == 0 || v.log == nil {
		return nil
	}
	logs, err := LogDirs(v.Config)
	if err != nil {
		return err
	}
	v.forwarder, err = archive.Start(ctx, &archive.Config{
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
