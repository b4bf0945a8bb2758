package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/redact"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// configuration checks whether vault.json can be used.
func (p *patient) configuration(context.Context) []finding {
	if p.cfg == nil {
		return p.malformed()
	}
	var found []finding
	for _, text := range p.cfg.Warnings {
		if !strings.Contains(text, "audit.retention_days: ") { // that is a check of its own
			found = append(found, warn("", "%s", text)...)
		}
	}
	for _, name := range p.missing {
		found = append(found, warn("set it where agents run", "the environment variable %s is not set here; agents need it, reading does not", name)...)
	}
	if !p.cfg.Audit.Enabled {
		found = append(found, warn("set audit.enabled to true", "audit.enabled is false: runs are not recorded")...)
	}
	if found == nil {
		return fine("%s (%s, %s)", p.cfg.Name, p.cfg.Tier, p.cfg.Environment)
	}
	return found
}

// malformed tells what is wrong with vault.json.
func (p *patient) malformed() (found []finding) {
	var errs vaultcfg.Errors
	if !errors.As(p.cfgErr, &errs) {
		return bad("make the file readable for this user", "%s", cause(p.cfgErr))
	}
	for _, e := range errs {
		text := *e
		text.Hint = ""
		found = append(found, bad(cmp.Or(e.Hint, "change the file"), "%s", &text)...)
	}
	return found
}

// layers tells what the vault has from the layers above it.
func (p *patient) layers(context.Context) []finding {
	if p.cfg == nil {
		return notKnown()
	}
	if len(p.cfg.Layers) == 1 {
		return fine("no vault stands above this one")
	}
	var found []finding
	for _, l := range p.cfg.Layers[1:] {
		given := len(found)
		for _, key := range slices.Sorted(maps.Keys(p.cfg.Origins)) {
			if o := p.cfg.Origins[key]; o.Path == l.Path && strings.HasPrefix(key, "audit.") {
				found = append(found, fine("%s is from %s (%s), %s", key, l.Name, l.Tier, o)...)
			}
		}
		if len(found) == given {
			found = append(found, fine("no audit setting is from %s (%s), %s", l.Name, l.Tier, l.Path)...)
		}
	}
	return found
}

// leastDays is how many days a log in production is kept without a warning.
const leastDays = 183

// retention checks how long entries are kept.
func (p *patient) retention(context.Context) []finding {
	if p.cfg == nil {
		return notKnown()
	}
	days, from := p.cfg.Audit.RetentionDays, p.cfg.Origins["audit.retention_days"]
	if p.cfg.Environment == vaultcfg.Production && days < leastDays {
		return warn(fmt.Sprintf("set audit.retention_days to %d or more; 365 for regulated work", leastDays), "%d days is short for production (%s)", days, from)
	}
	return fine("%d days (%s)", days, from)
}

const (
	// probeSize is the size of the text on which patterns are tried, in bytes.
	probeSize = 64 << 10
	// slowPattern is from when on a pattern is worth a warning. Common ones take 0.15 to
	// 2 ms for the probe, of which 0.15 are for the detectors of secrets.
	slowPattern = 10 * time.Millisecond
	// tooSlow is what is not tried again.
	tooSlow = 100 * time.Millisecond
)

// patterns measures what each of audit.pii_patterns costs. That they compile and do
// not match the empty string is part of the configuration.
func (p *patient) patterns(ctx context.Context) []finding {
	if p.cfg == nil {
		return notKnown()
	}
	if len(p.cfg.Audit.PIIPatterns) == 0 {
		return fine("none besides the built-in detectors")
	}
	probe := probeText()
	var found []finding
	for i, pattern := range p.cfg.Audit.PIIPatterns {
		at := fmt.Sprintf("audit.pii_patterns[%d]", i)
		name := at
		if pattern.Name != "" {
			name += " " + pattern.Name
		}
		took, err := trial(ctx, pattern, probe)
		if err != nil {
			found = append(found, bad("change the pattern", "%s: %v (%s)", name, err, p.cfg.Origins[at])...)
			continue
		}
		found = append(found, costs(name, took, p.cfg.Origins[at].String())...)
	}
	return found
}

// costs judges the time that a pattern takes for the probe.
func costs(name string, took time.Duration, origin string) []finding {
	if took < slowPattern {
		return fine("%s takes %s for 64 KiB", name, rounded(took))
	}
	return warn("begin it with a fixed text, and avoid .* and large repeats", "%s takes %s for 64 KiB (%s)", name, rounded(took), origin)
}

// trial returns how long a redactor takes for a text with a pattern beside the detectors of secrets: the
// shortest of three times, as the machine has other things to do as well, and the first makes
// the states that the others use.
func trial(ctx context.Context, pattern redact.Pattern, text string) (time.Duration, error) {
	r, err := redact.New(redact.Config{Patterns: []redact.Pattern{pattern}, Pseudonyms: redact.StaticKey("trial", make([]byte, 32))})
	if err != nil {
		return 0, err
	}
	best := time.Duration(-1)
	for range 3 {
		if ctx.Err() != nil {
			break
		}
		start := time.Now()
		r.Text(text)
		if took := time.Since(start); best < 0 || took < best {
			best = took
		}
		if best >= tooSlow {
			break
		}
	}
	return max(best, 0), nil
}

// probeText returns a text like what is recorded of runs.
func probeText() string {
	const entry = `{"kind":"run","run_id":"run_01kqf86q00e2wt4c9m7xz3n5rd","agent_name":"feed-monitor","started_at":"2026-04-30T14:00:00.120Z",` +
		`"outputs":{"account":"ACC-00012345","amount":1250340.25,"note":"Order 4711 of Jane Doe, +44 20 7946 0958, jane@fund.example","isin":"US0378331005"}}` + "\n"
	return strings.Repeat(entry, probeSize/len(entry)+1)[:probeSize]
}

// rounded returns a duration with two or three digits that count.
func rounded(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return d.Round(time.Microsecond)
	}
	return d.Round(100 * time.Microsecond)
}
