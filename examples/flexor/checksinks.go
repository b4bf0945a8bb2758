package main

import (
	"context"
	"fmt"

	flexor "github.com/flexorhq/flexor-go"
)

// destination checks whether entries can go where they should. That the directory can
// be written is a check of its own.
func (p *patient) destination(context.Context) []finding {
	if p.cfg == nil {
		return notKnown()
	}
	dir, err := flexor.LogDir(p.cfg)
	if err != nil {
		return bad(judge(err).fix, "%s", cause(err))
	}
	return fine("%s is %s (%s)", p.cfg.Audit.Destination.Raw, dir, p.cfg.Origins["audit.destination"])
}

// secondCopy checks whether there is a second copy of the log.
func (p *patient) secondCopy(context.Context) []finding {
	if p.cfg == nil {
		return notKnown()
	}
	to := p.cfg.Audit.SecondaryDestination
	if to == nil {
		return fine("none is asked for")
	}
	return bad("remove audit.secondary_destination to record to the first destination only",
		"%s", fmt.Sprintf("%s was not tried: this version has no sink for %s, and no program can record in the vault (%s)", to.Raw, to.Scheme, p.cfg.Origins["audit.secondary_destination"]))
}
