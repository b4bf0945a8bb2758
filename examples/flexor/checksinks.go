package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	flexor "github.com/flexorhq/flexor-go"
	"github.com/flexorhq/flexor-go/archive"
	"github.com/flexorhq/flexor-go/feed"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// destination checks whether entries can go where they should. That the directory can
// be written is a check of its own.
func (p *patient) destination(ctx context.Context) []finding {
	if p.cfg == nil {
		return notKnown()
	}
	dir, err := flexor.LogDir(p.cfg)
	if err != nil {
		return bad(judge(err).fix, "%s", cause(err))
	}
	if to := p.cfg.Audit.Destination; to.Scheme != "vault" {
		return p.elsewhere(ctx, "audit.destination", p.cfg.Origins["audit.destination"], to)
	}
	return fine("%s is %s (%s)", p.cfg.Audit.Destination.Raw, dir, p.cfg.Origins["audit.destination"])
}

// secondCopy checks whether there are the second copies of the log that are asked for.
func (p *patient) secondCopy(ctx context.Context) (out []finding) {
	if p.cfg == nil {
		return notKnown()
	}
	for i, to := range p.cfg.Audit.SecondaryDestinations {
		switch from := p.cfg.SecondaryOrigin(i); {
		case to.Scheme+"://" == unset:
			out = append(out, warn("set it, to have the place looked at", "%s is not set here (%s)", to.Raw, from)...)
		case wired().Feeds.Takes(to):
			out = append(out, p.fed(ctx, from, to)...)
		default:
			out = append(out, p.elsewhere(ctx, "audit.secondary_destination", from, to)...)
		}
	}
	if out == nil {
		return fine("none is asked for")
	}
	return out
}

// elsewhere checks a place that the logs are sent to, which key of vault.json names.
func (p *patient) elsewhere(ctx context.Context, key string, from vaultcfg.Origin, to vaultcfg.Location) []finding {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	store, err := flexor.OpenStore(ctx, p.cfg, wired().Sinks, to)
	if errors.Is(err, flexor.ErrDestination) {
		return bad("name a place in "+key+" that agents can send to, or remove that", "%s (%s)", cause(err), from)
	}
	if err == nil {
		_, err = archive.Vaults(ctx, store)
		err = errors.Join(err, store.Close())
	}
	if errors.Is(err, archive.ErrPermanent) {
		return bad("put it right: until then nothing is sent", "%s: %s", to.Raw, cause(err))
	}
	if err != nil {
		return warn("see that it is back before long: until then the log is the only copy", "%s does not answer: %s", to.Raw, cause(err))
	}
	return p.copies(ctx, from, to.Raw)
}

// answerWait is how long a place has to answer.
const answerWait = 10 * time.Second

// copies says how far a place that answers is.
func (p *patient) copies(ctx context.Context, from vaultcfg.Origin, to string) []finding {
	list, err := archive.Status(ctx, p.dir)
	if err != nil {
		return bad("flexor status shows more", "%s answers, but how far it is cannot be told: %s", to, cause(err))
	}
	var behind uint64
	var failed *archive.Copy
	for _, c := range list {
		switch {
		case c.Destination != to:
		case c.Stopped:
			return bad("flexor verify --anchor "+to+" shows where the log and the copy differ; keep both as evidence", "%s: %s", to, c.Error)
		default:
			if behind += c.Behind; c.Error != "" {
				failed = &c
			}
		}
	}
	if failed != nil {
		return warn("put it right if that is due; it is tried again "+clock(failed.NextTry)+" UTC", "%s answers, and is %s behind, as the last attempt failed: %s", to, count(int(behind), "record"), failed.Error)
	}
	return fine("%s answers, and is %s behind (%s)", to, count(int(behind), "record"), from)
}

// fed says how far a place is that gets records, by what was written down: it is not asked,
// as nobody wants a record that stands for nothing.
func (p *patient) fed(ctx context.Context, from vaultcfg.Origin, to vaultcfg.Location) []finding {
	if err := wired().Feeds.Check(to); err != nil {
		return bad("name a place in audit.secondary_destination that agents can send to, or remove that", "%s (%s)", cause(err), from)
	}
	if p.log == nil {
		return fine("%s: nothing has been recorded yet (%s)", to.Raw, from)
	}
	list, err := feed.Status(ctx, p.log, filepath.Join(p.cfg.Dir, feed.Folder))
	if err != nil {
		return bad("flexor status shows more", "how far %s is cannot be told: %s", to.Raw, cause(err))
	}
	for _, f := range list {
		switch {
		case f.Name != to.Raw:
		case f.Error != "":
			return warn("put it right; it is tried again "+clock(f.NextTry)+" UTC, and the log keeps what was not sent", "%s is %s behind: %s", to.Raw, count(int(f.Behind), "record"), f.Error)
		default:
			return fine("%s is %s behind (%s)", to.Raw, count(int(f.Behind), "record"), from)
		}
	}
	return fine("%s: nothing was sent yet (%s)", to.Raw, from)
}
